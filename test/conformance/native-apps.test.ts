import { expect } from 'chai'
import { declared, type Ground, ground, verifier } from './ground.ts'

const fingerprint = Array.from({ length: 32 }, (_, at) => (at + 160).toString(16).toUpperCase()).join(':')
const paths = ['/.well-known/apple-app-site-association', '/.well-known/assetlinks.json']
const claimed = 'https://wallet.example/callback'

describe('Native Apps (RFC 8252)', () => {
  let latchkey: Ground
  before(async () => {
    const wallet = declared('wallet', {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      client_secret: undefined,
      redirect_uris: ['com.example.wallet:/callback', claimed, 'http://127.0.0.1/callback'],
      ios_app_ids: ['TEAM123456.com.example.wallet'],
      android_apps: [{ package: 'com.example.wallet', fingerprints: [fingerprint] }],
    })
    latchkey = await ground({ clients: [wallet] })
  })
  after(() => latchkey.stop())

  for (const uri of ['com.example.wallet:/callback', claimed, 'http://127.0.0.1:51004/callback']) {
    it(`7: sends the code to ${uri}, and redeems it with that URI only`, async () => {
      const { browser } = await latchkey.person()
      const query = latchkey.request('wallet', { redirect_uri: uri })
      // 8.6: another app may claim to be this one, so the person is asked each time.
      const page = await browser.get(`${latchkey.metadata.authorization_endpoint}?${query}`)
      const allowed = await browser.post(`${page.url}/consent`, {}, { follow: false })
      const at = await browser.get(allowed.location ?? '', { follow: false })
      const back = new URL(at.location ?? '')
      expect(back.href.startsWith(uri)).to.equal(true)
      const form = { client_id: 'wallet', grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '' }
      const elsewhere = await latchkey.post('token', { ...form, redirect_uri: `${uri}/x`, code_verifier: verifier })
      expect(elsewhere.body.error).to.equal('invalid_grant')
    })
  }

  it('8.1: issues nothing to an app on a device without its verifier', async () => {
    const { browser } = await latchkey.person()
    const query = latchkey.request('wallet', { redirect_uri: claimed, code_challenge: undefined })
    const at = await browser.get(`${latchkey.metadata.authorization_endpoint}?${query}`, { follow: false })
    expect(new URL(at.location ?? '').searchParams.get('error')).to.equal('invalid_request')
  })

  it('7.2: publishes the app’s association for its operating system', async () => {
    const [apple, google] = await Promise.all(paths.map(path => fetch(latchkey.issuer + path)))
    for (const answer of [apple, google]) {
      expect(answer?.status).to.equal(200)
      expect(answer?.headers.get('content-type')).to.include('application/json')
      expect(answer?.headers.get('cache-control')).to.equal('public, max-age=300')
      expect(answer?.headers.has('set-cookie')).to.equal(false)
    }
    expect(await apple?.json()).to.deep.equal({ webcredentials: { apps: ['TEAM123456.com.example.wallet'] } })
    const target = {
      namespace: 'android_app',
      package_name: 'com.example.wallet',
      sha256_cert_fingerprints: [fingerprint],
    }
    const relation = ['delegate_permission/common.get_login_creds']
    expect(await google?.json()).to.deep.equal([{ relation, target }])
  })
})
