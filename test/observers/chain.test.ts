import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { beginning, chain, type Entry, type Fault, type Link, plain, walk } from '../../src/observers/chain.ts'
import { happening } from '../support/audit.ts'

function chainOf(length: number): Entry[] {
  let head: Link = beginning
  return Array.from({ length }, (_, turn) => {
    const entry = chain(happening(`a${turn + 1}`), head)
    head = entry
    return entry
  })
}

/** The same entry with other content, and the hash that goes with it. */
function forged(entry: Entry, changes: Partial<Entry>): Entry {
  const { sequence, previous, hash: _, ...happened } = { ...entry, ...changes }
  return chain(happened, { sequence: sequence - 1, hash: previous })
}

describe('the chain', () => {
  const sound = chainOf(9)
  const at = (sequence: number): Entry => sound[sequence - 1] as Entry
  const without = (...gone: number[]) => sound.filter(({ sequence }) => !gone.includes(sequence))
  const instead = (entry: unknown, sequence: number) => sound.map(each => (each.sequence === sequence ? entry : each))

  it('hashes an entry as anybody can with a tool for canonical JSON', () => {
    const { hash, ...rest } = at(1)
    const text = `{"at":1700000000000,"data":{"account":"a1"},"level":"info","name":"account.created","origin":{},"previous":"${'0'.repeat(64)}","sequence":1}`
    expect(rest.previous).to.equal('0'.repeat(64))
    expect(hash).to.equal(createHash('sha256').update(text).digest('hex'))
    expect(at(2).previous).to.equal(hash)
  })

  it('hashes what every engine gives back: nothing absent, and no half of a surrogate pair', () => {
    const { origin } = plain(happening('a1', { origin: { agent: 'x\ud800', address: undefined } }))
    expect(origin).to.deep.equal({ agent: 'x\ufffd' })
    expect(Object.keys(origin)).to.deep.equal(['agent'])
    const odd = happening('a1', { data: { count: 1n } })
    expect(() => plain(odd)).to.throw(TypeError)
  })

  it('is sound as it was made, as far as it goes', async () => {
    const head = { sequence: 9, hash: at(9).hash }
    expect(await walk(sound)).to.deep.equal({ head, fault: undefined })
    expect(await walk(sound, at(9), true)).to.deep.equal({ head, fault: undefined })
    expect(await walk(sound, at(4))).to.deep.equal({ head, fault: undefined })
    expect(await walk([])).to.deep.equal({ head: beginning, fault: undefined })
    expect(await walk([], beginning, true)).to.deep.equal({ head: beginning, fault: undefined })
  })

  const broken: [what: string, entries: unknown[], fault: Fault, vouched?: Link][] = [
    ['a changed word', instead({ ...at(4), name: 'session.ended' }, 4), { what: 'changed', sequence: 4 }],
    ['a changed time', instead({ ...at(1), at: at(1).at + 1 }, 1), { what: 'changed', sequence: 1 }],
    ['a changed detail', instead({ ...at(4), data: { account: 'a5' } }, 4), { what: 'changed', sequence: 4 }],
    ['a changed address', instead({ ...at(4), origin: { address: '::1' } }, 4), { what: 'changed', sequence: 4 }],
    ['a changed hash', instead({ ...at(4), hash: at(5).hash }, 4), { what: 'changed', sequence: 4 }],
    ['a changed number', instead({ ...at(4), sequence: 40 }, 4), { what: 'changed', sequence: 4 }],
    ['a field more', instead({ ...at(4), note: 'harmless' }, 4), { what: 'changed', sequence: 4 }],
    ['a field more, deep down', instead({ ...at(4), origin: { host: 'x' } }, 4), { what: 'changed', sequence: 4 }],
    ['a field less', instead({ ...at(4), origin: undefined }, 4), { what: 'changed', sequence: 4 }],
    ['something else', instead('nothing', 4), { what: 'changed', sequence: 4 }],
    ['nothing at all', instead(undefined, 4), { what: 'changed', sequence: 4 }],
    ['a removed entry', without(4), { what: 'missing', sequence: 4, through: 4 }],
    ['the first one removed', without(1), { what: 'missing', sequence: 1, through: 1 }],
    ['several removed', without(4, 5, 6, 8), { what: 'missing', sequence: 4, through: 6 }],
    ['two that changed places', [...sound].sort(swapping(4, 5)), { what: 'moved', sequence: 4 }],
    ['one moved to the end', [...without(4), at(4)], { what: 'moved', sequence: 4 }],
    ['one moved to the front', [at(1), ...without(4), at(4)], { what: 'moved', sequence: 1 }],
    ['one that stands twice', [...sound.slice(0, 4), at(4), ...sound.slice(4)], { what: 'moved', sequence: 4 }],
    ['a rewritten entry', instead(forged(at(4), { name: 'x' }), 4), { what: 'rewritten', sequence: 4 }],
    ['the first one rewritten', instead(forged(at(1), { at: 1 }), 1), { what: 'rewritten', sequence: 1 }],
    ['another beginning', [forged(at(1), { previous: at(9).hash })], { what: 'rewritten', sequence: 1 }],
    ['an end cut off', sound.slice(0, 6), { what: 'cut', sequence: 7, through: 9 }, at(9)],
    ['everything cut off', [], { what: 'cut', sequence: 1, through: 9 }, at(9)],
    [
      'a history written anew',
      [...sound.slice(0, 8), forged(at(9), { at: 1 })],
      { what: 'rewritten', sequence: 9 },
      at(9),
    ],
  ]
  for (const [what, entries, fault, vouched] of broken) {
    it(`names ${what}`, async () => {
      expect((await walk(entries, vouched)).fault).to.deep.equal(fault)
      expect((await walk(entries, vouched, true)).fault).to.deep.equal(fault)
    })
  }

  it('names what comes after the head of a whole export', async () => {
    expect((await walk(sound, at(7), true)).fault).to.deep.equal({ what: 'beyond', sequence: 8 })
  })

  it('says how far it was sound', async () => {
    expect((await walk(without(4))).head).to.deep.equal({ sequence: 3, hash: at(3).hash })
  })

  it('is forged whole by whoever can write all of it, and only a head kept elsewhere tells', async () => {
    let head: Link = beginning
    const anew = without(4).map(({ sequence: _, previous: __, hash: ___, ...happened }) => {
      head = chain(happened, head)
      return head
    })
    expect((await walk(anew)).fault).to.equal(undefined)
    expect((await walk(anew, at(9))).fault).to.deep.equal({ what: 'cut', sequence: 9, through: 9 })
    expect((await walk(anew, at(6))).fault).to.deep.equal({ what: 'rewritten', sequence: 6 })
  })
})

function swapping(one: number, other: number) {
  const rank = ({ sequence }: Entry) => (sequence === one ? other : sequence === other ? one : sequence)
  return (a: Entry, b: Entry) => rank(a) - rank(b)
}
