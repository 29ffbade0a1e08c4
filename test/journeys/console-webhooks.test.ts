import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { type Role, roleNames } from '../../src/accounts/role.ts'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { usePasskey } from '../support/security.ts'

describe('webhooks in the staff area', function () {
  this.timeout(60_000)
  let here: Awaited<ReturnType<typeof adminApiServed>>
  const members = {} as Record<Role, Member>
  const server = createServer((_, response) => response.writeHead(204).end())
  let address: string
  before(async () => {
    here = await adminApiServed()
    for (const role of roleNames) members[role] = await here.member(role)
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
    address = `http://localhost:${(server.address() as AddressInfo).port}/events`
  })
  after(async () => {
    server.close()
    await here.stop()
  })

  const open = async ({ person, device }: Member, path: string) => {
    const page = await person.browser.get(`${here.issuer}${path}`)
    return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
  }
  const add = async (given: Record<string, string>) => {
    const page = await open(members.admin, '/admin/new-webhook')
    return page.submit({ url: address, events: 'role.*\naccount.locked', reason: 'Ticket 1', ...given })
  }

  it('are added on a page that says what is wrong beside the field, and loses nothing', async () => {
    const refused = await add({ url: 'ftp://siem.example.com' })
    expect(refused.status).to.equal(422)
    expect(refused.find('#url-error')?.text).to.include('https://')
    const unknown = await refused.submit({ url: address, events: 'account.eaten' })
    expect(unknown.find('#events-error')?.text).to.include('account.eaten')
    expect(unknown.find('[name=reason]')?.text).to.equal('Ticket 1')
    const done = await unknown.submit({ events: 'role.*\naccount.locked' })
    expect(done.url).to.equal(`${here.issuer}/admin/webhooks`)
    expect(done.find('[role=status]')?.text).to.include('The webhook is ready')
    expect(done.find('[data-webhook]')?.text).to.include(address).and.to.include('role.*, account.locked')
  })

  it('show what was posted, and post it again from a number on', async () => {
    const [link] = (await open(members.admin, '/admin/webhooks')).all('[data-webhook] a')
    const path = link?.attributes.href ?? expect.fail()
    await here.setRole(members.viewer, 'viewer')
    const token = await here.asService('robot', ['admin:roles.write'])
    await here.ask(token, 'POST', '/roles/give', {
      body: { account: members.support.account, role: 'viewer', reason: 'Also' },
    })
    const attempts = async () => (await open(members.viewer, path)).all('[data-attempt]')
    while ((await attempts()).length < 1) await new Promise(resolve => setTimeout(resolve, 50))
    const [first] = await attempts()
    expect(first?.text).to.include('role.given').and.to.include('Answered 204')
    const empty = await (await open(members.admin, `${path}/replay`)).submit({ after: '', reason: 'Lost' })
    expect(empty.status).to.equal(400)
    const after = String(Number(first?.attributes['data-attempt']) - 1)
    const done = await (await open(members.admin, `${path}/replay`)).submit({ after, reason: 'Lost' })
    expect(done.find('[role=status]')?.text).to.include('sent again')
    while ((await attempts()).length < 2) await new Promise(resolve => setTimeout(resolve, 50))
  })

  it('are changed and removed', async () => {
    const [link] = (await open(members.admin, '/admin/webhooks')).all('[data-webhook] a')
    const path = link?.attributes.href ?? expect.fail()
    const changed = await (await open(members.admin, `${path}/change`)).submit({ events: '', reason: 'All of it' })
    expect(changed.find('main')?.text).to.include('Every event')
    const asked = await open(members.admin, `${path}/remove`)
    expect(asked.text).to.include(address)
    const removed = await asked.submit({ reason: 'Done' })
    expect(removed.find('[role=status]')?.text).to.include('removed')
    expect(removed.text).to.include('There are no webhooks yet')
    expect((await open(members.admin, path)).status).to.equal(404)
  })

  for (const role of roleNames)
    it(`are seen by ${role}, and changed by admin alone`, async () => {
      const page = await open(members[role], '/admin/webhooks')
      expect(page.status).to.equal(200)
      const adds = page.all('a').some(({ attributes }) => attributes.href === '/admin/new-webhook')
      expect(adds).to.equal(role === 'admin')
      if (role === 'admin') return
      for (const path of ['/admin/new-webhook', '/admin/webhooks/x/remove', '/admin/webhooks/x/replay']) {
        expect((await open(members[role], path)).status, path).to.equal(403)
        const given = { url: address, after: '0', reason: 'Mine' }
        expect((await members[role].person.browser.post(`${here.issuer}${path}`, given)).status, path).to.equal(403)
      }
    })
})
