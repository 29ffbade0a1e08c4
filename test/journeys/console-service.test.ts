import { expect } from 'chai'
import { type Role, roleNames } from '../../src/accounts/role.ts'
import type { KeyShown, SettingInForce } from '../../src/admin/service-operations.ts'
import { concerning } from '../../src/observers/activity.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { usePasskey } from '../support/security.ts'

describe('signing keys and settings in the staff area', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  const members = {} as Record<Role, Member>
  before(async () => {
    here = await adminApiServed()
    for (const role of roleNames) members[role] = await here.member(role)
  })
  after(() => here.stop())

  const open = async ({ person, device }: Member, path: string) => {
    const page = await person.browser.get(`${here.issuer}${path}`)
    return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
  }
  const states = async () => {
    const { body } = await here.ask(await here.asService('robot', ['admin:keys.read']), 'GET', '/keys')
    return (body.keys as KeyShown[]).map(({ kid, alg, state }) => ({ kid, alg, state }))
  }
  const requested = async () => {
    const found: Record<string, unknown>[] = []
    for await (const entry of ledger({ store: here.latchkey.store }).entries())
      if (entry.name === 'rotation.requested') found.push(entry.data)
    return found
  }

  for (const role of roleNames)
    it(`are read by ${role}, and rotated by admin alone`, async () => {
      const keys = await open(members[role], '/admin/keys')
      const [current] = await states()
      expect(keys.find('[data-state=current]')?.attributes['data-key']).to.equal(current?.kid)
      expect(keys.text).to.include('ES256').and.to.not.include('"d"')
      const rotates = keys.all('a').some(({ attributes }) => attributes.href === '/admin/keys/rotate')
      expect(rotates).to.equal(role === 'admin')
      expect((await open(members[role], '/admin/settings')).status).to.equal(200)
      if (role === 'admin') return
      expect((await open(members[role], '/admin/keys/rotate')).status).to.equal(403)
      const posted = await members[role].person.browser.post(`${here.issuer}/admin/keys/rotate`, { reason: 'Mine' })
      expect(posted.status).to.equal(403)
      expect(await requested()).to.deep.equal([])
    })

  it('and what is changed there stand in the part of the staff area that they belong to', async () => {
    const { admin } = members
    const parts = {
      ...{ '/admin/keys': 'Signing keys', '/admin/keys/rotate': 'Signing keys', '/admin/new-webhook': 'Webhooks' },
      ...{ '/admin/new-app': 'Apps', '/admin/apps/robot': 'Apps', [`/admin/roles/${admin.account}/admin`]: 'Roles' },
      ...{ [`/admin/people/${admin.account}`]: 'People', [`/admin/people/${admin.account}/lock`]: 'People' },
    }
    for (const [path, part] of Object.entries(parts)) {
      const marked = (await open(admin, path)).all('nav.staff [aria-current]').map(({ text }) => text)
      expect(marked, path).to.deep.equal([part])
    }
  })

  it('show secrets to nobody, and where each setting comes from', async () => {
    const page = await open(members.viewer, '/admin/settings')
    const shown = (name: string) => page.find(`[data-setting=${name}]`)
    expect(shown('LATCHKEY_ISSUER')?.text).to.include(here.issuer)
    expect(shown('LATCHKEY_ISSUER')?.attributes['data-source']).to.equal('environment')
    expect(shown('LATCHKEY_KEY_DAYS')?.attributes['data-source']).to.equal('default')
    expect(shown('LATCHKEY_KEY_DAYS')?.text).to.include('90')
    const { body } = await here.ask(await here.asService('robot', ['admin:settings.read']), 'GET', '/settings')
    const secrets = (body.settings as SettingInForce[]).filter(({ secret }) => secret)
    expect(secrets.length).to.be.above(3)
    for (const each of secrets) expect(each, each.name).to.not.have.property('value')
  })

  it('are rotated for a reason, which is on the audit log, and what signs goes on signing', async () => {
    const { admin } = members
    const [before] = await states()
    const asked = await open(admin, '/admin/keys/rotate')
    expect(asked.find('[data-confirm]')?.text).to.equal('Rotate')
    expect(asked.find('[data-cancel]')?.attributes.href).to.equal('/admin/keys')
    expect((await asked.submit({ reason: ' ' })).status).to.equal(422)
    expect(await requested()).to.deep.equal([])
    const done = await asked.submit({ reason: 'Yearly rotation' })
    expect(done.find('[role=status]')?.text).to.include('They sign in six minutes')
    expect(await requested()).to.deep.equal([{ staff: admin.account, reason: 'Yearly rotation' }])
    const after = await states()
    expect(after.find(({ state }) => state === 'current')?.kid).to.equal(before?.kid)
    const next = after.filter(({ state }) => state === 'next')
    expect(next.map(({ alg }) => alg)).to.deep.equal([...new Set(after.map(({ alg }) => alg))])
    const own = await concerning(here.latchkey.store)(admin.account, {})
    expect(own.entries.map(({ name }) => name)).to.not.include('rotation.requested')
  })

  it('are rotated by a service with the scope for it, and a key that waits stays the next', async () => {
    const token = await here.asService('robot', ['admin:keys.write'])
    const waiting = (await states()).filter(({ state }) => state === 'next')
    const done = await here.ask(token, 'POST', '/keys/rotate', { body: { reason: 'Ticket 4711' } })
    expect([done.status, done.body.keys.map(({ kid }: KeyShown) => kid)]).to.deep.equal([200, waiting.map(k => k.kid)])
    expect(JSON.stringify(done.body)).to.not.match(/"(d|x|n|jwk)"/)
    expect(waiting).to.not.deep.equal([])
  })
})
