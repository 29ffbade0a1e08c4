import { type Adapter, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { heldUntil } from '../accounts/hold.ts'
import { acrValues } from '../acr.ts'
import { extensionsOf, isDeclared } from '../clients/client-extensions.ts'
import type { App } from '../clients/declared.ts'
import { clientAlgorithms, oidcScopes, proofAlgorithms } from '../clients/file.ts'
import { outgoing } from '../clients/outgoing.ts'
import { subjectFor } from '../clients/pairwise.ts'
import { requiresPkce } from '../clients/policies.ts'
import { algorithms } from '../crypto/jws.ts'
import { cookieKeys, type Keyring } from '../crypto/keyring.ts'
import type { Records } from '../records/adapter.ts'
import type { Consents, Mutes } from '../records/consents.ts'
import { accountFinder, claims } from './account-claims.ts'
import type { Admission } from './admission.ts'
import { clientJwts } from './client-authentication.ts'
import { clientMetadata } from './client-metadata.ts'
import { clientFetch } from './client-sources.ts'
import { libraryKeys } from './discovery.ts'
import { features } from './features.ts'
import { grantFor } from './grants.ts'
import { aliases, certificateMethods } from './mtls.ts'
import type { Options } from './options.ts'
import { prompts } from './prompts.ts'
import { refreshLife } from './refresh.ts'
import { explainErrors } from './refusals.ts'
import { receiptIn } from './rich-authorization.ts'
import { together } from './writing.ts'

/** What the provider's records are stored by. */
interface Stored {
  records: Records
  consents: Consents
  mutes: Mutes
  /** Adapters that take the place of the records' own. */
  adapters: Record<string, Adapter>
  guard: Admission['guard']
}

/** What most libraries fail for first (RFC 7636). In the characters of RFC 6749, 4.1.2.1. */
const pkceMissing =
  'code_challenge is missing: turn PKCE on in your library (code_challenge_method=S256); docs/recipes names the switch of each'

/** How clients may authenticate, beside by certificates. */
const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'] as const

/** The paths of the protocol's endpoints. */
export const routes = {
  authorization: '/authorize',
  backchannel_authentication: '/backchannel',
  code_verification: '/device',
  device_authorization: '/device-authorization',
  end_session: '/end-session',
  introspection: '/introspect',
  jwks: '/jwks.json',
  pushed_authorization_request: '/par',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
  userinfo: '/userinfo',
}

/** Seconds. */
const codeLife = 60
const hour = 3600
/** How long a device or an app waits for its person: short, so that an attacker who sends somebody a code has little time (RFC 8628, 5.4). */
const remoteLife = 300

/** Returns oidc-provider's configuration. What is not in it is off, and discovery does not advertise it. */
export function configuration(options: Options, stored: Stored): Configuration {
  const { issuer, standing, session, clients, locales } = options
  const jwts = clientJwts(options.now)
  const appOf = (ctx: KoaContextWithOIDC): Promise<App | undefined> => clients.app(ctx.oidc.client?.clientId ?? '')

  return {
    adapter: name => together(name, stored.guard(name, stored.adapters[name] ?? stored.records.adapter(name))),
    jwks: libraryKeys(options.keys.keys()),
    enabledJWA: {
      idTokenSigningAlgValues: [...algorithms],
      userinfoSigningAlgValues: [...algorithms],
      introspectionSigningAlgValues: [...algorithms],
      authorizationSigningAlgValues: [...algorithms],
      requestObjectSigningAlgValues: [...clientAlgorithms],
      clientAuthSigningAlgValues: [...clientAlgorithms, 'HS256'],
      dPoPSigningAlgValues: [...proofAlgorithms],
    },
    // An entry of clients.json says what is signed with what. For any other client, the library's defaults are those of the
    // specifications, RS256 (OpenID Connect Registration 1.0, 2; JARM, 3; RFC 9701, 6).
    clientAuthMethods: [...methods, ...certificateMethods(options.mtls)],
    extraClientMetadata: clientMetadata(options),
    assertJwtClientAuthClaimsAndHeader: jwts.checkAssertion,
    responseTypes: ['code'],
    pkce: {
      // Called for requests without a challenge alone, so the refusal can name what to turn on.
      required: (_, client) => {
        if (requiresPkce(client, clients.declared())) throw new errors.InvalidRequest(pkceMissing)
        return false
      },
    },
    allowOmittingSingleRegisteredRedirectUri: false,
    acrValues: [...acrValues],
    scopes: [...oidcScopes],
    claims,
    subjectTypes: ['public', 'pairwise'],
    // The operator declares the sectors of clients.json, so that Latchkey starts without reading them.
    sectorIdentifierUriValidate: client => !isDeclared(client),
    pairwiseIdentifier: (_, account, client) => subjectFor(options.salt, account, client),
    cookies: cookies(issuer.startsWith('https:'), options.keyring),
    routes,
    discovery: {
      prompt_values_supported: ['none', 'create', 'login', 'consent', 'select_account'],
      ui_locales_supported: [...locales],
      ...aliases(options.mtls, issuer, routes),
    },
    ttl: {
      AccessToken: (_, token, client) => token.resourceServer?.accessTokenTTL ?? extensionsOf(client).access_token_ttl,
      AuthorizationCode: codeLife,
      BackchannelAuthenticationRequest: ({ oidc }) =>
        Math.min(remoteLife, Number(oidc.params?.requested_expiry ?? remoteLife)),
      ClientCredentials: (_, token, client) =>
        token.resourceServer?.accessTokenTTL ?? extensionsOf(client).access_token_ttl,
      DeviceCode: remoteLife,
      // Twice the longest session: it is renewed before a session can outlive it.
      Grant: Math.ceil((2 * session.max) / 1000),
      IdToken: (_ctx, _token, client) => extensionsOf(client).id_token_ttl,
      Interaction: hour,
      RefreshToken: (_ctx, _token, client) => refreshLife(client, 0, options.requests.refreshing),
      Session: (_, { loginTs }) => sessionLife(loginTs, options),
    },
    interactions: { policy: prompts(options, stored.consents), url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: accountFinder(options, stored.consents),
    loadExistingGrant: grantFor(options, stored),
    // What was issued in a session ends with it.
    expiresWithSession: () => true,
    rotateRefreshToken: false,
    // What was approved is done once: nothing renews it.
    issueRefreshToken: async (ctx, client, source) =>
      !('rar' in source && source.rar) &&
      client.grantTypeAllowed('refresh_token') &&
      ((await appOf(ctx))?.firstParty || source.scopes.has('offline_access')),
    // RFC 9068, 2.2.1: an API can tell how and when somebody signed in.
    extraTokenClaims: async ({ oidc }, token) => {
      // A token that was exchanged keeps its claims.
      if ('extra' in token && token.extra) return token.extra as { [name: string]: unknown }
      const { AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest } = oidc.entities
      const source = AuthorizationCode ?? RefreshToken ?? DeviceCode ?? BackchannelAuthenticationRequest
      if (!source || !('sid' in token)) return undefined
      const held = source.scopes.has('hold')
        ? heldUntil({ holdUntil: oidc.account?.holdUntil as number | undefined }, options.now())
        : undefined
      const txn = receiptIn(source)
      const signedIn = { sid: token.sid, acr: source.acr, amr: source.amr, auth_time: source.authTime }
      const mapped = oidc.account?.mappedTo as ((place: 'access_token') => Promise<object>) | undefined
      return { ...(await mapped?.('access_token')), ...signedIn, ...held, ...(txn !== undefined && { txn }) }
    },
    clientBasedCORS: (_, origin, client) =>
      client.clientAuthMethod === 'none' &&
      origin !== 'null' &&
      (client.redirectUris ?? []).some(uri => URL.parse(uri)?.origin === origin),
    renderError: explainErrors(options),
    fetch: clientFetch(outgoing({ loopback: standing.local && !standing.production }), options.throttle),
    features: features(options, { appOf, jwts, ...stored }),
  }
}

/** Returns the seconds that a session lives from now; one in which nobody is signed in only carries an open form. */
export function sessionLife(loginTs: number | undefined, { session, now }: Pick<Options, 'session' | 'now'>): number {
  if (loginTs === undefined) return hour
  return Math.max(1, Math.floor(Math.min(session.idle, loginTs * 1000 + session.max - now()) / 1000))
}

function cookies(https: boolean, keyring: Keyring): NonNullable<Configuration['cookies']> {
  const base = { httpOnly: true, sameSite: 'lax', signed: true } as const
  // With the prefixes no other host, and no plain http, can plant them (RFC 6265bis, 4.1.3).
  const [host, secure] = https ? ['__Host-', '__Secure-'] : ['', '']
  return {
    names: {
      session: `${host}latchkey_session`,
      interaction: `${secure}latchkey_interaction`,
      resume: `${secure}latchkey_resume`,
    },
    keys: cookieKeys(keyring),
    long: base,
    short: base,
  }
}
