import { expect } from 'chai'
import { type Role, roleNames } from '../../src/accounts/role.ts'
import { authenticator } from '../support/authenticator.ts'
import { type Clerk, identityAt } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signIn } from '../support/people.ts'

const reason = 'She called, and I know her voice.'

describe('the console', function () {
  this.timeout(60_000)
  const latchkey = whileTesting(startLatchkey)
  const of = identityAt(latchkey)
  const staff = {} as Record<Role, Clerk>
  /** Whom the staff act on, and somebody who has no role. */
  let target: Person
  let outsider: Person
  before(async () => {
    for (const role of roleNames) staff[role] = await of.clerk(role)
    target = await of.at.joined()
    outsider = await of.at.joined()
  })

  const url = (path: string) => `${latchkey.issuer}${path}`
  /** A post by one of the staff, from the page that asks first. */
  const act = async (who: Clerk, path: string, given: Record<string, string> = { reason }): Promise<Page> => {
    await who.open(path)
    return who.person.browser.post(url(path), given)
  }
  const page = async (who: Clerk, email: string) => who.open(`/admin/people/${await of.idOf(email)}`)

  const viewer: readonly Role[] = roleNames
  const support = roleNames.slice(1)
  const security = roleNames.slice(2)
  const admin = roleNames.slice(3)
  /** Every address of the console, and the roles to which it answers. */
  const addresses: [path: string, roles: readonly Role[], post?: Record<string, string>][] = [
    ['/admin', viewer],
    ['/admin/people', viewer],
    ['/admin/people?query=ada', viewer],
    ['/admin/people/PERSON', viewer],
    ['/admin/recovery', viewer],
    ['/admin/proposals', viewer],
    ['/admin/roles', viewer],
    ['/admin/audit', viewer],
    ['/admin/audit?event=session.started&from=2020-01-01&to=2030-01-01', viewer],
    ['/admin?period=quarter', viewer],
    ['/admin/audit.ndjson', security],
    ['/admin/people/PERSON/end-sessions', support],
    ['/admin/people/PERSON/lock', security],
    ['/admin/people/PERSON/unlock', security],
    ['/admin/people/PERSON/require-password', security],
    ['/admin/people/PERSON/compromise', security],
    ['/admin/people/PERSON/lift-hold', security],
    ['/admin/people/PERSON/remove-factor?credential=none', security],
    ['/admin/people/PERSON/close', security],
    ['/admin/people/PERSON/change-address', security],
    ['/admin/people/PERSON/change-number', security],
    ['/admin/people/PERSON/start-recovery', support],
    ['/admin/people/PERSON/export', admin],
    ['/admin/people/PERSON/restore', security],
    ['/admin/roles/PERSON/viewer', admin],
    ['/admin/people/PERSON/note', support, { text: 'She called.' }],
    ['/admin/people/PERSON/end-sessions', support, { reason }],
    ['/admin/people/PERSON/lock', security, { reason }],
    ['/admin/people/PERSON/unlock', security, { reason }],
    ['/admin/people/PERSON/require-password', security, { reason }],
    ['/admin/people/PERSON/compromise', security, { reason }],
    ['/admin/people/PERSON/lift-hold', security, { reason }],
    ['/admin/people/PERSON/close', security, { reason }],
    ['/admin/audit/verify', security, {}],
    ['/admin/roles/give', admin, { email: 'EMAIL', role: 'viewer', reason }],
  ]

  for (const [path, roles, post] of addresses) {
    const what = post ? `a post to ${path}` : path
    it(`answers ${roles[0]} and above, and nobody else: ${what}`, async () => {
      const id = await of.idOf(target.email)
      const at = url(path.replace('PERSON', id))
      const given =
        post && Object.fromEntries(Object.entries(post).map(([k, v]) => [k, v.replace('EMAIL', target.email)]))
      const send = (browser: Clerk['person']['browser']) => (given ? browser.post(at, given) : browser.get(at))
      const stranger = await send(jar())
      if (given) expect(stranger.status).to.equal(404)
      else expect(stranger.h1).to.equal('Sign in')
      expect((await send(outsider.browser)).status, 'a person without a role').to.equal(404)
      for (const role of roleNames) {
        const clerk = staff[role]
        await clerk.open('/admin')
        // So that each proves enough, whoever waited how long.
        await clerk.open(`/admin/people/${id}/end-sessions`)
        const answer = await send(clerk.person.browser)
        if (roles.includes(role)) expect(answer.status, role).to.be.oneOf([200, 409])
        else expect(answer.status, role).to.equal(403)
      }
    })
  }

  it('finds a person, and shows what the account holds without its secrets', async () => {
    const ada = await of.at.joined()
    const found = await staff.viewer.open(`/admin/people?query=${encodeURIComponent(ada.email)}`)
    expect(found.text).to.contain(ada.email)
    const seen = await page(staff.viewer, ada.email)
    expect(seen.text).to.contain('Authenticator app').and.not.contain(ada.secret)
    expect(seen.find('[data-act]')).to.equal(undefined)
    const log = await ada.browser.get(url('/account/activity'))
    expect(log.text).to.contain('Our staff viewed your account')
  })

  it('locks a person out until it unlocks them, and tells them', async () => {
    const ada = await of.at.joined()
    const id = await of.idOf(ada.email)
    const done = await act(staff.security, `/admin/people/${id}/lock`)
    expect(done.find('[role=status]')?.text).to.contain('The account is locked.')
    expect((await ada.browser.get(url('/account'))).h1).to.equal('Sign in')
    const told = (await latchkey.outbox(ada.email)).find(each => each.text.includes('Our staff locked your account'))
    expect(told?.link, 'nothing of it can be undone by mail').to.equal(undefined)
    expect(told?.text).to.not.contain(reason)
    const there = { ...ada, browser: jar() }
    const shut = await signIn(latchkey, there, await there.browser.get(url('/sign-in')))
    expect(shut.h1).to.equal('Your account is locked')
    expect((await there.browser.get(url('/account'))).h1).to.equal('Sign in')
    const again = await act(staff.security, `/admin/people/${id}/lock`)
    expect(again.status).to.equal(409)
    await act(staff.security, `/admin/people/${id}/unlock`)
    const back = await of.at.elsewhere(ada)
    expect((await back.browser.get(url('/account'))).status).to.equal(200)
  })

  it('lets nobody set up anything on an account that it locked, whatever they prove', async () => {
    const ada = await of.at.joined()
    const id = await of.idOf(ada.email)
    await act(staff.security, `/admin/people/${id}/lock`)
    const browser = jar()
    await (await browser.get(url('/forgot-password'))).submit({ email: ada.email })
    const mail = (await latchkey.outbox(ada.email)).find(each => each.link?.includes('/reset/'))
    const asked = await (await browser.get(mail?.link ?? '')).submit()
    const shut = await asked.submit({ code: authenticatorCode(latchkey, ada) })
    expect(shut.h1).to.equal('Your account is locked')
    const password = `new ${ada.password}`
    latchkey.keepOut(password)
    await browser.post(`${shut.url}/password`, { password })
    await act(staff.security, `/admin/people/${id}/unlock`)
    const back = await of.at.elsewhere(ada)
    expect((await back.browser.get(url('/account'))).status).to.equal(200)
  })

  it('takes two of the staff to lift a hold', async () => {
    const ada = await of.at.joined()
    const id = await of.idOf(ada.email)
    await act(staff.security, `/admin/people/${id}/compromise`)
    expect((await page(staff.security, ada.email)).find('[data-hold]')).to.not.equal(undefined)
    const proposed = await act(staff.security, `/admin/people/${id}/lift-hold`)
    expect(proposed.find('[role=status]')?.text).to.contain('A second member of staff')
    const waiting = (await page(staff.admin, ada.email)).links.find(({ href }) => href.includes('/admin/proposals/'))
    const path = new URL(String(waiting?.href), latchkey.issuer).pathname
    expect((await staff.admin.open('/admin/proposals')).text).to.contain(ada.email)
    const own = await staff.security.open(path)
    expect(own.find('[data-confirm]')).to.equal(undefined)
    expect((await staff.security.person.browser.post(url(`${path}/confirm`), { reason })).status).to.equal(403)
    await staff.admin.open(path)
    const confirm = () => staff.admin.person.browser.post(url(`${path}/confirm`), { reason })
    expect((await confirm()).find('[role=status]')?.text).to.contain('carried out')
    expect((await confirm()).status, 'replayed').to.equal(404)
    expect((await page(staff.security, ada.email)).find('[data-hold]')).to.equal(undefined)
  })

  it('shows the second one which sign-in method is removed', async () => {
    const ada = await of.at.joined('totp', authenticator())
    const seen = await page(staff.security, ada.email)
    const [link] = seen.links.filter(({ href }) => href.includes('/remove-factor?credential='))
    const to = new URL(String(link?.href), latchkey.issuer)
    await act(staff.security, to.pathname, { reason, credential: String(to.searchParams.get('credential')) })
    const waiting = (await page(staff.admin, ada.email)).links.find(({ href }) => href.includes('/admin/proposals/'))
    const asked = await staff.admin.open(new URL(String(waiting?.href), latchkey.issuer).pathname)
    const named = seen.all('strong').map(({ text }) => text)
    expect(named).to.include(asked.find('[data-removes] strong')?.text)
  })

  it('lets nobody act on their own account', async () => {
    const { security } = staff
    const own = await of.idOf(security.person.email)
    expect((await page(security, security.person.email)).find('[data-act]')).to.equal(undefined)
    for (const each of ['lock', 'lift-hold', 'end-sessions'])
      expect((await act(security, `/admin/people/${own}/${each}`)).status, each).to.equal(403)
  })

  it('asks for a reason', async () => {
    const ada = await of.at.joined()
    const path = `/admin/people/${await of.idOf(ada.email)}/lock`
    const refused = await act(staff.security, path, { reason: ' ' })
    expect([refused.status, refused.find('[role=alert]')?.text]).to.not.include(undefined)
    expect(refused.status).to.equal(422)
  })

  it('asks for the passkey anew before anything is changed', async () => {
    const ada = await of.at.joined()
    const { security } = staff
    await security.open('/admin')
    latchkey.clock.pass(20 * 60_000)
    const path = `/admin/people/${await of.idOf(ada.email)}/lock`
    expect((await security.person.browser.get(url('/admin/people'))).h1).to.equal('People')
    for (const asked of [
      await security.person.browser.get(url(path)),
      await security.person.browser.post(url(path), { reason }),
    ])
      expect(asked.h1).to.equal('Use your passkey')
    expect((await ada.browser.get(url('/account'))).status).to.equal(200)
  })

  it('shows no page to staff whose passkey was proved too long ago, even where what they post is refused', async () => {
    const ada = await of.at.joined()
    const id = await of.idOf(ada.email)
    await act(staff.security, `/admin/people/${id}/lift-hold`)
    const posts: [Role, string, Record<string, string>][] = [
      ['viewer', `/admin/people/${id}/note`, { text: 'A role that writes no notes' }],
      ['security', `/admin/people/${id}/lock`, { reason: ' ' }],
      ['admin', '/admin/roles/give', { email: ada.email, role: 'viewer', reason: ' ' }],
      ['admin', '/admin/new-app', { client_name: 'Shop', reason: ' ' }],
    ]
    for (const [role] of posts) await staff[role].open('/admin')
    latchkey.clock.pass(61 * 60_000)
    for (const [role, path, given] of posts) {
      const answer = await staff[role].person.browser.post(url(path), given)
      expect(answer.h1, path).to.equal('Use your passkey')
      expect(answer.text, path).to.not.contain(ada.email)
    }
  })

  it('shows the audit log by account, with who of the staff it was and why, and verifies it', async () => {
    const ada = await of.at.joined()
    await act(staff.security, `/admin/people/${await of.idOf(ada.email)}/lock`)
    const log = await staff.viewer.open(`/admin/audit?account=${encodeURIComponent(ada.email)}&event=account.locked`)
    expect(log.all('.line')).to.have.length(1)
    expect(log.text).to.contain(`${staff.security.person.email}: ${reason}`)
    const whole = await staff.security.open('/admin/audit')
    const verified = await whole.submit({}, { action: '/admin/audit/verify' })
    expect(verified.find('[role=status]')?.text).to.contain('The log is complete and unchanged')
    const lines = (await staff.security.open('/admin/audit.ndjson')).html.trim().split('\n')
    expect(JSON.parse(lines[0] ?? '')).to.include({ sequence: 1 })
    expect(JSON.parse(lines.at(-1) ?? '')).to.have.keys('head')
  })
})
