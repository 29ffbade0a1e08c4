import type { Client, ClientMetadata, Configuration } from 'oidc-provider'
import { z } from 'zod'
import { type Client as Declared, ownShape } from './file.ts'

/** What only we know of a client, beside what the library does. */
export type Own = z.output<z.ZodObject<typeof ownShape>>

const usual: Own = z.object(ownShape).parse({})
/** No JSON can say this: neither a registration nor a client's document passes for a line of clients.json. */
const mark = Symbol('declared')

/** Marks what clients.json says of a client as the operator's word. */
export function declaredByFile<M extends object>(metadata: M): M & { declared: symbol } {
  return { ...metadata, declared: mark }
}

/** Is a client one of clients.json? */
export function isDeclared(client: object): boolean {
  return (client as { declared?: unknown }).declared === mark
}

/** Makes the library keep what clients.json says of it. An app that registers itself has no say in it. */
export const ownMetadata = {
  properties: ['declared', ...Object.keys(ownShape)],
  validator: (_, key, value, metadata) => {
    if (key === 'declared') return
    const name = key as keyof Own
    // What a client that registers says without a scope is judged there, with the scope itself.
    if (name === 'default_scope' && !isDeclared(metadata)) return
    Object.assign(metadata, { [name]: (isDeclared(metadata) ? value : undefined) ?? usual[name] })
  },
} satisfies NonNullable<Configuration['extraClientMetadata']>

/** Reads it from a client; of none, what is usual. */
export function own(client: Client | undefined): Own {
  return (client as unknown as Own | undefined) ?? usual
}

/** Returns a client of clients.json as the library takes it. */
export function libraryMetadata({
  first_party,
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
  return declaredByFile({
    ...client,
    response_types: client.grant_types.includes('authorization_code') ? ['code'] : [],
    ...(client.profile && { require_pushed_authorization_requests: true }),
    ...(client.backchannel_logout_uri && { backchannel_logout_session_required: true }),
  })
}
