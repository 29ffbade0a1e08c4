import { expect } from 'chai'
import { parseClients } from '../../src/clients/declared.ts'
import { type Running, running } from '../support/provider.ts'

const print = Array(32).fill('A0').join(':')
const standing = { local: true, production: false }
const app = (origin: string, id: string, more: object) => ({
  client_id: id,
  client_name: id,
  first_party: true,
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: [`com.example.${id}:/callback`, `${origin}/apps/${id}`, `${origin}/apps/${id}?again`],
  ...more,
})

describe('association files for apps on devices', () => {
  let latchkey: Running
  before(async () => {
    latchkey = await running({ declare: () => ({ apis: [], clients: [] }) })
  })
  after(() => latchkey.close())

  const declare = (...clients: object[]) => latchkey.oidc.declare(parseClients({ apis: [], clients }, standing))
  const apple = () => fetch(`${latchkey.issuer}/.well-known/apple-app-site-association`)
  const google = () => fetch(`${latchkey.issuer}/.well-known/assetlinks.json`)

  it('do not exist while no such app is declared', async () => {
    await declare(app(latchkey.issuer, 'wallet', {}))
    // The pages of these tests answer with anything else.
    for (const answer of [await apple(), await google()])
      expect(answer.headers.get('content-type')).to.not.include('json')
  })

  it('open the app for links to redirect URIs at this host, and for no other links', async () => {
    await declare(
      app(latchkey.issuer, 'wallet', { ios_app_ids: ['TEAM123456.com.example.wallet'] }),
      app('https://elsewhere.example', 'card', {
        ios_app_ids: ['TEAM123456.com.example.card'],
        android_apps: [{ package: 'com.example.card', fingerprints: [print] }],
      }),
    )
    expect(await (await apple()).json()).to.deep.equal({
      applinks: { details: [{ appIDs: ['TEAM123456.com.example.wallet'], components: [{ '/': '/apps/wallet' }] }] },
      webcredentials: { apps: ['TEAM123456.com.example.wallet', 'TEAM123456.com.example.card'] },
    })
    const [{ relation }] = (await (await google()).json()) as [{ relation: string[] }]
    expect(relation).to.deep.equal(['delegate_permission/common.get_login_creds'])
  })

  it('follow clients.json when it is read again', async () => {
    const android = { android_apps: [{ package: 'com.example.wallet', fingerprints: [print, print] }] }
    await declare(app(latchkey.issuer, 'wallet', android))
    expect((await apple()).headers.get('content-type')).to.not.include('json')
    expect(await (await google()).json()).to.deep.equal([
      {
        relation: ['delegate_permission/common.get_login_creds', 'delegate_permission/common.handle_all_urls'],
        target: {
          namespace: 'android_app',
          package_name: 'com.example.wallet',
          sha256_cert_fingerprints: [print, print],
        },
      },
    ])
  })
})
