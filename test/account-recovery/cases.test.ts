import { expect } from 'chai'
import { type Cases, cases, casesDeclaration, lives } from '../../src/account-recovery/cases.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const asked = { account: 'ada', email: 'ada@example.com', contact: 'ada@example.com', locale: 'en' }

describe('identity checks as they are kept', () => {
  let at = 0
  let store: Store
  let kept: Cases
  let dropped: string[]
  let failing = false
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(() => at)
    dropped = []
    failing = false
    const dropAll = async (whose: string) => {
      if (failing) throw new Error('the store is away')
      dropped.push(whose)
    }
    const keys = sealer(keyring(['a secret of the tests, 32 or longer']))
    kept = cases({ store, sealer: keys, documents: { dropAll }, now: () => at })
  })
  afterEach(() => store.close())

  const code = (made: Promise<unknown>) =>
    made.then(
      () => 'done',
      fault => fault.code ?? fault.message,
    )

  it('are one for the same two addresses, however many ask at once, and a new one once it is over', async () => {
    const begun = await Promise.all(Array.from({ length: 10 }, () => kept.begin(asked)))
    expect(new Set(begun.map(({ id }) => id)).size).to.equal(1)
    const [{ id } = { id: '' }] = begun
    expect(id).to.match(/^\d{4}-\d{4}-\d{4}$/)
    expect((await kept.begin({ ...asked, contact: 'x@example.com' })).id).to.not.equal(id)
    await kept.end(id, 'cancelled')
    expect((await kept.begin(asked)).id).to.not.equal(id)
  })

  it('keep what happened sealed, and only while they live', async () => {
    const { id } = await kept.begin(asked)
    const sent = await kept.send(id, 'My bag was stolen.', [])
    expect(kept.story(sent)).to.equal('My bag was stolen.')
    const stored = await store.collection(casesDeclaration).get(id)
    expect(JSON.stringify(stored)).to.not.contain('stolen')
    const ended = await kept.end(id, 'refused')
    expect(ended.story).to.equal(undefined)
    expect(kept.story(ended)).to.equal('')
    expect(dropped).to.deep.equal([id])
  })

  it('are not over before their documents are gone, and lose none by an end that is refused', async () => {
    const { id } = await kept.begin(asked)
    await kept.send(id, 'Lost.', [])
    expect(await code(kept.end(id, 'done', ['granted']))).to.equal('conflict')
    expect(dropped).to.deep.equal([])
    failing = true
    expect(await code(kept.end(id, 'refused'))).to.equal('the store is away')
    expect((await kept.get(id))?.state).to.equal('sent')
    failing = false
    expect(await code(kept.end(id, 'refused'))).to.equal('done')
    expect(await code(kept.end(id, 'refused'))).to.equal('conflict')
    expect(await code(kept.end('0000-0000-0000', 'refused'))).to.equal('not_found')
  })

  const numbers = async (state: 'sent' | 'draft'): Promise<string[]> => {
    const found: string[] = []
    for await (const each of kept.in(state)) found.push(each.id)
    return found
  }

  it('are found however many there are, and shown a page at a time, oldest first', async () => {
    const begun: string[] = []
    for (let turn = 0; turn < 120; turn++) {
      at += 1
      begun.push((await kept.begin({ ...asked, contact: `person${turn}@example.com` })).id)
    }
    expect((await numbers('draft')).toSorted()).to.deep.equal(begun.toSorted())
    expect(await kept.of('ada')).to.have.length(120)
    const shown: string[] = []
    const sizes: number[] = []
    let after: string | undefined
    do {
      const { cases, next } = await kept.page(['draft', 'sent'], after)
      shown.push(...cases.map(each => each.id))
      sizes.push(cases.length)
      after = next
    } while (after !== undefined)
    expect(shown).to.deep.equal(begun)
    expect(sizes).to.deep.equal([50, 50, 20])
  })

  it('are forgotten: soon where nothing was sent, later where they ended', async () => {
    const draft = await kept.begin(asked)
    at += lives.draft
    expect(await kept.get(draft.id)).to.equal(undefined)
    const { id } = await kept.begin(asked)
    await kept.send(id, 'Lost.', [])
    at += lives.draft
    expect(await numbers('sent')).to.deep.equal([id])
    await kept.end(id, 'refused')
    at += lives.ended - 1
    expect((await kept.of('ada')).map(each => each.id)).to.deep.equal([id])
    at += 1
    expect(await kept.of('ada')).to.deep.equal([])
  })
})
