import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import type { Page } from '../support/jar.ts'
import { said, told, toldApp, toldApps } from '../support/told-apps.ts'

const device = 'urn:ietf:params:oauth:grant-type:device_code'
const backchannel = 'urn:openid:params:grant-type:ciba'
const tier = { attribute: 'kyc_tier', type: 'integer', name: 'Verification level' }
const note = { attribute: 'note', name: 'What our staff noted' }
const claims = { tier: { from: 'kyc_tier' }, groups: { from: 'roles' } }
const app = (id: string, more: object = {}) =>
  toldApp(id, {
    ...{ first_party: false, roles: ['client'], claims, backchannel_token_delivery_mode: 'poll' },
    ...{ grant_types: ['authorization_code', 'refresh_token', device, backchannel], ...more },
  })

describe('attributes and roles that third parties ask for while their person is elsewhere', function () {
  this.timeout(60_000)
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let at: ReturnType<typeof toldApps>
  let robot: string
  before(async () => {
    here = await adminApiServed(() => [app('taxes'), app('ours', { first_party: true })], {}, [tier, note])
    at = toldApps(here.issuer)
    robot = await here.asService('robot', ['admin:people.claims'])
  })
  after(() => here.stop())
  afterEach(() => here.redeclare([app('taxes'), app('ours', { first_party: true })], [tier, note]))

  const say = async ({ account }: Member, path: string, body: object) => {
    const { status } = await here.ask(robot, 'POST', `/people/${account}/${path}`, { body: { ...body, reason: 'x' } })
    expect(status, path).to.equal(200)
  }
  const somebody = async (): Promise<Member> => {
    const who = await here.member()
    await say(who, 'attributes/kyc_tier', { value: 2 })
    await say(who, 'attributes/note', { value: 'Pays late' })
    for (const id of ['taxes', 'ours']) await say(who, `app-roles/${id}`, { roles: ['client'] })
    return who
  }
  const all = { tier: 2, groups: ['client'] }
  const scope = { scope: 'openid offline_access' }

  /** Both ways: what the app asks, the page where its person reads that, how they allow it, and how the app gets its tokens. */
  const ways = {
    'a device': {
      ask: async (_: Member, id: string) => {
        const { body } = await at.answered(id, '/device-authorization', scope)
        here.latchkey.keepOut(String(body.device_code))
        return { code: String(body.device_code), shown: String(body.user_code) }
      },
      page: async ({ person }: Member, shown: string) =>
        (await person.browser.get(`${here.issuer}/device`)).submit({ user_code: shown }),
      allow: (page: Page) => page.submit({}, 'Connect the device'),
      poll: (id: string, code: string) => at.post(id, { grant_type: device, device_code: code }),
    },
    'an app’s server': {
      ask: async ({ person }: Member, id: string) => {
        const { body } = await at.answered(id, '/backchannel', { ...scope, login_hint: person.email })
        here.latchkey.keepOut(String(body.auth_req_id))
        return { code: String(body.auth_req_id), shown: '' }
      },
      page: ({ person }: Member) => person.browser.get(`${here.issuer}/account/approvals`),
      allow: (page: Page) => page.submit({}, 'Approve'),
      poll: (id: string, code: string) => at.post(id, { grant_type: backchannel, auth_req_id: code }),
    },
  }
  for (const [name, way] of Object.entries(ways))
    describe(`by ${name}`, () => {
      const shownTo = async (who: Member, id = 'taxes') => {
        const { code, shown } = await way.ask(who, id)
        return { code, page: await way.page(who, shown) }
      }
      const connected = async (who: Member, id = 'taxes') => {
        const { code, page } = await shownTo(who, id)
        await way.allow(page)
        return way.poll(id, code)
      }

      it('are named on the page, each with what it is now, and told once they are allowed there', async () => {
        const who = await somebody()
        const { code, page } = await shownTo(who)
        expect(said(page)).to.deep.equal(['kyc_tier', 'roles'])
        expect(page.all('[data-told] .said').map(each => each.text)).to.deep.equal(['2', 'client'])
        await way.allow(page)
        const tokens = await way.poll('taxes', code)
        expect(told(decodeJwt(tokens.id_token))).to.deep.equal(all)
        expect(told(await at.userinfo(tokens.access_token))).to.deep.equal(all)
        const mine = await who.person.browser.get(`${here.issuer}/account/apps`)
        expect(said(mine)).to.deep.equal(['kyc_tier', 'roles'])
        expect(said((await shownTo(who)).page), 'asked once').to.deep.equal([])
      })

      it('are neither told nor asked for again once they are withheld', async () => {
        const who = await somebody()
        await connected(who)
        const withheld = { client: 'taxes', attribute: 'kyc_tier', confirmed: 'yes' }
        await who.person.browser.post(`${here.issuer}/account/apps/withhold`, withheld)
        const { code, page } = await shownTo(who)
        expect(said(page)).to.deep.equal([])
        await way.allow(page)
        expect(told(decodeJwt((await way.poll('taxes', code)).id_token))).to.deep.equal({ groups: ['client'] })
      })

      it('are not told where the page did not name them, or does not ask for them', async () => {
        const who = await somebody()
        const { code, page } = await shownTo(who)
        const more = { ...claims, note: { from: 'note' } }
        await here.redeclare([app('taxes', { claims: more }), app('ours', { first_party: true })], [tier, note])
        await way.allow(page)
        const tokens = await way.poll('taxes', code)
        expect(told(decodeJwt(tokens.id_token))).to.deep.equal(all)
        expect(said((await shownTo(who)).page), 'asked for the next time').to.deep.equal(['note'])
      })

      it('are told to an app of the suite without a question', async () => {
        const who = await somebody()
        const { code, page } = await shownTo(who, 'ours')
        expect(said(page)).to.deep.equal([])
        await way.allow(page)
        expect(told(decodeJwt((await way.poll('ours', code)).id_token))).to.deep.equal(all)
      })
    })
})
