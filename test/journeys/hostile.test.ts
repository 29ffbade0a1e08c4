import { expect } from 'chai'
import fc from 'fast-check'
import { adminApiServed } from '../support/admin-api.ts'
import { attack, groundOf, hostileRequests } from '../support/hostile-requests.ts'
import { somebody } from '../support/people.ts'
import { routes } from '../support/routes.ts'

// bench/hostile.ts sends a hundred thousand of them.
describe('hostile requests', function () {
  this.timeout(120_000)
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let ground: Parameters<typeof hostileRequests>[0]
  let cookies: string[]
  let bearers: string[]
  before(async () => {
    here = await adminApiServed(undefined, { LATCHKEY_REGISTRATION: 'open' })
    const { issuer } = here.latchkey
    const [admin, person, other] = [await here.member('admin'), await here.member(), somebody()]
    const flow = new URL((await other.browser.get(`${issuer}/sign-in`)).url).pathname.split('/').at(-1) ?? ''
    const browsers = [admin.person.browser, person.person.browser, other.browser]
    cookies = ['', ...(await Promise.all(browsers.map(each => each.cookies.getCookieString(issuer))))]
    bearers = ['', await here.asService('robot'), await here.asMember(admin)]
    const known = [flow, admin.account, person.account, 'password', 'totp', 'passkey']
    ground = { ...(await groundOf(issuer, routes())), known }
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
        const { bytes, status, traced } = await attack(issuer, request, { cookies, bearers })
        expect(status, bytes).to.be.within(100, 499)
        expect(traced, bytes).to.equal(false)
      }),
      { numRuns: 1_000 },
    )
    expect(here.latchkey.logged()).to.not.contain('"level":"error"')
  })
})
