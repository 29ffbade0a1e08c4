import type { Client } from 'oidc-provider'
import { z } from 'zod'
import { extensionsOf } from './client-extensions.ts'
import { clientShape } from './file.ts'

const host = z.string().regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/, { error: 'must be a host, or *. and a host' })
const methods = clientShape.token_endpoint_auth_method.unwrap()
const word = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** A policy: the bounds of clientShape for clients that register themselves. */
export const policyShape = {
  policy: z.string().regex(word, { error: 'must be lower-case letters, digits, - and _' }),
  grant_types: clientShape.grant_types.unwrap().default(['authorization_code', 'refresh_token']),
  token_endpoint_auth_methods: z.array(methods).min(1).default(methods.options),
  scope: clientShape.scope.unwrap().default('openid profile email offline_access'),
  apis: clientShape.apis,
  /** The hosts that they may send people back to; all by default. */
  redirect_hosts: z.array(host).min(1).optional(),
  /** Whether they must use PKCE (RFC 7636). Those that cannot authenticate always must. */
  pkce_required: z.boolean().default(true),
}

export type Policy = z.output<z.ZodObject<typeof policyShape>>

/** The policy of clients without an invitation, unless the file declares another of this name. It opens no API. */
export const thirdParty: Policy = z.object(policyShape).parse({ policy: 'third-party' })

/** What policies bound of a client that registered. */
export interface Bounded {
  grant_types?: readonly string[] | undefined
  scope?: string | undefined
  apis?: Policy['apis'] | undefined
}

/** Returns the part of a client that its policy allows today: a policy that became narrower takes away what was given. */
export function within(policy: Policy, { grant_types = [], scope, apis }: Bounded): Required<Bounded> {
  // Clients name scopes of APIs and of OpenID Connect in one list (RFC 7591, 2).
  const scopes = [...policy.scope.split(' '), ...Object.values(policy.apis).flat()]
  const asked = apis && Object.keys(apis).length > 0 ? apis : policy.apis
  const granted = Object.entries(policy.apis)
    .map(([resource, may]): [string, string[]] => [resource, may.filter(each => asked[resource]?.includes(each))])
    .filter(([, may]) => may.length > 0)
  return {
    grant_types: grant_types.filter(each => (policy.grant_types as readonly string[]).includes(each)),
    scope:
      scope === undefined
        ? policy.scope
        : scope
            .split(' ')
            .filter(each => scopes.includes(each))
            .join(' '),
    apis: Object.fromEntries(granted),
  }
}

interface Asking extends Bounded {
  client_name?: string | undefined
  token_endpoint_auth_method?: string | undefined
  redirect_uris?: readonly string[] | undefined
  post_logout_redirect_uris?: readonly string[] | undefined
}

/** Returns what a policy does not allow of the metadata that a client asks for, each fault with the name of its field. */
export function faultsUnder(
  policy: Policy,
  asking: Asking,
  { isNameTaken }: { isNameTaken(name: string): boolean },
): string[] {
  const { grant_types = [], token_endpoint_auth_method: method, apis = {}, client_name } = asking
  const refused = (list: readonly string[], allowed: readonly string[]) => list.filter(each => !allowed.includes(each))
  return [
    ...refused(grant_types, policy.grant_types).map(each => `grant_types: ${each} is not allowed`),
    ...refused(method ? [method] : [], policy.token_endpoint_auth_methods).map(
      each => `token_endpoint_auth_method: ${each} is not allowed`,
    ),
    ...(['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap(name =>
      (asking[name] ?? []).flatMap((uri, at) => (leads(uri, policy) ? [] : [`${name}[${at}] leads where none may`])),
    ),
    ...Object.entries(apis).flatMap(([resource, scopes]) =>
      refused(scopes, policy.apis[resource] ?? []).map(each => `apis: ${each} of ${resource} is not allowed`),
    ),
    // No app must be taken for one of the suite.
    ...(client_name !== undefined && isNameTaken(client_name) ? ['client_name is that of another app'] : []),
  ]
}

function leads(uri: string, { redirect_hosts: hosts }: Policy): boolean {
  if (!hosts) return true
  const { protocol, hostname } = new URL(uri)
  if (!/^https?:$/.test(protocol)) return false
  return hosts.some(each => (each.startsWith('*.') ? hostname.endsWith(each.slice(1)) : hostname === each))
}

/** Returns whether a client must use PKCE (RFC 7636): always, unless its entry or its policy says otherwise and it can authenticate. */
export function requiresPkce(client: Client, { policies }: { policies: ReadonlyMap<string, Policy> }): boolean {
  const { policy } = client as unknown as { policy?: string }
  const lax = !extensionsOf(client).pkce_required || policies.get(policy ?? '')?.pkce_required === false
  return !lax || client.clientAuthMethod === 'none'
}
