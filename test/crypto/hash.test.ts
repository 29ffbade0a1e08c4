import * as argon2 from '@node-rs/argon2'
import { expect } from 'chai'
import { hasher } from '../../src/crypto/hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { Problem } from '../../src/errors.ts'

const older = keyring(['o'.repeat(32)])
const newer = keyring(['n'.repeat(32)])
const both = keyring(['n'.repeat(32), 'o'.repeat(32)])
const cost = { memory: 8, passes: 1 }

/** Counts what is asked of it, and finishes only when told to. */
function heldEngine() {
  const held: (() => void)[] = []
  const seen = { running: 0, most: 0 }
  const answer = <T>(value: T) =>
    new Promise<T>(resolve => {
      seen.running += 1
      seen.most = Math.max(seen.most, seen.running)
      held.push(() => {
        seen.running -= 1
        resolve(value)
      })
    })
  return { seen, held, engine: { hash: () => answer('$hash'), verify: () => answer(false) } }
}

async function refused(act: Promise<unknown>): Promise<Problem> {
  const error = await act.then(
    () => expect.fail('not refused'),
    cause => cause,
  )
  expect(error).to.be.instanceOf(Problem)
  return error as Problem
}

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('hasher', () => {
  it('verifies the right password, and no other', async () => {
    const { hash, verify } = hasher({ keyring: newer, queue: 10, cost })
    const stored = await hash('correct horse battery staple')
    expect(stored).to.match(/^[\w-]{8}\$argon2id\$v=19\$m=8,t=1,p=1\$/)
    expect(stored).to.not.equal(await hash('correct horse battery staple'))
    expect(await verify(stored, 'correct horse battery staple')).to.deep.equal({ ok: true, stale: false })
    expect(await verify(stored, 'correct horse battery stapl')).to.deep.equal({ ok: false, stale: false })
    expect(await verify(stored, '')).to.deep.equal({ ok: false, stale: false })
  })

  it('costs 19 MiB and two passes by default', async () => {
    expect(await hasher({ keyring: newer, queue: 10 }).hash('x')).to.include('$argon2id$v=19$m=19456,t=2,p=1$')
  })

  it('takes a composed and a decomposed spelling for one password', async () => {
    const { hash, verify } = hasher({ keyring: newer, queue: 10, cost })
    expect((await verify(await hash('p\u00e4ssword'), 'pa\u0308ssword')).ok).to.equal(true)
  })

  it('takes a password longer than argon2 or bcrypt would cut off', async () => {
    const { hash, verify } = hasher({ keyring: newer, queue: 10, cost })
    const stored = await hash(`${'x'.repeat(500)}1`)
    expect((await verify(stored, `${'x'.repeat(500)}2`)).ok).to.equal(false)
  })

  it('peppers: a hash proves nothing under other secrets', async () => {
    const stored = await hasher({ keyring: older, queue: 10, cost }).hash('password')
    const phc = stored.slice(8)
    expect(await argon2.verify(phc, 'password')).to.equal(false)
    expect(await hasher({ keyring: newer, queue: 10, cost }).verify(stored, 'password')).to.deep.equal({
      ok: false,
      stale: true,
    })
  })

  it('verifies a hash with an older pepper, and calls it stale', async () => {
    const stored = await hasher({ keyring: older, queue: 10, cost }).hash('password')
    const { verify, hash } = hasher({ keyring: both, queue: 10, cost })
    expect(await verify(stored, 'password')).to.deep.equal({ ok: true, stale: true })
    expect(await verify(await hash('password'), 'password')).to.deep.equal({ ok: true, stale: false })
  })

  it('verifies a hash of another cost, and calls it stale', async () => {
    const stored = await hasher({ keyring: newer, queue: 10, cost }).hash('password')
    for (const changed of [
      { memory: 16, passes: 1 },
      { memory: 8, passes: 2 },
    ]) {
      expect(await hasher({ keyring: newer, queue: 10, cost: changed }).verify(stored, 'password')).to.deep.equal({
        ok: true,
        stale: true,
      })
    }
  })

  it('throws for anything but a hash of its own', async () => {
    const { verify } = hasher({ keyring: newer, queue: 10, cost })
    for (const stored of ['', 'plain', `short${await argon2.hash('password')}`]) {
      expect(await verify(stored, 'password').catch(error => error)).to.be.instanceOf(TypeError)
    }
  })

  it('spends on a decoy, and on a pepper that is gone, exactly what it spends on a verify', async () => {
    const calls: { call: string; m: string | undefined }[] = []
    const engine: Pick<typeof argon2, 'hash' | 'verify'> = {
      hash: (...args) => {
        calls.push({ call: 'hash', m: undefined })
        return argon2.hash(...args)
      },
      verify: (phc, ...args) => {
        calls.push({ call: 'verify', m: String(phc).split('$')[3] })
        return argon2.verify(phc, ...args)
      },
    }
    const stored = await hasher({ keyring: older, queue: 10, cost }).hash('password')
    const { verify, decoy } = hasher({ keyring: newer, queue: 10, cost, engine })
    await decoy('password')
    await verify(stored, 'password')
    expect(calls).to.deep.equal([
      { call: 'verify', m: 'm=8,t=1,p=1' },
      { call: 'verify', m: 'm=8,t=1,p=1' },
    ])
  })

  it('does the whole work of a hash in a decoy', async () => {
    const { hash, decoy } = hasher({ keyring: newer, queue: 10, cost: { memory: 4096, passes: 2 } })
    const spent = async (act: () => Promise<unknown>) => {
      const before = process.cpuUsage()
      for (let round = 0; round < 5; round++) await act()
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    await hash('warm')
    const ratio = (await spent(() => decoy('password'))) / (await spent(() => hash('password')))
    expect(ratio).to.be.within(0.3, 3)
  })

  it('runs no more than its concurrency at once, lets the queue wait, and refuses the rest at once', async () => {
    const { seen, held, engine } = heldEngine()
    const { hash, verify, decoy } = hasher({ keyring: newer, queue: 3, concurrency: 2, engine })
    const accepted = [1, 2, 3, 4, 5].map(() => hash('x'))
    const stored = await hasher({ keyring: newer, queue: 1, cost }).hash('x')
    for (const act of [hash('x'), verify(stored, 'x'), decoy('x')]) {
      const problem = await refused(act)
      expect(problem.code).to.equal('busy')
      expect(problem.status).to.equal(503)
      expect(problem.retryAfter).to.be.within(1, 60)
    }
    let done = 0
    for (const each of accepted) void each.then(() => done++)
    while (done < accepted.length) {
      held.shift()?.()
      await turn()
    }
    expect(seen.most).to.equal(2)
  })

  it('accepts tasks again after a burst, and after a failure', async () => {
    let broken = true
    const engine = {
      hash: async () => {
        if (broken) throw new Error('out of memory')
        return '$hash'
      },
      verify: async () => false,
    }
    const { hash } = hasher({ keyring: newer, queue: 1, concurrency: 1, engine })
    const burst = await Promise.allSettled([hash('x'), hash('x'), hash('x')])
    expect(burst.map(each => each.status === 'rejected' && each.reason.message)).to.deep.equal([
      'out of memory',
      'out of memory',
      'busy',
    ])
    broken = false
    expect(await hash('x')).to.include('$hash')
  })

  it('serves in the order of arrival', async () => {
    const order: number[] = []
    const { hash } = hasher({
      keyring: newer,
      queue: 9,
      concurrency: 1,
      engine: { hash: async () => '$', verify: async () => false },
    })
    await Promise.all([1, 2, 3, 4].map(each => hash('x').then(() => order.push(each))))
    expect(order).to.deep.equal([1, 2, 3, 4])
  })

  it('leaves the event loop free while it hashes', async () => {
    const { hash } = hasher({ keyring: newer, queue: 10 })
    let ticks = 0
    const hashing = Promise.all([hash('x'), hash('x'), hash('x')]).then(() => 'done')
    const ticking = (async () => {
      while (ticks < 3) {
        await turn()
        ticks += 1
      }
      return 'ticked'
    })()
    expect(await Promise.race([hashing, ticking])).to.equal('ticked')
    await hashing
  })
})
