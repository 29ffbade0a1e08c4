import { expect } from 'chai'
import { type Clerk, identityAt } from '../support/identity.ts'
import type { Page } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'

const reason = 'She joins the team.'

describe('roles in the console', function () {
  this.timeout(60_000)
  let latchkey: Running
  let of: ReturnType<typeof identityAt>
  const staff = {} as Record<'security' | 'admin', Clerk>
  before(async () => {
    latchkey = await startLatchkey()
    of = identityAt(latchkey)
    for (const role of ['security', 'admin'] as const) staff[role] = await of.clerk(role)
  })
  after(() => latchkey?.stop())

  const url = (path: string) => `${latchkey.issuer}${path}`
  /** A post by one of the staff, from the page that asks first. */
  const act = async (who: Clerk, path: string): Promise<Page> => {
    await who.open(path)
    return who.person.browser.post(url(path), { reason })
  }
  const page = async (who: Clerk, email: string) => who.open(`/admin/people/${await of.idOf(email)}`)

  it('keeps the last admin', async () => {
    const { admin } = staff
    const own = await of.idOf(admin.person.email)
    expect((await act(admin, `/admin/roles/${own}/admin`)).status).to.equal(409)
    expect((await admin.open('/admin/roles')).status).to.equal(200)
  })

  it('knows no page for a role that does not exist', async () => {
    const { admin } = staff
    const own = await of.idOf(admin.person.email)
    for (const role of ['owner', 'Admin', '__proto__', 'constructor'])
      expect((await admin.open(`/admin/roles/${own}/${role}`)).status, role).to.equal(404)
  })

  it('takes two admins to give a role that decides, and one to take it away', async () => {
    const [second, ada] = [await of.clerk('admin'), await of.at.joined()]
    const id = await of.idOf(ada.email)
    const given = { email: ada.email, role: 'support', reason }
    await staff.admin.open(`/admin/roles/${id}/support`)
    const asked = await staff.admin.person.browser.post(url('/admin/roles/give'), given)
    expect(asked.find('[role=status]')?.text).to.contain('A second member of staff')
    expect((await ada.browser.get(url('/admin'))).status).to.equal(404)
    const waiting = (await page(second, ada.email)).links.find(({ href }) => href.includes('/admin/proposals/'))
    const path = new URL(String(waiting?.href), latchkey.issuer).pathname
    const seen = await staff.security.open(path)
    expect([seen.find('[data-confirm]'), seen.find('textarea')]).to.deep.equal([undefined, undefined])
    expect((await staff.admin.open(path)).find('[data-confirm]')).to.equal(undefined)
    expect((await staff.admin.person.browser.post(url(`${path}/confirm`), { reason })).status).to.equal(403)
    expect((await second.open(path)).all('strong').map(({ text }) => text)).to.include('Support')
    const done = await second.person.browser.post(url(`${path}/confirm`), { reason })
    expect(done.find('[role=status]')?.text).to.contain('carried out')
    expect((await second.open('/admin/roles')).text).to.contain(ada.email)
    await act(second, `/admin/roles/${id}/support`)
    expect((await second.open('/admin/roles')).text).to.not.contain(ada.email)
    await act(second, `/admin/roles/${await of.idOf(second.person.email)}/admin`)
  })

  it('takes two admins to take that of a colleague who decides about protection, and says who could confirm', async () => {
    const id = await of.idOf(staff.security.person.email)
    const from = `/admin/roles/${id}/security`
    const alone = await act(staff.admin, from)
    expect([alone.status, alone.text.includes('at the command line')]).to.deep.equal([409, true])
    const second = await of.clerk('admin')
    expect((await staff.admin.open(from)).text).to.contain('Propose')
    const asked = await staff.admin.person.browser.post(url(from), { reason })
    expect(asked.find('[role=status]')?.text).to.contain('A second member of staff')
    expect((await staff.admin.open('/admin/roles')).text).to.contain(staff.security.person.email)
    const waiting = (await second.open('/admin/proposals')).links.find(({ href }) => href.includes('/admin/proposals/'))
    const path = new URL(String(waiting?.href), latchkey.issuer).pathname
    expect((await second.open(path)).all('strong').map(({ text }) => text)).to.include('Security')
    const done = await second.person.browser.post(url(`${path}/confirm`), { reason })
    expect(done.find('[role=status]')?.text).to.contain('carried out')
    expect((await second.open('/admin/roles')).text).to.not.contain(staff.security.person.email)
  })
})
