import {
  type AuthorizationDetail,
  type Client,
  errors,
  type KoaContextWithOIDC,
  type RichAuthorizationRequestsActiveConfiguration,
} from 'oidc-provider'
import type { Granted } from '../clients/apis.ts'
import { oidcScopes } from '../clients/file.ts'
import { type Detail, type DetailType, detailTypes, readDetail } from '../flows/approval-details.ts'
import type { Options } from './options.ts'

/** Seconds that a token lives that is good for one approved act. */
const approvedTokenLife = 120

/** What the code of an approval carries: the approved detail, and the receipt (RFC 8417, 2.2: `txn`). */
type Carried = AuthorizationDetail & { txn: string }

type Active = RichAuthorizationRequestsActiveConfiguration &
  Required<Pick<RichAuthorizationRequestsActiveConfiguration, 'authorizationDetailsForIntrospection'>>

/** Configures rich authorization requests (RFC 9396): one detail, pushed, for one API, approved by its person, for one access token. */
export function richAuthorization({ clients, redeem }: Pick<Options, 'clients' | 'redeem'>): Active {
  const type = (name: DetailType) => ({
    validate: async (ctx: KoaContextWithOIDC, detail: AuthorizationDetail, client: Client) => {
      standsAlone(ctx)
      const { resource } = ctx.oidc.params ?? {}
      const api = typeof resource === 'string' ? (await clients.app(client.clientId))?.apis.get(resource) : undefined
      if (!api?.details.includes(name)) throw new errors.InvalidTarget(`no API that takes ${name} is asked for`)
      const read = readDetail(name, detail)
      if ('fault' in read) throw new errors.InvalidAuthorizationDetails(`${name}: ${read.fault}`)
    },
  })
  return {
    enabled: true,
    types: Object.fromEntries(detailTypes.map(each => [each, type(each)])),
    authorizationDetailsForGrantSource: async (ctx, { accountId, clientId }) => {
      const { params, result } = ctx.oidc
      const [detail] = detailsIn(params)
      const id = (result?.approval as { receipt?: string } | undefined)?.receipt ?? ''
      const receipt = detail && (await redeem(id, { account: accountId ?? '', client: clientId ?? '', detail }))
      if (!receipt) throw new errors.AccessDenied('this was not approved')
      return [{ ...detail, txn: receipt.id }]
    },
    authorizationDetailsForAccessToken: (_, __, source) => {
      const [{ txn: _txn, ...detail } = {} as Carried] = (source?.rar ?? []) as Carried[]
      return [detail as AuthorizationDetail]
    },
    authorizationDetailsForIntrospection: (_, token) => token.rar,
  }
}

/** Throws unless the request was pushed, so that nobody can change it on the way, and names no scopes of an API beside. */
function standsAlone({ oidc }: KoaContextWithOIDC): void {
  const { route, params, entities, requestParamScopes } = oidc
  const pushed = route === 'pushed_authorization_request' || entities.PushedAuthorizationRequest !== undefined
  if (route === 'token') throw new errors.InvalidAuthorizationDetails('only an authorization request can ask for them')
  if (!pushed) throw new errors.InvalidRequest('authorization_details must be pushed (RFC 9126)')
  if (detailsIn(params).length > 1) throw new errors.InvalidAuthorizationDetails('one at a time is approved')
  const strange = [...requestParamScopes].find(each => !oidcScopes.includes(each))
  if (strange !== undefined) throw new errors.InvalidScope('authorization_details stand alone', strange)
}

/** Returns what a request wants approved; the library has read and validated it. */
export function detailsIn(params: { authorization_details?: unknown } | undefined): Detail[] {
  const { authorization_details: asked } = params ?? {}
  return typeof asked === 'string' ? JSON.parse(asked) : []
}

/** Returns the receipt that a code stands for. */
export function receiptIn({ rar }: { rar?: AuthorizationDetail[] | undefined }): string | undefined {
  return (rar?.[0] as Carried | undefined)?.txn
}

/** Issues a token for one act: it says nothing by itself, and introspection uses it up. */
export function forOneAct(granted: Granted): Granted {
  return { ...granted, accessTokenFormat: 'opaque', accessTokenTTL: approvedTokenLife }
}
