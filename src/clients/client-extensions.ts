import type { Client, ClientMetadata, Configuration } from 'oidc-provider'
import { z } from 'zod'
import { type Client as Declared, extensionsShape } from './file.ts'

const usual: ClientExtensions = z.object(extensionsShape).parse({})
/** No JSON can contain this: neither a registration nor a client's document passes for an entry of clients.json. */
const mark = Symbol('declared')

/** The metadata that the library keeps on a client and only we use. */
export type ClientExtensions = z.output<z.ZodObject<typeof extensionsShape>>

/** Marks metadata of clients.json as the operator's. */
export function markDeclared<M extends object>(metadata: M): M & { declared: symbol } {
  return { ...metadata, declared: mark }
}

/** Returns whether a client is one of clients.json. */
export function isDeclared(client: object): boolean {
  return (client as { declared?: unknown }).declared === mark
}

/** Returns the configuration by which oidc-provider keeps the extensions. Those of an app that registers itself are the defaults. */
export const extraClientMetadata = {
  properties: ['declared', ...Object.keys(extensionsShape)],
  validator: (_, key, value, metadata) => {
    if (key === 'declared') return
    const name = key as keyof ClientExtensions
    // The default scope of a client that registers is checked there, with its scope.
    if (name === 'default_scope' && !isDeclared(metadata)) return
    Object.assign(metadata, { [name]: (isDeclared(metadata) ? value : undefined) ?? usual[name] })
  },
} satisfies NonNullable<Configuration['extraClientMetadata']>

/** Returns the extensions of a client; of none, the defaults. */
export function extensionsOf(client: Client | undefined): ClientExtensions {
  return (client as unknown as ClientExtensions | undefined) ?? usual
}

/** Returns a client of clients.json as the library takes it. */
export function libraryMetadata({
  first_party,
  roles,
  claims,
  tile,
  logo,
  apis,
  development,
  delegates,
  device_may_transfer,
  ios_app_ids,
  android_apps,
  ...client
}: Declared): ClientMetadata {
  return markDeclared({
    ...client,
    response_types: client.grant_types.includes('authorization_code') ? ['code'] : [],
    ...(client.profile && { require_pushed_authorization_requests: true }),
    ...(client.backchannel_logout_uri && { backchannel_logout_session_required: true }),
  })
}
