import { expect } from 'chai'
import fc from 'fast-check'
import { adminApiServed } from '../support/admin-api.ts'
import {
  endpoints,
  type Ground,
  hostileRequests,
  members,
  namesWithin,
  operations,
  sendRaw,
  spelled,
} from '../support/hostile-requests.ts'
import type { Jar } from '../support/jar.ts'
import { somebody } from '../support/people.ts'
import { routes } from '../support/routes.ts'

const cookiesOf = async (browser: Jar, issuer: string) =>
  (await browser.cookies.getCookies(issuer)).map(each => each.cookieString()).join('; ')

// bench/hostile.ts sends a hundred thousand of them.
describe('hostile requests', function () {
  this.timeout(120_000)
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let ground: Ground
  let cookies: string[]
  let bearers: string[]
  before(async () => {
    here = await adminApiServed(undefined, { LATCHKEY_REGISTRATION: 'open' })
    const { issuer } = here.latchkey
    const [admin, person, other] = [await here.member('admin'), await here.member(), somebody()]
    const flow = new URL((await other.browser.get(`${issuer}/sign-in`)).url).pathname.split('/').at(-1) ?? ''
    const browsers = [admin.person.browser, person.person.browser, other.browser]
    cookies = ['', ...(await Promise.all(browsers.map(each => cookiesOf(each, issuer))))]
    bearers = ['', await here.asService('robot'), await here.asMember(admin)]
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
    const description = (await here.ask(undefined, 'GET', '/openapi.json')).body
    ground = {
      routes: [...routes(), ...endpoints(metadata as Record<string, unknown>), ...operations(description)],
      members: [...new Set([...members(), ...namesWithin(description)])],
      known: [flow, admin.account, person.account, 'password', 'totp', 'passkey'],
    }
  })
  after(() => here.stop())

  it('are made for every route and member that there is', () => {
    const paths = ground.routes.map(({ path }) => path)
    for (const each of ['/sign-in', '/account/undo', '/admin/people', '/token', '/admin/api/people/:account'])
      expect(paths).to.include(each)
    expect(ground.routes.length).to.be.greaterThan(150)
    expect(ground.members).to.include.members(['email', 'code', 'phone', 'redirect_uris', 'id_token_hint'])
  })

  it('get no 500 and no stack trace, whatever they say', async () => {
    const { issuer } = here.latchkey
    await fc.assert(
      fc.asyncProperty(hostileRequests(ground), async request => {
        const cookie = cookies[request.cookies % cookies.length]
        const bearer = bearers[request.bearer % bearers.length]
        const bytes = spelled(request, {
          ...(cookie && { Cookie: cookie }),
          ...(bearer && { Authorization: `Bearer ${bearer}` }),
        })
        const { status, text } = await sendRaw(issuer, bytes)
        expect(status, bytes).to.be.within(100, 499)
        expect(text, bytes).to.not.match(/\bat .*\.(ts|js):\d/)
      }),
      { numRuns: 1_000 },
    )
    expect(here.latchkey.logged()).to.not.contain('"level":"error"')
  })
})
