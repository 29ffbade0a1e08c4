import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { eventFileState } from '../../src/feeds/event-file.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { happening } from '../support/audit.ts'
import { eventFiles } from '../support/event-files.ts'
import { testStore } from '../support/store.ts'

describe('a file of events that cannot be written', () => {
  const { fileOf, store, told, process, append, written } = eventFiles()
  let file: string
  beforeEach(() => {
    file = fileOf()
  })

  it('is an event with the reason, once, and goes on by itself', async () => {
    const away = fileOf('away')
    const one = process(away)
    await append('a')
    for (let turn = 0; turn < 3; turn++) await one.turn()
    expect(told().map(([name]) => name)).to.deep.equal(['event-file.failed'])
    expect(told()[0]?.[1])
      .to.have.property('why')
      .that.matches(/^ENOENT: /)
    expect(one.fault()).to.match(/^ENOENT: /)
    mkdirSync(dirname(away))
    await one.turn()
    expect(told().at(-1)).to.deep.equal(['event-file.resumed', {}])
    expect([one.fault(), written(away)]).to.deep.equal([undefined, ['a']])
  })

  it('tells every process and the doctor why', async () => {
    mkdirSync(file)
    await append('a')
    const [one, two] = [process(), process()]
    await one.turn()
    await two.turn()
    expect(two.fault()).to.match(/^EISDIR: /)
    const { behind, fault } = await eventFileState(file, store())
    expect(behind).to.equal(1)
    expect(fault).to.match(/^EISDIR: /)
    rmSync(file, { recursive: true })
    await one.turn()
    await two.turn()
    expect(two.fault()).to.equal(undefined)
    expect(await eventFileState(file, store())).to.deep.equal({ behind: 0, fault: undefined })
  })

  it('has whole lines and every event once the disk has room again', async () => {
    const names = Array.from({ length: 300 }, (_, turn) => `a${turn}`)
    const code = `
        import { eventFile } from './src/feeds/event-file.ts'
        import { ledger } from './src/observers/ledger.ts'
        import { openStore } from './src/store/open.ts'
        import { happening } from './test/support/audit.ts'
        const store = await openStore('sqlite::memory:', { now: Date.now })
        const book = ledger({ store })
        await Promise.all(${JSON.stringify(names)}.map(each => book.append(happening(each))))
        const emit = async (name, data) => console.log(name, data.why)
        await eventFile(${JSON.stringify(file)}, { store, emit, now: Date.now }).turn()
        await store.close()`
    const limited = ['-c', 'ulimit -f 20; exec "$0" --input-type=module -e "$1"', globalThis.process.execPath, code]
    expect(execFileSync('bash', limited, { encoding: 'utf8' })).to.match(/^event-file\.failed EFBIG: file too large/)
    const torn = readFileSync(file, 'utf8')
    expect(torn).to.have.length(20 * 1024)
    expect(torn.endsWith('\n')).to.equal(false)
    await append(...names)
    await process().turn()
    expect(written()).to.deep.equal(names)
  })

  it('is left as it is where it holds something else', async () => {
    await append('a')
    for (const text of ['{"head":"eyJ"}\n', 'no newline', 'many\nlines\n', '{"version":1}\n']) {
      writeFileSync(file, text)
      const one = process()
      await one.turn()
      expect(one.fault(), text).to.match(/something else|no event/)
      expect(readFileSync(file, 'utf8')).to.equal(text)
      await one.stop()
    }
  })

  it('is left as it is where it holds the events of another log', async () => {
    await append('a', 'b')
    await process().turn()
    const other = await testStore()
    await ledger({ store: other }).append(happening('x'))
    const one = process(file, other)
    await one.turn()
    expect(one.fault()).to.equal('it holds the events of another audit log')
    expect(written()).to.deep.equal(['a', 'b'])
    await other.close()
  })

  it('keeps no one waiting: a pipe that nobody reads is refused', async () => {
    execFileSync('mkfifo', [file])
    await append('a')
    const one = process()
    await one.turn()
    expect(one.fault()).to.equal('it is no regular file')
  })
})
