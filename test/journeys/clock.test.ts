import { expect } from 'chai'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import type { Person } from '../support/people.ts'
import { type Security, securityAt } from '../support/security.ts'

const hour = 3_600_000

describe('a clock that is set back', () => {
  let latchkey: RunningSuite
  let at: Security
  beforeEach(async () => {
    latchkey = await startSuite()
    at = securityAt(latchkey)
  })
  afterEach(() => latchkey.stop())

  /** Somebody who proved two factors a moment ago, and then the clock was set back. */
  const provedAhead = async (): Promise<Person> => {
    const ada = await at.joined()
    latchkey.clock.pass(-2 * hour)
    return ada
  }
  const silently = async (person: Person): Promise<URL> => {
    const request = new URLSearchParams({
      ...{ client_id: 'trading', redirect_uri: `${latchkey.apps.trading}/callback`, response_type: 'code' },
      ...{ scope: 'openid', state: 's', prompt: 'none', max_age: '300' },
      ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
    })
    const { location } = await person.browser.get(`${latchkey.issuer}/authorize?${request}`, { follow: false })
    return new URL(location ?? expect.fail('it did not answer the app'))
  }

  it('makes no earlier proof fresh: what asks for one asks again', async () => {
    const ada = await at.joined()
    expect((await at.act(ada, 'add', { factor: 'totp' })).find('[data-totp-secret]')).to.not.equal(undefined)
    latchkey.clock.pass(-2 * hour)
    const asked: [path: string, fields: Record<string, string>][] = [
      ['/account/security/add', { factor: 'totp' }],
      ['/account/security/texts', { texts: 'on' }],
      ['/account/data', {}],
      ['/account/api-keys', { name: 'a bot', scope: 'read' }],
    ]
    for (const [path, fields] of asked) {
      const page = await ada.browser.post(`${latchkey.issuer}${path}`, fields)
      expect(page.find('[data-totp-secret]'), path).to.equal(undefined)
      expect(page.url, path).to.match(/\/(account\/[\w-]+|sign-in)\/[\w-]{20,}$/)
      expect(page.find('[name=code]') ?? page.find('[name=password]'), path).to.not.equal(undefined)
    }
  })

  it('does not satisfy max_age', async () => {
    const ada = await at.joined()
    expect((await silently(ada)).searchParams.get('code')).to.be.a('string')
    latchkey.clock.pass(-2 * hour)
    expect((await silently(ada)).searchParams.get('error')).to.equal('login_required')
    // Once the clock has caught up, the proof is as old as it is.
    latchkey.clock.pass(2 * hour + 1_000)
    expect((await silently(ada)).searchParams.get('code')).to.be.a('string')
  })

  it('keeps who is signed in signed in', async () => {
    expect(await at.isIn(await provedAhead())).to.equal(true)
  })
})
