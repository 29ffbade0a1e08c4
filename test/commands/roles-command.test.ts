import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { rolesGive, rolesList, rolesTake } from '../../src/commands/roles-command.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { latchkeyCli, within } from '../support/cli.ts'
import { testDatabase } from '../support/store.ts'

const commands = { give: rolesGive, take: rolesTake, list: rolesList }

describe('latchkey roles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-role-'))
  const database = testDatabase(folder)
  const { url } = database
  const environment = { LATCHKEY_STORE: url }
  const run = (...words: string[]) => within(commands, words, environment)
  let store: Store
  before(async () => {
    store = await openStore(url, { now: Date.now, sweep: false })
    const ada = { id: 'a1', email: 'ada@example.com', locale: 'en', status: 'active' as const }
    await accounts(store).insert({ ...ada, createdAt: 0, updatedAt: 0 })
    await accounts(store).insert({
      ...ada,
      id: 'g1',
      email: 'gone@example.com',
      status: 'closed',
      createdAt: 0,
      updatedAt: 0,
    })
  })
  after(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const recorded = async () => {
    const entries = []
    for await (const { name, data } of ledger({ store }).entries()) entries.push([name, data])
    return entries
  }

  it('gives one, lists it, and takes it away: each is on the record once', async () => {
    const given = await latchkeyCli(['roles', 'give', ' ADA@example.com', 'support'], environment)
    expect(given).to.deep.equal({ code: 0, out: 'ada@example.com has the role support.\n', err: '' })
    expect((await run('give', 'ada@example.com', 'support')).code).to.equal(0)
    expect((await run('list')).out).to.match(/^support\tada@example\.com\t\d{4}-\d\d-\d\dT[\d:.]+Z\n$/)
    expect(JSON.parse((await run('list', '--json')).out)[0]).to.include({
      role: 'support',
      email: 'ada@example.com',
      account: 'a1',
    })
    expect((await run('take', 'ada@example.com', 'support')).out).to.equal(
      'ada@example.com no longer has the role support.\n',
    )
    expect((await run('take', 'ada@example.com', 'support')).code).to.equal(0)
    expect(await run('list')).to.deep.equal({ code: 0, out: '', err: '' })
    expect(await recorded()).to.deep.equal([
      ['role.given', { account: 'a1', role: 'support' }],
      ['role.taken', { account: 'a1', role: 'support' }],
    ])
  })

  it('keeps the last admin, of two that are taken at once as well, unless it is told to take the last', async () => {
    const person = { locale: 'en', status: 'active' as const, createdAt: 0, updatedAt: 0 }
    await accounts(store).insert({ ...person, id: 'k1', email: 'kurt@example.com' })
    for (const email of ['ada@example.com', 'kurt@example.com']) await run('give', email, 'admin')
    const taken = await Promise.all(['ada', 'kurt'].map(each => run('take', `${each}@example.com`, 'admin')))
    const all: { role: string; email: string }[] = JSON.parse((await run('list', '--json')).out)
    const left = all.filter(({ role }) => role === 'admin')
    expect(left, JSON.stringify(taken)).to.have.length.of.at.least(1)
    const last = left[0]?.email ?? expect.fail('nobody is left')
    for (const { email } of left.slice(1)) await run('take', email, 'admin')
    const { code, err } = await run('take', last, 'admin')
    expect([code, err.includes('This is the last admin')]).to.deep.equal([2, true])
    expect((await run('list')).out).to.match(/^admin\t/)
    expect((await run('take', last, 'admin', '--last')).code).to.equal(0)
    expect((await run('list')).out).to.equal('')
    const [, ...ends] = (await recorded()).filter(([name]) => name === 'role.taken')
    expect(ends).to.have.length(2)
  })

  const refused: [words: string[], err: RegExp][] = [
    [['give', 'nobody@example.com', 'support'], /No account has the address nobody@example\.com/],
    [['give', 'gone@example.com', 'support'], /No account/],
    [['give', 'ada@example.com', 'owner'], /Give an email address and a role: viewer, support, security, admin/],
    [['give', 'ada@example.com'], /Give an email address/],
    [['take', 'ada@example.com', 'support', 'support'], /Give an email address/],
    [['give'], /Give an email address/],
  ]
  for (const [words, err] of refused)
    it(`refuses ${words.join(' ')}`, async () => {
      const { code, err: told } = await run(...words)
      expect(code).to.equal(2)
      expect(told).to.match(err)
    })
})
