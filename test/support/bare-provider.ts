import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Adapter, type AdapterPayload, type ClientMetadata, type Configuration, Provider } from 'oidc-provider'
import { newKey, type SigningKey } from '../../src/crypto/jws.ts'

/** How the next sign-in ends: as this person, or with this error of OpenID Connect. */
export type Ending = { account: string; acr?: string; amr?: string[] } | { error: string; description?: string }

export interface Bare {
  issuer: string
  provider: Provider
  /** Signs what it issues; a test that forges a logout token signs with it, too. */
  key: SigningKey
  /** Read when an interaction begins; set it to sign in as someone else, or to refuse. */
  ending: Ending
  /** Forgets every document of one of oidc-provider's models. */
  forget(model: 'RefreshToken' | 'Session'): void
  /** Takes it away: nobody listens, nothing is forgotten. */
  close(): Promise<void>
  /** Brings it back after `close`, where it was. */
  open(): Promise<void>
}

export interface BareOptions {
  clients: ClientMetadata[]
  /** What each API may be asked for, by its resource indicator. */
  apis?: readonly { resource: string; scopes: readonly string[] }[]
  /** The port of localhost; a free one unless told. */
  port?: number
}

/** Documents in Maps, as quick and plain as oidc-provider allows; one set for each provider. */
function inMemory() {
  const documents = new Map<string, { payload: AdapterPayload; until: number }>()
  const byUid = new Map<string, string>()
  const byGrant = new Map<string, Set<string>>()
  const live = (key: string | undefined) => {
    const found = documents.get(key ?? '')
    return found && found.until > Date.now() ? found.payload : undefined
  }
  class Memory implements Adapter {
    readonly model: string
    constructor(model: string) {
      this.model = model
    }
    async upsert(id: string, payload: AdapterPayload, expiresIn = Number.POSITIVE_INFINITY) {
      const key = `${this.model}:${id}`
      documents.set(key, { payload, until: Date.now() + expiresIn * 1000 })
      if (payload.uid !== undefined) byUid.set(payload.uid, key)
      if (payload.grantId !== undefined)
        byGrant.set(payload.grantId, (byGrant.get(payload.grantId) ?? new Set()).add(key))
    }
    async find(id: string) {
      return live(`${this.model}:${id}`)
    }
    async findByUid(uid: string) {
      return live(byUid.get(uid))
    }
    async findByUserCode() {
      return undefined
    }
    async consume(id: string) {
      const payload = live(`${this.model}:${id}`)
      if (payload) payload.consumed = Math.floor(Date.now() / 1000)
    }
    async destroy(id: string) {
      documents.delete(`${this.model}:${id}`)
    }
    async revokeByGrantId(grantId: string) {
      for (const key of byGrant.get(grantId) ?? []) documents.delete(key)
      byGrant.delete(grantId)
    }
  }
  const forget = (model: string) => {
    for (const key of documents.keys()) if (key.startsWith(`${model}:`)) documents.delete(key)
  }
  return { adapter: Memory, forget }
}

function configuration(
  { clients, apis = [] }: BareOptions,
  key: SigningKey,
  adapter: Configuration['adapter'],
): Configuration {
  return {
    adapter,
    clients,
    jwks: { keys: [key] },
    cookies: { keys: ['only for tests'] },
    scopes: ['openid', 'offline_access'],
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'],
      profile: ['name'],
      email: ['email', 'email_verified'],
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256', 'EdDSA'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 300,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, name: `${id} Lovelace`, email: `${id}@example.com`, email_verified: true }),
    }),
    interactions: { url: (_context, { uid }) => `/finish/${uid}` },
    loadExistingGrant: async context => {
      const { client, session, params, provider } = context.oidc
      const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' })
      grant.addOIDCScope(String(params?.scope ?? ''))
      for (const { resource, scopes } of apis) grant.addResourceScope(resource, scopes.join(' '))
      await grant.save()
      return grant
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: async (_context, indicator) => {
          const scopes = apis.find(each => each.resource === indicator)?.scopes ?? []
          return {
            scope: scopes.join(' '),
            audience: indicator,
            accessTokenTTL: 300,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (context, form) => {
          context.body = `<title>Sign out</title><h1>Sign out?</h1>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`
        },
      },
    },
    // Its own agent refuses loopback, where the apps of a test listen for logout tokens.
    fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined } as RequestInit),
  }
}

/** Starts oidc-provider as it comes, on localhost, with documents in memory and a sign-in that finishes by itself. */
export async function bareProvider(options: BareOptions): Promise<Bare> {
  const server = createServer()
  await new Promise<void>((done, fail) => server.once('error', fail).listen(options.port ?? 0, 'localhost', done))
  const key = await newKey('ES256')
  const { port } = server.address() as AddressInfo
  const issuer = `http://localhost:${port}`
  const { adapter, forget } = inMemory()
  const provider = new Provider(issuer, configuration(options, key, adapter))
  const bare: Bare = {
    issuer,
    provider,
    key,
    ending: { account: 'ada' },
    forget,
    close: () => {
      server.closeAllConnections()
      return new Promise(done => server.close(() => done()))
    },
    open: () => new Promise((done, fail) => server.once('error', fail).listen(port, 'localhost', done)),
  }
  provider.use(async (context, next) => {
    if (!context.path.startsWith('/finish/')) return next()
    const { ending } = bare
    const result =
      'error' in ending
        ? { error: ending.error, error_description: ending.description }
        : {
            login: {
              accountId: ending.account,
              acr: ending.acr ?? 'aal2',
              amr: ending.amr ?? ['pwd', 'otp'],
              remember: true,
            },
          }
    await provider.interactionFinished(context.req, context.res, result)
    context.respond = false
  })
  server.on('request', provider.callback())
  return bare
}
