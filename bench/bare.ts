import { type Adapter, type AdapterPayload, type Configuration, Provider } from 'oidc-provider'
import { newKey } from '../src/crypto/jws.ts'
import { api, app, machine } from './clients.ts'

// What Latchkey stands on: oidc-provider by itself, with its documents in a Map of this process.
const documents = new Map<string, AdapterPayload>()

class InMemory implements Adapter {
  readonly model: string
  constructor(model: string) {
    this.model = model
  }
  async upsert(id: string, payload: AdapterPayload) {
    documents.set(`${this.model}:${id}`, payload)
  }
  async find(id: string) {
    return documents.get(`${this.model}:${id}`)
  }
  async consume(id: string) {
    const found = documents.get(`${this.model}:${id}`)
    if (found) found.consumed = Math.floor(Date.now() / 1_000)
  }
  async destroy(id: string) {
    documents.delete(`${this.model}:${id}`)
  }
  async findByUid(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}
  async revokeByGrantId() {}
}

const port = Number(process.argv[2])
const configuration: Configuration = {
  adapter: InMemory,
  clients: [app, machine],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [await newKey('ES256')] },
  cookies: { keys: ['only for measuring'] },
  scopes: ['openid', 'offline_access'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { ClientCredentials: 300, AccessToken: 300, IdToken: 300, RefreshToken: 86_400, Grant: 86_400 },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: api.scopes.join(' '),
        audience: api.resource,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
}
const provider = new Provider(`http://localhost:${port}`, configuration)

/** A refresh token such as the code flow ends with. */
async function refreshToken(accountId: string): Promise<string> {
  const scope = 'openid offline_access'
  const grant = new provider.Grant({ accountId, clientId: app.client_id })
  grant.addOIDCScope(scope)
  grant.addResourceScope(api.resource, api.scopes.join(' '))
  const client = await provider.Client.find(app.client_id)
  if (!client) throw new Error('the app is not known')
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId: await grant.save(),
    gty: 'authorization_code',
    resource: api.resource,
    scope: `${scope} ${api.scopes.join(' ')}`,
    claims: {},
    authTime: Math.floor(Date.now() / 1_000),
    sessionUid: accountId,
    sid: accountId,
  } as ConstructorParameters<typeof provider.RefreshToken>[0])
  return token.save()
}

process.on('message', async message => {
  if (message !== 'tokens') return
  const people = Array.from({ length: 64 }, (_, at) => `person-${at}`)
  process.send?.(await Promise.all(people.map(refreshToken)))
})
process.channel?.unref()
provider.listen(port, 'localhost')
