import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { storeCopy } from '../../src/commands/store-command.ts'
import { copyStore } from '../../src/store/copying.ts'
import { openStore } from '../../src/store/open.ts'
import { within } from '../support/cli.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { signIn, signUp, somebody } from '../support/people.ts'
import { dropMongo, dropPostgres, freshMongo, freshPostgres } from '../support/store.ts'

describe('latchkey store copy', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-copy-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (name: string): string => `sqlite:${join(folder, name)}`
  const copy = (from: string, to: string) => within({ copy: storeCopy }, ['copy', to], { LATCHKEY_STORE: from })
  const shape = z.object({
    id: z.string(),
    text: z.string().optional(),
    deep: z.looseObject({}).optional(),
    expiresAt: z.number().optional(),
  })
  const things = { name: 'things', shape, unique: ['text'] as const }
  const open = (url: string) => openStore(url, { now: Date.now, sweep: false })
  const filled = async (count: number): Promise<string> => {
    const url = file('from.db')
    const store = await open(url)
    const kept = store.collection(things)
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        kept.insert({
          id: `${n}`,
          text: `é\0${n}`,
          deep: { b: n, a: [null, { 'x.y': '$' }] },
          expiresAt: Date.now() + 60_000,
        }),
      ),
    )
    await store.close()
    return url
  }

  const [mongo, postgres] = [freshMongo(), freshPostgres()]
  const ways: [name: string, url: () => string, drop: () => Promise<void>][] = [
    ['SQLite', () => file('to.db'), async () => {}],
    ...(postgres
      ? [['PostgreSQL', () => postgres, () => dropPostgres(postgres)] as [string, () => string, () => Promise<void>]]
      : []),
    ...(mongo ? [['MongoDB', () => mongo, () => dropMongo(mongo)] as [string, () => string, () => Promise<void>]] : []),
  ]
  for (const [name, url, drop] of ways) {
    it(`takes every document to ${name} and back, as it was`, async () => {
      const from = await filled(1_100)
      const there = await copy(from, url())
      expect(there).to.include({ code: 0, out: 'Copied: 1100 documents, all alike.\n' })
      expect(await copy(url(), file('back.db'))).to.include({ code: 0 })
      const [before, after] = [await open(from), await open(file('back.db'))]
      expect(await after.collection(things).find({}, { limit: 2_000 })).to.deep.equal(
        await before.collection(things).find({}, { limit: 2_000 }),
      )
      await Promise.all([before.close(), after.close()])
      await drop()
    })
  }

  it('goes on where it was interrupted, and mends what changed since', async () => {
    const from = await filled(600)
    await copy(from, file('to.db'))
    const [source, target] = [await open(from), await open(file('to.db'))]
    await source.collection(things).patch('7', { text: 'changed' })
    await target.collection(things).take('8')
    await Promise.all([source.close(), target.close()])
    const again = await copy(from, file('to.db'))
    expect(again).to.include({ code: 0 })
    expect(again.err).to.include('things: 600 alike, 2 written now')
  })

  it('says which documents the target holds beyond the source, and ends with 1', async () => {
    const from = await filled(3)
    const target = await open(file('to.db'))
    await target.collection(things).insert({ id: 'more' })
    await target.close()
    const { code, out, err } = await copy(from, file('to.db'))
    expect([code, out]).to.deep.equal([1, 'The stores are not alike.\n'])
    expect(err).to.include('NOT ALIKE: more')
  })

  it('brings people along: they are signed in at the copy, and sign in to it, as before', async () => {
    const before = await startLatchkey()
    const ada = somebody()
    await signUp(before, ada, await ada.browser.get(`${before.issuer}/sign-up`))
    const target = await open(file('to.db'))
    for await (const { differ } of copyStore(before.store, target)) expect(differ).to.deep.equal([])
    await before.stop()
    const after = await startLatchkey({ through: () => target })
    expect((await ada.browser.get(`${after.issuer}/account`)).url).to.equal(`${after.issuer}/account`)
    after.clock.pass(60_000)
    const page = await signIn(after, ada, await jar().get(`${after.issuer}/sign-in`))
    expect(page.url).to.equal(`${after.issuer}/account`)
    await after.stop()
    await target.close()
  })

  it('refuses a URL of no engine, the store itself, and one word too many', async () => {
    const from = await filled(1)
    for (const to of ['mysql://x', from]) expect(await copy(from, to)).to.include({ code: 2 })
    const two = await within({ copy: storeCopy }, ['copy', file('a'), file('b')], { LATCHKEY_STORE: from })
    expect(two).to.include({ code: 2 })
  })
})
