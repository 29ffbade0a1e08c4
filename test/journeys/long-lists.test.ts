import { expect } from 'chai'
import { casesDeclaration } from '../../src/account-recovery/cases.ts'
import { type Clerk, identityAt } from '../support/identity.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'

const hour = 3_600_000

describe('long lists', () => {
  const latchkey = whileTesting(startLatchkey)
  let grace: Clerk
  before(async () => {
    grace = await identityAt(latchkey).clerk()
  })

  it('hides no case behind many others: the staff find all, page by page', async () => {
    const kept = latchkey.store.collection(casesDeclaration)
    const at = latchkey.clock.now()
    const ids = Array.from({ length: 120 }, (_, turn) => `9000-0000-${String(turn).padStart(4, '0')}`)
    const one = { state: 'waiting', rev: 0, email: 'a@example.com', contact: 'b@example.com', locale: 'en' } as const
    for (const [turn, id] of ids.entries())
      await kept.insert({ ...one, id, documents: [], decisions: [], createdAt: at + turn, expiresAt: at + hour })
    const seen = new Set<string>()
    let page = await grace.open('/admin')
    expect(page.text).to.contain('More than 50 cases are waiting')
    page = await grace.open('/admin/recovery')
    for (;;) {
      const lines = page.links.map(each => each.href.split('/').at(-1) ?? '')
      for (const each of lines) if (ids.includes(each)) seen.add(each)
      if (!page.links.some(({ text }) => text === 'Newer')) break
      page = await page.follow('Newer')
    }
    expect([...seen]).to.deep.equal(ids)
    for (const id of ids) await kept.take(id)
    expect((await grace.open(`/admin/recovery?waiting=${ids[3]}`)).status).to.equal(404)
    expect((await grace.open('/admin/recovery?waiting=%27')).status).to.equal(200)
  })
})
