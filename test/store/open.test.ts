import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { openStore } from '../../src/store/open.ts'

describe('opening a store', () => {
  let folder: string
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('makes the folder and the file for nobody else to read, its log included', async () => {
    const path = join(folder, 'data', 'deep', 'latchkey.db')
    const store = await openStore(`sqlite:${path}`, { now: Date.now })
    await store.collection({ name: 'things', shape: z.object({ id: z.string() }) }).insert({ id: 'a' })
    expect(mode(join(folder, 'data'))).to.equal('700')
    expect(mode(join(folder, 'data', 'deep'))).to.equal('700')
    for (const end of ['', '-wal', '-shm']) expect(mode(path + end)).to.equal('600')
    await store.close()
  })

  it('finds again what was stored', async () => {
    const url = `sqlite:${join(folder, 'latchkey.db')}`
    const declaration = { name: 'things', shape: z.object({ id: z.string() }) }
    const first = await openStore(url, { now: Date.now })
    await first.collection(declaration).insert({ id: 'a' })
    await first.close()
    const second = await openStore(url, { now: Date.now })
    expect(await second.collection(declaration).get('a')).to.deep.equal({ id: 'a' })
    await second.close()
  })

  it('says unavailable where no folder can be made', async () => {
    writeFileSync(join(folder, 'file'), '')
    const fault = await openStore(`sqlite:${join(folder, 'file', 'x.db')}`, { now: Date.now }).catch(
      (thrown: unknown) => thrown,
    )
    expect(fault).to.include({ code: 'unavailable' })
  })

  it('refuses a URL of no engine', async () => {
    const fault = await openStore('mysql://localhost/x', { now: Date.now }).catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(TypeError)
  })
})
