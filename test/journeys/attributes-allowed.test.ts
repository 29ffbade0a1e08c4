import { expect } from 'chai'
import { decodeJwt } from 'jose'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import type { Page } from '../support/jar.ts'
import { callbackOf, said, told, toldApp, toldApps } from '../support/told-apps.ts'

const other = 'https://api.example/other'
const hostile = `<img src=x onerror=alert(1)>\u202e\u2066${'x'.repeat(160)}`
const tier = { attribute: 'kyc_tier', type: 'integer', name: { en: 'Verification level', de: 'Prüfstufe' } }
const note = { attribute: 'note', name: 'What our staff noted' }
const checked = { attribute: 'checked', type: 'boolean', name: 'Passport checked' }
const catalogue = [tier, note, checked]
const stranger = (id: string, claims: object, more: object = {}) =>
  toldApp(id, { first_party: false, apis: { [other]: ['read'] }, roles: ['client'], claims, ...more })
const usual = { tier: { from: 'kyc_tier' }, groups: { from: 'roles' } }
const apps = (claims: object = usual) => [
  stranger('taxes', claims),
  stranger('ledger', usual),
  stranger('nosy', {}),
  toldApp('ours', { claims: usual, roles: ['client'] }),
]

describe('attributes and roles that third parties are told', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let at: ReturnType<typeof toldApps>
  let robot: string
  before(async () => {
    here = await adminApiServed(() => apps(), { LATCHKEY_REGISTRATION: 'open' }, catalogue)
    at = toldApps(here.issuer)
    robot = await here.asService('robot', ['admin:people.claims'])
  })
  after(() => here.stop())
  afterEach(() => here.redeclare(apps(), catalogue))

  const say = async ({ account }: Member, path: string, body: object) => {
    const { status } = await here.ask(robot, 'POST', `/people/${account}/${path}`, { body: { ...body, reason: 'x' } })
    expect(status, path).to.equal(200)
  }
  /** Somebody of the second tier, a client of each app. */
  const somebody = async (): Promise<Member> => {
    const who = await here.member()
    await say(who, 'attributes/kyc_tier', { value: 2 })
    for (const id of ['taxes', 'ledger', 'ours']) await say(who, `app-roles/${id}`, { roles: ['client'] })
    return who
  }
  const lasting = { scope: 'openid offline_access', prompt: 'consent' }
  const asked = async ({ person: { browser } }: Member, id = 'taxes', more: Record<string, string> = lasting) =>
    at.authorize(browser, id, more)
  const pressed = async (who: Member, page: Page, id = 'taxes') => at.press(who.person.browser, id, page, 'consent')
  const allowed = async (who: Member, id = 'taxes', more: Record<string, string> = lasting) =>
    at.redeem(id, await pressed(who, await asked(who, id, more), id), more.resource)
  const all = { tier: 2, groups: ['client'] }
  const withheld = async ({ person: { browser } }: Member, attribute: string, id = 'taxes') =>
    browser.post(`${here.issuer}/account/apps/withhold`, { client: id, attribute, confirmed: 'yes' })

  it('are named on the page that asks, each with what it is now, and told the same everywhere once they are allowed', async () => {
    const who = await somebody()
    const page = await asked(who)
    expect(page.h1).to.equal('Allow access?')
    expect(said(page)).to.deep.equal(['kyc_tier', 'roles'])
    expect(page.text).to.include('Verification level').and.to.include('Your roles in this app')
    expect(page.all('[data-told] .said').map(each => each.text)).to.deep.equal(['2', 'client'])
    const tokens = await at.redeem('taxes', await pressed(who, page))
    expect(told(decodeJwt(tokens.id_token))).to.deep.equal(all)
    expect(told(await at.userinfo(tokens.access_token))).to.deep.equal(all)
    const { body } = await at.answered('taxes', '/introspect', { token: tokens.access_token })
    expect(body.active).to.equal(true)
    expect(told(body)).to.deep.equal(all)
    const api = await asked(who, 'taxes', { scope: 'openid read', resource: other })
    const { access_token: access } = await at.redeem('taxes', await pressed(who, api), other)
    expect(told(decodeJwt(access))).to.deep.equal(all)
  })

  it('are told to an app of the suite without a question', async () => {
    const page = await asked(await somebody(), 'ours', {})
    expect(told(decodeJwt((await at.redeem('ours', page)).id_token))).to.deep.equal(all)
  })

  it('are not told where they are refused, and are asked for again', async () => {
    const who = await somebody()
    const refused = await at.press(who.person.browser, 'taxes', await asked(who), 'abort')
    expect(new URL(refused.location ?? '').searchParams.get('error')).to.equal('access_denied')
    expect(said(await asked(who, 'taxes', {}))).to.deep.equal(['kyc_tier', 'roles'])
    const silent = await asked(who, 'taxes', { prompt: 'none' })
    expect(new URL(silent.location ?? '').searchParams.get('error')).to.equal('consent_required')
  })

  it('are withheld one by one among the connected apps, from the next refresh on, and asked for again by prompt=consent alone', async () => {
    const who = await somebody()
    const tokens = await allowed(who)
    const { browser } = who.person
    const page = await browser.get(`${here.issuer}/account/apps`)
    expect(said(page)).to.deep.equal(['kyc_tier', 'roles'])
    const confirm = await page.submit({}, { action: '/account/apps/withhold', button: 'Stop sharing' })
    expect(confirm.h1).to.equal('Stop sharing Verification level?')
    const done = await confirm.submit({}, 'Stop sharing')
    expect(done.text).to.include('Verification level is no longer shared with the app.')
    expect(said(done)).to.deep.equal(['roles'])
    expect(told(await at.userinfo(tokens.access_token))).to.deep.equal({ groups: ['client'] })
    const next = await at.refresh('taxes', tokens.refresh_token)
    expect(told(decodeJwt(next.id_token))).to.deep.equal({ groups: ['client'] })
    expect(told((await at.answered('taxes', '/introspect', { token: next.access_token })).body)).to.deep.equal({
      groups: ['client'],
    })
    expect((await browser.get(`${here.issuer}/account/activity`)).text).to.include('you stopped sharing')
    const again = await at.redeem('taxes', await asked(who, 'taxes', {}))
    expect(told(decodeJwt(again.id_token))).to.deep.equal({ groups: ['client'] })
    const anew = await asked(who)
    expect(said(anew)).to.deep.equal(['kyc_tier'])
    expect(told(decodeJwt((await at.redeem('taxes', await pressed(who, anew))).id_token))).to.deep.equal(all)
    // The refresh token of before knows of it, too: what counts is what its owner says now.
    expect(told(decodeJwt((await at.refresh('taxes', next.refresh_token)).id_token))).to.deep.equal(all)
  })

  it('are withheld by their owner alone, from an app that is told them, once', async () => {
    const [who, eve] = [await somebody(), await here.member()]
    const tokens = await allowed(who)
    expect((await withheld(eve, 'kyc_tier')).status).to.equal(404)
    for (const [attribute, id] of [
      ['note', 'taxes'],
      ['kyc_tier', 'ledger'],
      ['kyc_tier', 'ours'],
      ['__proto__', 'taxes'],
    ])
      expect((await withheld(who, attribute ?? '', id)).status, `${attribute} ${id}`).to.equal(404)
    const evil = { from: 'https://evil.example' }
    const forged = { client: 'taxes', attribute: 'kyc_tier', confirmed: 'yes' }
    expect((await who.person.browser.post(`${here.issuer}/account/apps/withhold`, forged, evil)).status).to.equal(403)
    expect(told(decodeJwt((await at.refresh('taxes', tokens.refresh_token)).id_token))).to.deep.equal(all)
    const presses = await Promise.all(Array.from({ length: 5 }, () => withheld(who, 'kyc_tier')))
    expect(presses.filter(each => each.status === 404)).to.have.lengthOf(4)
  })

  it('end with the access, and are asked for again after it', async () => {
    const who = await somebody()
    const tokens = await allowed(who)
    await withheld(who, 'kyc_tier')
    await who.person.browser.post(`${here.issuer}/account/apps/revoke`, { client: 'taxes', confirmed: 'yes' })
    const refused = await at.answered('taxes', '/token', {
      ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
    })
    expect(refused.body.error).to.equal('invalid_grant')
    expect(said(await asked(who, 'taxes', {}))).to.deep.equal(['kyc_tier', 'roles'])
  })

  it('are told to no app because another was allowed them, nor for another person', async () => {
    const [who, eve] = [await somebody(), await somebody()]
    const page = await asked(who)
    const elsewhere = await eve.person.browser.post(`${page.url}/consent`, {}, { follow: false })
    expect(elsewhere.status).to.equal(410)
    await pressed(who, page)
    expect(said(await asked(who, 'ledger', {}))).to.deep.equal(['kyc_tier', 'roles'])
    expect(said(await asked(eve, 'taxes', {}))).to.deep.equal(['kyc_tier', 'roles'])
    const crossed = await at.answered('ledger', '/token', {
      ...{ grant_type: 'refresh_token', refresh_token: (await allowed(eve)).refresh_token },
    })
    expect(crossed.body.error).to.equal('invalid_grant')
  })

  it('that are mapped later reach no third party before its person is asked, whatever was allowed until then', async () => {
    const who = await somebody()
    await say(who, 'attributes/checked', { value: true })
    await here.redeclare(apps({}), catalogue)
    const narrow = await allowed(who)
    expect(told(decodeJwt(narrow.id_token))).to.deep.equal({})
    const stale = await asked(who)
    await here.redeclare(apps({ ...usual, checked: { from: 'checked' } }), catalogue)
    const refreshed = await at.refresh('taxes', narrow.refresh_token)
    expect(told(decodeJwt(refreshed.id_token))).to.deep.equal({})
    expect(told(await at.userinfo(refreshed.access_token))).to.deep.equal({})
    // A page that was open before allows what it showed, and no more.
    const next = await pressed(who, stale)
    expect(said(next)).to.deep.equal(['kyc_tier', 'roles', 'checked'])
    expect(next.all('[data-told] .said').map(each => each.text)).to.deep.equal(['2', 'client', 'Yes'])
    expect(told(decodeJwt((await at.redeem('taxes', await pressed(who, next))).id_token))).to.deep.equal({
      ...{ ...all, checked: true },
    })
    await here.redeclare(apps({ tier: { from: 'note' } }), catalogue)
    expect(told(decodeJwt((await at.refresh('taxes', refreshed.refresh_token)).id_token))).to.deep.equal({})
    expect(said(await asked(who, 'taxes', {}))).to.deep.equal(['note'])
  })

  it('are gone at the next refresh once they are not declared any more', async () => {
    const who = await somebody()
    const tokens = await allowed(who)
    await here.redeclare([stranger('taxes', { groups: { from: 'roles' } })], [note])
    const next = await at.refresh('taxes', tokens.refresh_token)
    expect(told(decodeJwt(next.id_token))).to.deep.equal({ groups: ['client'] })
    expect((await who.person.browser.get(`${here.issuer}/account/apps`)).status).to.equal(200)
  })

  it('are shown as text, however hostile, and each apart from the writing around it', async () => {
    const who = await somebody()
    await say(who, 'attributes/note', { value: hostile })
    await here.redeclare(apps({ note: { from: 'note' } }), catalogue)
    const page = await asked(who)
    const list = await pressed(who, page).then(() => who.person.browser.get(`${here.issuer}/account/apps`))
    for (const each of [page, list]) {
      expect(each.find('[data-told=note] .said bdi')?.text).to.equal(hostile)
      expect(each.all('img')).to.deep.equal([])
    }
  })

  it('are nothing that an app can ask for: by scope, by claims or by registering', async () => {
    const who = await somebody()
    const greedy = {
      scope: 'openid attribute:kyc_tier kyc_tier roles',
      claims: JSON.stringify({ id_token: { tier: { essential: true }, kyc_tier: null }, userinfo: { groups: null } }),
    }
    const page = await asked(who, 'nosy', greedy)
    expect([page.h1, said(page)]).to.deep.equal(['Allow access?', []])
    const tokens = await at.redeem('nosy', await pressed(who, page, 'nosy'))
    for (const each of [decodeJwt(tokens.id_token), await at.userinfo(tokens.access_token)])
      expect(told(each)).to.deep.equal({})

    for (const more of [{ claims: usual }, { roles: ['client'] }, { first_party: true }]) {
      const answer = await fetch(`${here.issuer}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'Greedy', redirect_uris: [callbackOf('greedy')], ...more }),
      })
      const body = (await answer.json()) as Record<string, string>
      expect(body, JSON.stringify(more)).to.not.have.any.keys('claims', 'roles')
      if (answer.status !== 201) continue
      const at = toldApps(here.issuer, { [body.client_id ?? '']: body.client_secret ?? '' })
      const strange = await at.authorize(who.person.browser, body.client_id ?? '', {
        redirect_uri: callbackOf('greedy'),
      })
      expect([strange.h1, said(strange)]).to.deep.equal(['Allow access?', []])
    }
  })
})
