import { type AccessToken, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { active } from '../accounts/account.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import type { App } from '../clients/declared.ts'
import { oidcScopes } from '../clients/file.ts'
import { isDocument } from '../clients/registry.ts'
import { id, token } from '../crypto/random.ts'
import type { Records } from '../records/adapter.ts'
import type { Mutes } from '../records/consents.ts'
import { backchannel } from './ciba.ts'
import type { clientJwts } from './client-authentication.ts'
import { vouchedFor } from './id-token-hints.ts'
import { endConfirmed } from './internals.ts'
import { signOutSecret } from './library-models.ts'
import { mutualTls } from './mtls.ts'
import type { Options } from './options.ts'
import { forOneAct, richAuthorization } from './rich-authorization.ts'
import { type Carried, outlived, stampOf } from './security-stamps.ts'
import { approvalSpending } from './token-spending.ts'

interface Services {
  appOf(ctx: KoaContextWithOIDC): Promise<App | undefined>
  jwts: ReturnType<typeof clientJwts>
  mutes: Mutes
  records: Records
}

/** How many documents one address may have fetched. */
const fetches = { tries: 30, window: 600_000 }

/** Returns which parts of the library are on, and what each is told. */
export function features(
  options: Options,
  { appOf, jwts, mutes, records }: Services,
): NonNullable<Configuration['features']> {
  const { clients, renderers, requests, keyring, registration, documents, throttle } = options
  const spend = approvalSpending(options, records)
  /** The account is not read otherwise when a token is introspected. */
  const valid = async (token: Carried & { accountId?: string }): Promise<boolean> => {
    if (stampOf(token) === undefined) return true
    const account = await options.accounts.get(token.accountId ?? '')
    return active(account) && !outlived(account, token)
  }
  return {
    devInteractions: { enabled: false },
    dPoP: {
      enabled: true,
      nonceSecret: Buffer.from(keyring.newest('dpop-nonce').bytes),
      // The library asks this first of every proof.
      requireNonce: ctx => {
        jwts.checkProofKey(ctx)
        return jwts.needsNonce(ctx, requests.nonces)
      },
    },
    mTLS: mutualTls(options.mtls, options.now),
    fapi: { enabled: true, profile: (_, client) => (extensionsOf(client).profile ? '2.0' : undefined) },
    claimsParameter: { enabled: true },
    requestObjects: { enabled: true, assertJwtClaimsAndHeader: jwts.checkRequestObject },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    jwtIntrospection: { enabled: true },
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: requests.pushed },
    userinfo: { enabled: true },
    clientCredentials: { enabled: true },
    backchannelLogout: { enabled: true },
    // Codes of 8 characters of 20: 34 bits, which RFC 8628, 6.1 recommends. Where they are entered is a page of ours.
    // Where it was asked is kept beside the request, at a length that we chose.
    deviceFlow: { enabled: true, deviceInfo: () => ({}) },
    ciba: backchannel(options, mutes),
    introspection: {
      enabled: true,
      allowedPolicy: async (ctx, client, token) => {
        if (!(await valid(token as Carried & { accountId?: string }))) return false
        return 'rar' in token && token.rar
          ? spend(ctx, client.clientId, token as AccessToken)
          : token.clientId === client.clientId
      },
    },
    richAuthorizationRequests: richAuthorization(options),
    revocation: {
      enabled: true,
      allowedPolicy: (_, client, token) => {
        if (token.clientId === client.clientId) return true
        throw new errors.InvalidRequest('the token was issued to another client')
      },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (ctx, client, oneOf) => {
        if (oneOf) return onlyGranted(ctx, oneOf)
        if (ctx.oidc.params?.grant_type !== 'client_credentials') return undefined
        const [only, ...more] = (await clients.app(client.clientId))?.apis.keys() ?? []
        if (only === undefined || more.length > 0)
          throw new errors.InvalidTarget('resource is missing: name one API of the client')
        return only
      },
      useGrantedResource: (ctx, { resource, rar }) =>
        rar !== undefined || (!onlyAboutPeople(ctx) && grantedOf(ctx, [resource ?? []].flat()).length > 0),
      getResourceServerInfo: async (ctx, resource, client) => {
        const granted = (await clients.app(client.clientId))?.apis.get(resource)
        if (!granted) throw new errors.InvalidTarget()
        return ctx.oidc.entities.AuthorizationCode?.rar ? forOneAct(granted) : granted
      },
    },
    registration: {
      enabled: registration !== 'off',
      initialAccessToken: registration === 'token',
      idFactory: () => `app_${id()}`,
      secretFactory: () => token(),
    },
    registrationManagement: { enabled: registration !== 'off', rotateRegistrationAccessToken: true },
    clientIdMetadataDocument: {
      enabled: documents !== 'off',
      ack: 'draft-02',
      // Anybody can have us ask for one, and so as often as people do.
      allowFetch: async (ctx, clientId) =>
        isDocument(clientId, documents) && throttle.ration('document', ctx.ip, fetches).then(() => true),
      cacheDuration: { min: 60, max: 3_600 },
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async ctx => {
        if (vouchedFor(ctx, options.salt)) {
          Object.assign(ctx.oidc, { route: 'end_session_confirm', params: { logout: 'yes' } })
          return endConfirmed(ctx)
        }
        const { session } = ctx.oidc
        const xsrf = signOutSecret(session)
        const action = ctx.oidc.urlFor('end_session_confirm')
        await renderers.logout(ctx, { action, xsrf, client: await appOf(ctx), accountId: session?.accountId ?? '' })
      },
      postLogoutSuccessSource: async ctx => renderers.loggedOut(ctx, { client: await appOf(ctx) }),
    },
  }
}

/** Tells whether a token request narrows its scope to what OpenID Connect's own endpoints know: its token is for userinfo then, and for no API. */
function onlyAboutPeople({ oidc: { params } }: KoaContextWithOIDC): boolean {
  const scopes = String(params?.scope ?? '')
    .split(' ')
    .filter(Boolean)
  return scopes.length > 0 && scopes.every(each => oidcScopes.includes(each))
}

/** Returns the APIs among these of which the person allowed something that the code or token is about. */
function grantedOf({ oidc }: KoaContextWithOIDC, resources: readonly string[]): string[] {
  const { Grant: grant, AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest } = oidc.entities
  const { scopes } = AuthorizationCode ?? RefreshToken ?? DeviceCode ?? BackchannelAuthenticationRequest ?? {}
  return resources.filter(each => scopes && grant && grant.getResourceScopeFiltered(each, scopes) !== '')
}

/** Returns the one API of these that was granted. Of several the library would make a token that opens none. */
function onlyGranted(ctx: KoaContextWithOIDC, resources: readonly string[]): string {
  const granted = grantedOf(ctx, resources)
  const [only, ...more] = granted
  if (only !== undefined && more.length === 0) return only
  throw new errors.InvalidTarget(`resource is missing: name one of ${(only ? granted : resources).join(', ')}`)
}
