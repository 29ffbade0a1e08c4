import { type Adapter, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Account } from '../accounts/account.ts'
import { heldUntil } from '../accounts/hold.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { extensionsOf, isDeclared } from '../clients/client-extensions.ts'
import type { App } from '../clients/declared.ts'
import { clientAlgorithms, oidcScopes, proofAlgorithms } from '../clients/file.ts'
import { outgoing } from '../clients/outgoing.ts'
import { subjectFor } from '../clients/pairwise.ts'
import { requiresPkce } from '../clients/policies.ts'
import type { Hosts } from '../clients/registry.ts'
import type { Standing } from '../clients/rules.ts'
import { algorithms } from '../crypto/jws.ts'
import { cookieKeys, type Keyring } from '../crypto/keyring.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Records } from '../records/adapter.ts'
import type { Consents, Mutes } from '../records/consents.ts'
import { acrValues } from './acr.ts'
import type { Admission } from './admission.ts'
import { assertions } from './assertions.ts'
import type { Backchannel } from './backchannel.ts'
import { claims } from './claims.ts'
import { features, type Spend } from './features.ts'
import { fetching } from './fetching.ts'
import { finding } from './finding.ts'
import { grantFor } from './grants.ts'
import { aliases, certificateMethods, type Mtls } from './mtls.ts'
import { prompts } from './prompts.ts'
import { refreshLife } from './refresh.ts'
import { explaining } from './refusals.ts'
import { clientMetadata } from './registration-rules.ts'
import type { Renderers } from './renderers.ts'
import { type Redeem, receiptIn } from './rich.ts'
import { forLibrary } from './signing.ts'

/** RFC 7636: the first thing that most libraries fail for. In the characters of RFC 6749, 4.1.2.1. */
const pkceMissing =
  'code_challenge is missing: turn PKCE on in your library (code_challenge_method=S256); docs/recipes names the switch of each'

export interface Options extends Backchannel {
  issuer: string
  standing: Standing
  /** Who may register clients: nobody, who was invited, or everybody. */
  registration: 'off' | 'token' | 'open'
  /** Whose clients are known by a document of theirs. */
  documents: Hosts
  mtls?: Mtls | undefined
  /** Milliseconds. */
  session: { idle: number; max: number }
  /** What every client is held to, whatever its entry says. */
  requests: {
    /** Authorization requests must be pushed (RFC 9126, 5). */
    pushed: boolean
    /** DPoP proofs must show a nonce (RFC 9449, 8). */
    nonces: boolean
    /** The longest that an app may go on refreshing, in milliseconds. */
    refreshing: number
  }
  keyring: Keyring
  /** Of pairwise subjects. */
  salt: string
  keys: Ring
  throttle: Throttle
  /** The rules of an owner's own that a source does not meet. */
  bars(
    account: Pick<Account, 'id' | 'restrictions'>,
    source: { device: string; address: string },
  ): Promise<readonly string[]>
  redeem: Redeem
  /** Has this account to wait with what has to be approved? */
  waits(account: string): Promise<boolean>
  /** Languages that pages come in (BCP 47). */
  locales: readonly string[]
  renderers: Renderers
}

/** How a client may prove itself, beside by certificates. */
const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'] as const

/** Where the protocol's endpoints are. */
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
/** How long a device or an app waits for its person: short, because who sends somebody else's code has to find them at it (RFC 8628, 5.4). */
const remoteLife = 300

/** What oidc-provider is told. What is not here is off, and discovery does not advertise it. */
export function configuration(
  options: Options,
  kept: {
    records: Records
    consents: Consents
    adapters: Record<string, Adapter>
    mutes: Mutes
    spend: Spend
    guard: Admission['guard']
  },
): Configuration {
  const { issuer, standing, session, clients, locales } = options
  const judge = assertions(options.now)
  const appOf = (ctx: KoaContextWithOIDC): Promise<App | undefined> => clients.app(ctx.oidc.client?.clientId ?? '')

  return {
    adapter: name => kept.guard(name, kept.adapters[name] ?? kept.records.adapter(name)),
    jwks: forLibrary(options.keys.keys()),
    enabledJWA: {
      idTokenSigningAlgValues: [...algorithms],
      userinfoSigningAlgValues: [...algorithms],
      introspectionSigningAlgValues: [...algorithms],
      authorizationSigningAlgValues: [...algorithms],
      requestObjectSigningAlgValues: [...clientAlgorithms],
      clientAuthSigningAlgValues: [...clientAlgorithms, 'HS256'],
      dPoPSigningAlgValues: [...proofAlgorithms],
    },
    // An entry of clients.json says what is signed with what. Of any other client, the library's defaults are those of the
    // specifications, RS256 (OpenID Connect Registration 1.0, 2; JARM, 3; RFC 9701, 6).
    clientAuthMethods: [...methods, ...certificateMethods(options.mtls)],
    extraClientMetadata: clientMetadata(options),
    assertJwtClientAuthClaimsAndHeader: judge.client,
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
    interactions: { policy: prompts(options), url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: finding(options),
    loadExistingGrant: grantFor({
      clients,
      consents: kept.consents,
      sessions: kept.records.sessions,
      longest: session.max,
    }),
    // Whatever was issued in a session ends with it.
    expiresWithSession: () => true,
    rotateRefreshToken: false,
    // What was approved is done once: nothing renews it.
    issueRefreshToken: async (ctx, client, source) =>
      !('rar' in source && source.rar) &&
      client.grantTypeAllowed('refresh_token') &&
      ((await appOf(ctx))?.firstParty || source.scopes.has('offline_access')),
    // RFC 9068, 2.2.1: an API can tell how and when somebody signed in.
    extraTokenClaims: ({ oidc }, token) => {
      // What was exchanged keeps what it said.
      if ('extra' in token && token.extra) return token.extra as { [name: string]: unknown }
      const { AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest } = oidc.entities
      const source = AuthorizationCode ?? RefreshToken ?? DeviceCode ?? BackchannelAuthenticationRequest
      if (!source || !('sid' in token)) return undefined
      const held = source.scopes.has('hold')
        ? heldUntil({ holdUntil: oidc.account?.holdUntil as number | undefined }, options.now())
        : undefined
      const txn = receiptIn(source)
      const signedIn = { sid: token.sid, acr: source.acr, amr: source.amr, auth_time: source.authTime }
      return { ...signedIn, ...held, ...(txn !== undefined && { txn }) }
    },
    clientBasedCORS: (_, origin, client) =>
      client.clientAuthMethod === 'none' &&
      origin !== 'null' &&
      (client.redirectUris ?? []).some(uri => URL.parse(uri)?.origin === origin),
    renderError: explaining(options.renderers, clients),
    fetch: fetching(outgoing({ loopback: standing.local && !standing.production }), options.throttle),
    features: features(options, { appOf, judge, ...kept }),
  }
}

/** Seconds that a session lives on from now; one in which nobody is signed in only carries an open form. */
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
