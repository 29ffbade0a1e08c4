import { expect } from 'chai'
import type { Jar } from '../support/jar.ts'
import { declared, ended, type Ground, ground } from './ground.ts'
import { redirect, registrar, shop, toldBy } from './registrar.ts'

describe('a policy under which apps need no PKCE (RFC 9700, 2.1.1)', () => {
  let latchkey: Ground
  let browser: Jar
  before(async () => {
    latchkey = await ground({
      clients: [declared('trading')],
      policies: [{ policy: 'third-party', pkce_required: false }],
      environment: { LATCHKEY_REGISTRATION: 'open' },
    })
    browser = (await latchkey.person()).browser
  })
  after(() => latchkey.stop())
  const { register } = registrar(() => latchkey)

  /** What an app that registered like this is told about a request without a challenge. */
  const unproved = async (more: object) => {
    const { body } = await register({ ...shop, ...more })
    const client_id = String(body.client_id)
    const without = { code_challenge: undefined, code_challenge_method: undefined }
    const asked = await latchkey.ask('', browser, { client_id, redirect_uri: redirect, ...without })
    const stopped = !asked.page.url.includes('/interaction/')
    return stopped ? asked : ended(await asked.page.submit({}, 'Allow'), latchkey.issuer)
  }

  it('issues a code to an app that has a secret', async () => {
    expect((await unproved({})).told.get('code')).to.match(/^[\w-]{20,}$/)
  })

  it('issues none to an app that cannot authenticate', async () => {
    const told = toldBy((await unproved({ token_endpoint_auth_method: 'none' })).page)
    expect(told.get('error')).to.equal('invalid_request')
    expect(told.get('code')).to.equal(null)
  })
})
