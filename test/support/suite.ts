import { apps } from '../../examples/suite/apps.ts'
import type { Registered } from '../../examples/suite/clients.ts'
import { type Suite, serveSuite } from '../../examples/suite/serve.ts'
import { newKey, type SigningKey } from '../../src/crypto/jws.ts'
import { type Bare, bareProvider } from './bare-provider.ts'
import { freePorts } from './ports.ts'

export interface BareSuite extends Suite {
  bare: Bare
  /** Where an app stands; `path` is appended. */
  at(id: string, path?: string): string
}

const methods: Readonly<Record<string, Partial<Registered>>> = {
  trading: { token_endpoint_auth_method: 'client_secret_basic', client_secret: 'a secret: with + and %' },
  staking: { token_endpoint_auth_method: 'private_key_jwt' },
  wallet: { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
  card: {
    token_endpoint_auth_method: 'client_secret_post',
    client_secret: 'another secret',
    require_pushed_authorization_requests: true,
  },
}

/** An app of the suite as clients.json would declare it, at a port of localhost. */
export function registered(port: number, id: string): Registered {
  const origin = `http://localhost:${port}`
  return {
    client_id: id,
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/`],
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: undefined,
    id_token_signed_response_alg: 'ES256',
    dpop_bound_access_tokens: false,
    require_pushed_authorization_requests: false,
    scope: 'openid profile email offline_access',
    apis: { [`${origin}/api`]: [`${id}:read`] },
    ...methods[id],
  }
}

/** How oidc-provider takes a client of the suite. */
function metadata({ apis: _apis, scope: _scope, ...client }: Registered, key: SigningKey) {
  const { d: _secret, ...publicKey } = key
  const [redirect = ''] = client.redirect_uris
  return {
    ...client,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    backchannel_logout_uri: new URL('/backchannel-logout', redirect).href,
    backchannel_logout_session_required: true,
    ...(client.token_endpoint_auth_method === 'private_key_jwt' && { jwks: { keys: [publicKey] } }),
  }
}

/** The four example apps and a bare provider that knows them, all on free ports. */
export async function bareSuite(options: { now?: () => number } = {}): Promise<BareSuite> {
  const ports = await freePorts(apps.length)
  const clients = apps.map(({ id }, at) => registered(ports[at] ?? 0, id))
  const key = await newKey('ES256')
  const bare = await bareProvider({
    clients: clients.map(client => metadata(client, key)),
    apis: clients.flatMap(({ apis }) => Object.entries(apis).map(([resource, scopes]) => ({ resource, scopes }))),
  })
  const suite = await serveSuite({ issuer: bare.issuer, clients, keys: { staking: key }, ...options })
  return {
    ...suite,
    bare,
    at: (id, path = '/') => new URL(path, suite.apps.find(each => each.id === id)?.url).href,
    close: () => Promise.all([suite.close(), bare.close()]).then(() => undefined),
  }
}
