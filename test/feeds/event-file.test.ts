import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { expect } from 'chai'
import { eventFiles } from '../support/event-files.ts'

describe('the file of events', () => {
  const { fileOf, told, pass, process, append, written, without } = eventFiles()
  let file: string
  beforeEach(() => {
    file = fileOf()
  })

  it('gets every event on a line, for its owner alone to read', async () => {
    await append('a', 'b')
    const one = process()
    await one.turn()
    await append('c')
    await one.turn()
    await one.turn()
    expect(written()).to.deep.equal(['a', 'b', 'c'])
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    const [first = ''] = readFileSync(file, 'utf8').split('\n')
    expect(JSON.parse(first)).to.include({ version: 1, sequence: 1, name: 'account.created', level: 'info' })
    expect(told()).to.deep.equal([])
  })

  it('goes on behind its last line after a restart, though the store was not told of that', async () => {
    await append('a', 'b')
    await process().turn()
    const before = readFileSync(file)
    await append('c')
    const lost = process(file, without('patch', 2))
    pass(60_000)
    await lost.turn().catch(() => {})
    expect(written()).to.deep.equal(['a', 'b', 'c'])
    pass(60_000)
    await process().turn()
    expect(readFileSync(file).subarray(0, before.length).equals(before)).to.equal(true)
    expect(written()).to.deep.equal(['a', 'b', 'c'])
  })

  it('begins anew where it was moved away, and repeats nothing', async () => {
    const one = process()
    await append('a')
    await one.turn()
    renameSync(file, `${file}.1`)
    await append('b')
    await one.turn()
    expect([written(`${file}.1`), written()]).to.deep.equal([['a'], ['b']])
    // Moved away while nobody was running, and cut instead of moved.
    await one.stop()
    renameSync(file, `${file}.2`)
    await append('c')
    const two = process()
    await two.turn()
    expect(written()).to.deep.equal(['c'])
    truncateSync(file)
    await append('d')
    await two.turn()
    expect(written()).to.deep.equal(['d'])
  })

  it('cuts off a line that a crash left unfinished, and writes it whole', async () => {
    await append('a', 'b')
    await process().turn()
    const whole = readFileSync(file, 'utf8')
    for (const left of [1, 20, whole.indexOf('\n')]) {
      truncateSync(file, whole.length - left)
      rmSync(`${file}.id`)
      pass(60_000)
      await process().turn()
      expect(readFileSync(file, 'utf8'), String(left)).to.equal(whole)
    }
  })

  it('finds its last line however long it is', async () => {
    await append('a', 'b'.repeat(200_000))
    await process().turn()
    rmSync(`${file}.id`)
    await append('c')
    await process().turn()
    expect(written().map(each => each[0])).to.deep.equal(['a', 'b', 'c'])
  })

  it('is written by one of many processes, and by another when that one has died', async () => {
    const [one, two, three] = [process(), process(), process()]
    for (let turn = 0; turn < 5; turn++) {
      await append(`a${turn}`)
      await Promise.all([one.turn(), two.turn(), three.turn()])
    }
    expect(written()).to.deep.equal(['a0', 'a1', 'a2', 'a3', 'a4'])
    await append('b')
    const late = process()
    await late.turn()
    expect(written()).to.have.length(5)
    pass(21_000)
    await late.turn()
    expect(written().at(-1)).to.equal('b')
    // Once it stops, nobody has to wait.
    await late.stop()
    await append('c')
    await process().turn()
    expect(written().at(-1)).to.equal('c')
    expect(new Set(written()).size).to.equal(written().length)
  })

  it('is complete where a process was held up so long that another took over', async () => {
    const one = process()
    await append('a')
    await one.turn()
    pass(30_000)
    await append('b')
    await process().turn()
    await append('c')
    await one.turn()
    pass(30_000)
    await one.turn()
    expect(written()).to.deep.equal(['a', 'b', 'c'])
  })

  it('says once that the store is away', async () => {
    const one = process(file, without('get', 1))
    const faults: unknown[] = []
    for (let turn = 0; turn < 3; turn++) await one.turn().catch(fault => faults.push(fault))
    expect(faults).to.have.length(1)
    expect(existsSync(file)).to.equal(false)
  })

  it('does not take a line that somebody else adds for its own', async () => {
    const one = process()
    await append('a')
    await one.turn()
    appendFileSync(file, 'hello\n')
    await append('b')
    await one.turn()
    expect(one.fault()).to.equal('its last line is no event')
  })
})
