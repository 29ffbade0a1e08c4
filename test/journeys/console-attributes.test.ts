import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { usePasskey } from '../support/security.ts'
import { callbackOf, said, told, toldApps } from '../support/told-apps.ts'

const shop = {
  ...{ client_id: 'constructor', client_name: 'Shop', token_endpoint_auth_method: 'none', first_party: true },
  ...{ redirect_uris: ['https://shop.example/callback'], roles: ['trader', 'auditor'] },
  claims: { tier: { from: 'kyc_tier' } },
}
const attributes = [
  { attribute: 'kyc_tier', type: 'integer', name: { en: 'Verification level', de: 'Prüfstufe' } },
  { attribute: 'jurisdiction', values: ['AT', 'DE'] },
  { attribute: 'verified', type: 'boolean', name: 'Passport checked' },
]

describe('attributes and roles in the staff area', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let [ada, security, person] = [] as unknown as [Member, Member, Member]
  let base: string
  before(async () => {
    here = await adminApiServed(() => [shop], {}, attributes)
    ada = await here.member('admin')
    security = await here.member('security')
    person = await here.member()
    base = `/admin/people/${person.account}`
  })
  after(() => here.stop())

  const open = async ({ person, device }: Member, path: string) => {
    const page = await person.browser.get(`${here.issuer}${path}`)
    return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
  }
  const shown = async (what: string) => (await open(ada, base)).find(what)?.text

  it('are shown with a person, and set with a reason', async () => {
    expect(await shown('[data-attribute=kyc_tier]')).to.include('Not set')
    const form = await open(ada, `${base}/attributes/kyc_tier`)
    expect([form.h1, form.find('[data-cancel]')?.attributes.href]).to.deep.equal(['Edit kyc_tier', base])
    const unexplained = await form.submit({ value: '2', reason: ' ' })
    expect([unexplained.status, unexplained.find('#value')?.attributes.value]).to.deep.equal([422, '2'])
    const done = await form.submit({ value: '2', reason: 'Passport checked' })
    expect(done.find('[role=status]')?.text).to.include('Saved.')
    expect(done.find('[data-attribute=kyc_tier]')?.text).to.include('2')
    await (await open(ada, `${base}/attributes/kyc_tier`)).submit({ value: '', reason: 'By mistake' })
    expect(await shown('[data-attribute=kyc_tier]')).to.include('Not set')
  })

  it('are refused beside the field where they do not fit, and nothing typed is lost', async () => {
    const form = await open(ada, `${base}/attributes/kyc_tier`)
    const page = await form.submit({ value: 'two', reason: 'Ticket 1' })
    expect([page.status, page.find('#value')?.attributes.value]).to.deep.equal([422, 'two'])
    expect(page.find('#value-error')?.text).to.include('This value doesn’t fit')
    expect(page.find('#reason')?.text).to.equal('Ticket 1')
  })

  it('of a choice are chosen, and roles are ticked', async () => {
    const choice = await open(ada, `${base}/attributes/jurisdiction`)
    expect(choice.all('input[type=radio]').map(({ attributes }) => attributes.value)).to.deep.equal(['', 'AT', 'DE'])
    await choice.submit({ value: 'DE', reason: 'Moved' })
    expect(await shown('[data-attribute=jurisdiction]')).to.include('DE')
    expect(await shown('[data-app-roles]')).to.include('Not set')
    const roles = await open(ada, `${base}/app-roles/constructor`)
    expect(roles.all('input[checked]')).to.deep.equal([])
    await roles.submit({ roles: 'auditor', reason: 'Hired' })
    expect(await shown('[data-app-roles]'))
      .to.include('auditor')
      .and.to.not.include('trader')
    const again = await open(ada, `${base}/app-roles/constructor`)
    expect(again.find('input[checked]')?.attributes.value).to.equal('auditor')
  })

  it('are read by staff of every role, and set by none below admin, nor on one’s own account', async () => {
    const seen = await open(security, base)
    expect(seen.find('[data-attribute=jurisdiction]')?.text).to.include('DE').and.to.not.include('Edit')
    const paths = ['attributes/kyc_tier', 'app-roles/constructor']
    for (const path of paths) {
      expect((await open(security, `${base}/${path}`)).status, path).to.equal(403)
      const given = { value: '9', roles: 'trader', reason: 'Mine' }
      expect((await security.person.browser.post(`${here.issuer}${base}/${path}`, given)).status, path).to.equal(403)
      const own = `${here.issuer}/admin/people/${ada.account}/${path}`
      expect((await ada.person.browser.post(own, given)).status, path).to.equal(403)
    }
    expect(await shown('[data-attribute=kyc_tier]')).to.include('Not set')
  })

  it('that are not declared have no page', async () => {
    for (const path of ['attributes/nothing', 'app-roles/robot', 'app-roles/nobody'])
      expect((await open(ada, `${base}/${path}`)).status, path).to.equal(404)
  })

  it('are given to an app that staff make, a line each, and shown with it', async () => {
    const form = await open(ada, '/admin/new-app')
    expect(form.text).to.include('Attributes: kyc_tier, verified, roles.')
    const typed = {
      ...{ template: 'spa', client_name: 'Broker', redirect_uris: 'https://broker.example/callback' },
      ...{ roles: 'client', reason: 'Contract signed' },
    }
    const lines = 'tier = kyc_tier in id_token\r\n\r\nkyc_tier\r\nhttps://broker.example/groups=roles'
    const wrong: [object, string, string][] = [
      [{ claims: `${lines}\ntier = roles` }, 'claims', 'kyc_tier, roles'],
      [{ claims: 'x = jurisdiction' }, 'claims', '“jurisdiction”'],
      [{ claims: 'sub = kyc_tier' }, 'claims', '“sub”'],
      [{ claims: '= kyc_tier' }, 'claims', '“”'],
      [{ claims: `${lines}\n__proto__ = kyc_tier` }, 'claims', '“__proto__” can’t name a claim'],
      [{ claims: 'a%.info = kyc_tier' }, 'claims', '“a%.info” can’t name a claim'],
      [{ claims: 'tier = kyc_tier header' }, 'claims', 'after “in”'],
      [{ roles: 'client No' }, 'roles', '“No”'],
      [{ roles: '' }, 'claims', 'List the app’s roles'],
    ]
    for (const [more, name, text] of wrong) {
      const page = await form.submit({ ...typed, claims: lines, ...more })
      expect([page.status, page.find(`#${name}-error`)?.text], JSON.stringify(more)).to.satisfy(
        ([status, told]: [number, string]) => status === 422 && told?.includes(text),
      )
      const check = await ada.person.browser.post(`${form.url}/check`, {
        ...typed,
        roles: 'client',
        claims: lines,
        ...more,
      })
      const { faults } = check.json() as { faults: { field: string; text: string }[] }
      expect(faults.find(each => each.field === name)?.text, JSON.stringify(more)).to.include(text)
    }
    const made = await form.submit({ ...typed, claims: lines })
    expect([made.status, made.h1]).to.deep.equal([200, 'Broker'])
    for (const each of ['tier = kyc_tier in id_token', 'kyc_tier = kyc_tier', 'https://broker.example/groups = roles'])
      expect(made.text).to.include(each)
    const change = await open(ada, '/admin/apps/broker/change')
    expect(change.find('#claims')?.text).to.include('tier = kyc_tier in id_token').and.to.include('= roles')
    const kept = await change.submit({ reason: 'Nothing is lost' })
    expect(kept.text).to.include('tier = kyc_tier in id_token').and.to.include('client')
    const shownNow = await open(ada, `/admin/people/${person.account}`)
    expect(shownNow.find('[data-app-roles=broker]')?.text).to.include('Not set')
  })

  it('are told to an app of the store by the same rules, which staff change while it is used', async () => {
    const robot = await here.asService('robot', ['admin:people.claims', 'admin:people.read', 'admin:apps.write'])
    const say = async (path: string, body: object) => {
      const { status } = await here.ask(robot, 'POST', `/people/${person.account}/${path}`, {
        body: { ...body, reason: 'x' },
      })
      expect(status, path).to.equal(200)
    }
    const at = toldApps(here.issuer, { funds: '' })
    const { browser } = person.person
    const asked = (more: Record<string, string> = {}) => at.authorize(browser, 'funds', more)
    const usual = { tier: { from: 'kyc_tier' }, groups: { from: 'roles' } }
    await say('attributes/kyc_tier', { value: 2 })
    const wishes = (claims: object, more: object = {}) => ({
      ...{
        client_name: 'Funds',
        redirect_uris: [callbackOf('funds')],
        roles: ['client'],
        claims,
        reason: 'x',
        ...more,
      },
    })
    const made = await here.ask(robot, 'POST', '/apps', {
      body: { ...wishes(usual), template: 'spa', client_id: 'funds' },
    })
    expect(made.status, JSON.stringify(made.body)).to.equal(200)
    expect(made.body.app.claims.groups).to.deep.equal({ from: 'roles', in: ['id_token', 'userinfo', 'access_token'] })
    await say('app-roles/funds', { roles: ['client'] })
    const { body } = await here.ask(robot, 'GET', '/attributes')
    expect(body.apps.map((each: { app: string }) => each.app)).to.include('funds')
    expect(body.attributes[0]).to.deep.equal(attributes[0])

    const page = await asked({ scope: 'openid offline_access', prompt: 'consent' })
    expect([page.text.includes('Funds'), said(page)]).to.deep.equal([true, ['kyc_tier', 'roles']])
    const tokens = await at.redeem('funds', await at.press(browser, 'funds', page, 'consent'))
    expect(told(decodeJwt(tokens.id_token))).to.deep.equal({ tier: 2, groups: ['client'] })

    const change = (claims: object, more: object = {}) =>
      here.ask(robot, 'POST', '/apps/funds', { body: wishes(claims, more) })
    expect((await change({ verified: { from: 'verified' }, tier: { from: 'kyc_tier' } })).status).to.equal(200)
    await say('attributes/verified', { value: true })
    const next = await at.refresh('funds', tokens.refresh_token)
    expect(told(decodeJwt(next.id_token))).to.deep.equal({ tier: 2 })
    expect(said(await asked())).to.deep.equal(['verified'])
    // The catalogue forgets one: the app goes on without it.
    await here.redeclare([], attributes.slice(1))
    const last = await at.refresh('funds', next.refresh_token)
    expect(told(decodeJwt(last.id_token))).to.deep.equal({})

    await here.redeclare([shop], attributes)
    const wrong: [object, string][] = [
      [{ tier: { from: 'nothing' } }, 'claim_unknown'],
      [{ tier: { from: 'jurisdiction' } }, 'claim_unknown'],
      [{ sub: { from: 'kyc_tier' } }, 'claim_name'],
      [{ '1x': { from: 'kyc_tier' } }, 'claim_name'],
      [{ tier: { from: 'kyc_tier', in: ['header'] } }, 'claim_place'],
      [{ tier: { from: 'kyc_tier', in: [] } }, 'claim_place'],
    ]
    for (const [claims, code] of wrong) {
      const { status, body } = await change(claims)
      expect([status, body.code, body.errors?.[0]?.pointer ?? body.field], code).to.include.members([422, code])
    }
    expect((await change(usual, { roles: [] })).body.code).to.equal('claim_roles')
    expect((await change({}, { roles: ['No role'] })).body.code).to.equal('invalid_app_roles')
    const service = { ...wishes({ tier: { from: 'kyc_tier' } }), redirect_uris: [], template: 'service' }
    expect((await here.ask(robot, 'POST', '/apps', { body: service })).body.code).to.equal('claim_unasked')
  })
})
