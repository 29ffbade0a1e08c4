import { expect } from 'chai'
import { type Adapter, Provider } from 'oidc-provider'
import { extensionsOf, extraClientMetadata, isDeclared, markDeclared } from '../../src/clients/client-extensions.ts'
import { newKey } from '../../src/crypto/jws.ts'

/** How the library makes a client of metadata, whoever they are from. */
interface Model {
  new (metadata: object): Parameters<typeof extensionsOf>[0] & object
}

describe('what only clients.json may say of a client', () => {
  let Client: Model
  before(async () => {
    const provider = new Provider('https://id.example', {
      extraClientMetadata: extraClientMetadata,
      adapter: () => ({}) as Adapter,
      jwks: { keys: [await newKey('RS256')] },
      features: { devInteractions: { enabled: false } },
    })
    Client = provider.Client as unknown as Model
  })
  const said = { pkce_required: false, access_token_ttl: 60, profile: 'fapi2' }
  const metadata = { client_id: 'app', client_secret: 'x'.repeat(32), redirect_uris: ['https://app.example/'], ...said }

  it('is kept from the file', () => {
    const client = new Client(markDeclared(metadata))
    expect(extensionsOf(client)).to.include(said)
    expect(isDeclared(client)).to.equal(true)
  })

  it('is ignored in a registration or a client’s document', () => {
    for (const more of [{}, { declared: true }, { declared: 'declared' }, { declared: {} }]) {
      const client = new Client(JSON.parse(JSON.stringify({ ...metadata, ...more })))
      expect(extensionsOf(client)).to.include({ pkce_required: true, access_token_ttl: 300 })
      expect(extensionsOf(client).profile).to.equal(undefined)
      expect(isDeclared(client)).to.equal(false)
    }
  })

  it('has its defaults where nothing is said', () => {
    expect(extensionsOf(undefined)).to.include({ pkce_required: true, access_token_ttl: 300, id_token_ttl: 3600 })
  })
})
