import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { keysList, keysReplace, keysRotate } from '../../src/commands/keys-command.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { type Ring, signingRing } from '../../src/keys/signing-keys.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { latchkeyCli, within } from '../support/cli.ts'
import { testDatabase } from '../support/store.ts'

const secret = 'a secret of the signing keys that is long'

describe('latchkey keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
  const database = testDatabase(folder)
  const { url } = database
  const environment = { LATCHKEY_STORE: url, LATCHKEY_SECRETS: secret }
  const run = (name: string) =>
    within({ list: keysList, rotate: keysRotate, replace: keysReplace }, [name], environment)
  let store: Store

  /** A process that serves: what it knows of the ring. */
  const serving = async (): Promise<Ring> => {
    const ring = await signingRing({
      ...{ store, sealer: sealer(keyring([secret])), emit: async () => {}, now: Date.now },
      ...{ age: 0, poll: 5, onFault: fault => expect.fail(String(fault)) },
    })
    await ring.need(['ES256', 'EdDSA'])
    return ring
  }

  before(async () => {
    store = await openStore(url, { now: Date.now, sweep: false })
  })
  after(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  it('has none to tell of before the first start', async () => {
    expect(await run('list')).to.include({ code: 2, out: '' })
    expect(await run('rotate')).to.include({ code: 2, out: '' })
  })

  it('lists them by state, and no private part', async () => {
    await serving()
    const { code, out } = await run('list')
    expect(code).to.equal(0)
    expect(out).to.match(/^ES256 +current [\w-]{43} signs from 20\S+\nEdDSA +current [\w-]{43} signs from 20\S+\n$/)
  })

  it('rotates: every process that serves follows by itself, and it is on the record', async () => {
    const processes = await Promise.all([serving(), serving()])
    const followed = processes.map(each => new Promise<void>(resolve => each.onChange(() => resolve())))
    const stops = processes.map(each => each.work())
    const { code, out } = await latchkeyCli(['keys', 'rotate'], environment)
    expect(code).to.equal(0)
    expect(out.match(/ next /g)).to.have.lengthOf(2)
    await Promise.all(followed)
    await Promise.all(stops.map(stop => stop()))
    for (const each of processes)
      expect(each.keys().map(({ alg, state }) => `${alg} ${state}`)).to.include('ES256 next')
    const names = []
    for await (const { name } of ledger({ store }).entries()) names.push(name)
    expect(names).to.deep.equal(['keys.rotated', 'keys.rotated'])
  })

  it('keeps the next key that waits already', async () => {
    const before = await run('list')
    expect(await run('rotate')).to.have.property('code', 0)
    expect(await run('list')).to.deep.equal(before)
  })

  it('replaces all of them at once, and every process signs with the new ones', async () => {
    const ring = await serving()
    const before = ring.keys().map(each => each.jwk.kid)
    const { code, out } = await run('replace')
    expect(code).to.equal(0)
    expect(out.match(/ current /g)).to.have.lengthOf(2)
    await ring.look()
    const after = ring.keys()
    expect(after.map(each => `${each.alg} ${each.state}`)).to.deep.equal(['ES256 current', 'EdDSA current'])
    for (const { jwk } of after) expect(before).to.not.include(jwk.kid)
  })
})
