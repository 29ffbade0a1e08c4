import type { ResourceServer } from 'oidc-provider'
import { adminScopes } from '../accounts/role.ts'
import type { DetailType } from '../flows/approval-details.ts'
import type { Api, Client } from './file.ts'

/** An API as one client may ask for it, with the properties of its tokens (RFC 8707, RFC 9068). */
export type Granted = ResourceServer & { name: string; resource: string; details: readonly DetailType[] }

/** Returns the admin API as clients.json would declare it: entries of clients may name it, and its scopes, without that. */
export function adminApi(issuer: string): Api {
  return {
    resource: `${issuer}/admin/api`,
    name: 'Latchkey',
    scopes: [...adminScopes],
    methods: {},
    access_token_signed_response_alg: 'ES256',
    authorization_details_types: [],
    client_id: undefined,
  }
}

/** Returns what is left of what a client may ask of APIs, once some of them are not declared any more. */
export function stillDeclared(apis: readonly Api[], asked: Client['apis']): Client['apis'] {
  const left = Object.entries(asked).map(([resource, scopes]): [string, string[]] => {
    const known = apis.find(each => each.resource === resource)?.scopes ?? []
    return [resource, scopes.filter(each => known.includes(each))]
  })
  return Object.fromEntries(left.filter(([, scopes]) => scopes.length > 0))
}

/** Returns an API as a client gets it that may ask for these scopes, with tokens that live so many seconds. */
export function grantedBy(apis: readonly Api[], resource: string, scopes: readonly string[], life: number): Granted {
  const api = apis.find(each => each.resource === resource) as Api
  const { name, access_token_signed_response_alg: alg, authorization_details_types: details } = api
  return {
    name,
    resource,
    audience: resource,
    scope: scopes.join(' '),
    accessTokenTTL: life,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg } },
    details,
  }
}
