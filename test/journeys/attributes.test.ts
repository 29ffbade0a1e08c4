import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { belongings } from '../../src/accounts/belongings.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { belongingsList } from '../../src/wiring/personal-data.ts'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { journeySecret } from '../support/latchkey.ts'
import { toldApp, toldApps } from '../support/told-apps.ts'

const other = 'https://api.example/other'
const app = (id: string, more: object = {}) => toldApp(id, { apis: { [other]: ['read'] }, ...more })
const apps = [
  app('shop', {
    roles: ['trader', 'auditor'],
    claims: {
      kyc_tier: { from: 'kyc_tier' },
      'https://shop.example/where': { from: 'jurisdiction', in: ['userinfo'] },
      verified: { from: 'verified', in: ['id_token'] },
      groups: { from: 'roles', in: ['access_token', 'id_token'] },
    },
  }),
  app('bank', { roles: ['teller'], claims: { groups: { from: 'roles' } } }),
  app('news'),
]
const attributes = [
  { attribute: 'kyc_tier', type: 'integer' },
  { attribute: 'jurisdiction', values: ['AT', 'DE'] },
  { attribute: 'verified', type: 'boolean' },
  { attribute: 'note' },
]

describe('attributes and roles of people', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let at: ReturnType<typeof toldApps>
  let ada: Member
  let robot: string
  before(async () => {
    here = await adminApiServed(() => apps, {}, attributes)
    at = toldApps(here.issuer)
    ada = await here.member()
    robot = await here.asService('robot', ['admin:people.claims', 'admin:people.read'])
    for (const [attribute, value] of Object.entries({ kyc_tier: 2, jurisdiction: 'AT', verified: true, note: 'VIP' }))
      expect((await set(attribute, value)).status, attribute).to.equal(200)
    expect((await roles('shop', ['trader'])).status).to.equal(200)
    expect((await roles('bank', ['teller'])).status).to.equal(200)
  })
  after(() => here.stop())

  const set = (attribute: string, value: unknown, token = robot) =>
    here.ask(token, 'POST', `/people/${ada.account}/attributes/${attribute}`, { body: { value, reason: 'Ticket 1' } })
  const roles = (id: string, list: string[], token = robot) =>
    here.ask(token, 'POST', `/people/${ada.account}/app-roles/${id}`, { body: { roles: list, reason: 'Ticket 2' } })

  const signIn = async (id: string, more: Record<string, string> = {}) =>
    at.redeem(id, await at.authorize(ada.person.browser, id, more), more.resource)
  const api = { scope: 'openid read', resource: other }
  const names = ['kyc_tier', 'https://shop.example/where', 'verified', 'groups', 'note', 'jurisdiction', 'roles']
  const told = (claims: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => names.includes(name)))

  it('are told to an app where its entry maps them, and nowhere else', async () => {
    const own = await signIn('shop')
    expect(told(decodeJwt(own.id_token))).to.deep.equal({ kyc_tier: 2, verified: true, groups: ['trader'] })
    expect(told(await at.userinfo(own.access_token))).to.deep.equal({ kyc_tier: 2, 'https://shop.example/where': 'AT' })
    const { access_token: access } = await signIn('shop', api)
    expect(told(decodeJwt(access))).to.deep.equal({ kyc_tier: 2, groups: ['trader'] })
  })

  it('are told to no app whose entry maps nothing, whatever it asks for, and no app is told of roles in another', async () => {
    const claims = JSON.stringify({
      id_token: { kyc_tier: { essential: true } },
      userinfo: { note: null, roles: null },
    })
    const news = await signIn('news', { claims })
    for (const each of [decodeJwt(news.id_token), await at.userinfo(news.access_token)])
      expect(told(each)).to.deep.equal({})
    expect(told(decodeJwt((await signIn('news', api)).access_token))).to.deep.equal({})
    const bank = await signIn('bank', { claims })
    expect(told(decodeJwt(bank.id_token))).to.deep.equal({ groups: ['teller'] })
  })

  it('change at the next refresh', async () => {
    const first = await signIn('shop', { ...api, scope: 'openid read offline_access' })
    await set('kyc_tier', 3)
    await set('verified', null)
    await roles('shop', ['auditor', 'trader'])
    const next = await at.refresh('shop', first.refresh_token, { resource: other })
    expect(told(decodeJwt(next.access_token))).to.deep.equal({ kyc_tier: 3, groups: ['trader', 'auditor'] })
    expect(told(decodeJwt(next.id_token))).to.deep.equal({ kyc_tier: 3, groups: ['trader', 'auditor'] })
    await roles('shop', [])
    const last = await at.refresh('shop', next.refresh_token, { resource: other })
    expect(told(decodeJwt(last.access_token))).to.deep.equal({ kyc_tier: 3 })
    await roles('shop', ['trader'])
  })

  const wrong: [string, unknown][] = [
    ['kyc_tier', 1.5],
    ['kyc_tier', 'two'],
    ['kyc_tier', true],
    ['jurisdiction', 'CH'],
    ['verified', 1],
    ['note', ''],
    ['note', ' x'],
  ]
  for (const [attribute, value] of wrong)
    it(`take no value that is not as declared: ${attribute} ${JSON.stringify(value)}`, async () => {
      const { status, body } = await set(attribute, value)
      expect([status, body.code]).to.deep.equal([422, 'invalid_attribute'])
    })

  it('are only those that are declared, and so are roles and apps', async () => {
    for (const each of ['nobody', 'constructor', '__proto__']) expect((await set(each, 'x')).status, each).to.equal(404)
    for (const each of ['nobody', '__proto__']) expect((await roles(each, ['trader'])).status, each).to.equal(404)
    const { status, body } = await roles('bank', ['trader'])
    expect([status, body.code]).to.deep.equal([422, 'invalid_attribute'])
    const nobody = await here.ask(robot, 'POST', '/people/nobody/attributes/note', {
      body: { value: 'x', reason: 'x' },
    })
    expect(nobody.status).to.equal(404)
  })

  it('are listed with the apps that are told of them, and shown with the person', async () => {
    const { body } = await here.ask(robot, 'GET', '/attributes')
    expect(body.attributes).to.deep.include({ attribute: 'jurisdiction', type: 'text', values: ['AT', 'DE'] })
    expect(body.apps.map((each: { app: string }) => each.app)).to.deep.equal(['shop', 'bank'])
    const person = await here.ask(robot, 'GET', `/people/${ada.account}`)
    expect(person.body.attributes).to.include({ jurisdiction: 'AT', note: 'VIP' })
    expect(person.body.appRoles).to.deep.include({ bank: ['teller'] })
  })

  it('need a reason and the scope, and are on the audit log without their values', async () => {
    const reader = await here.asService('robot', ['admin:people.read', 'admin:people.write'])
    expect((await set('note', 'x', reader)).status).to.equal(403)
    const bare = await here.ask(robot, 'POST', `/people/${ada.account}/attributes/note`, {
      body: { value: 'x', reason: ' ' },
    })
    expect([bare.status, bare.body.code]).to.deep.equal([422, 'reason_needed'])
    const found: unknown[] = []
    for await (const entry of ledger({ store: here.latchkey.store }).entries())
      if (entry.name === 'attribute.changed') found.push(entry.data)
    expect(found[0]).to.deep.equal({ account: ada.account, attribute: 'kyc_tier', client: 'robot', reason: 'Ticket 1' })
    expect(JSON.stringify(found)).to.not.include('VIP')
  })

  it('are part of what their owner is given of their data', async () => {
    const { store } = here.latchkey
    const kept = belongings(store, sealer(keyring([journeySecret])), belongingsList)
    let text = ''
    for (const { documents } of kept.of(ada.account)) for await (const each of documents) text += JSON.stringify(each)
    expect(text).to.include('"kyc_tier":3').and.to.include('"teller"')
  })
})
