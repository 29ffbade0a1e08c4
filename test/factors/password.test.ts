import { expect } from 'chai'
import { hasher } from '../../src/crypto/hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { Problem } from '../../src/errors.ts'
import { password } from '../../src/factors/password.ts'
import { name, problem, services, subject } from '../support/factors.ts'

const right = 'plum anchor violin'

describe('factors/password', () => {
  const own = services()
  const factor = password(own)
  const enrol = (typed: string, email = 'ada@example.com') =>
    factor.enrol.finish({ password: typed }, null, subject({ email }))
  const held = async (typed = right) => ({ id: 'credential', secret: (await enrol(typed)).secret })
  const prove = (typed: string, credential: Awaited<ReturnType<typeof held>>, of = factor) =>
    of.prove.finish({ email: 'ada@example.com', password: typed }, null, subject({ credentials: [credential] }))

  for (const [what, typed, code] of [
    ['too short', 'k#9Xp2!', 'password_short'],
    ['too long', 'plum anchor violin '.repeat(7), 'password_long'],
    ['common', 'Password123!', 'password_common'],
    ['personal', 'ada-and-plum-anchor', 'password_personal'],
  ] as const) {
    it(`refuses one that is ${what}, beside its field`, async () => {
      const fault = await problem(enrol(typed))
      expect(fault).to.include({ code, status: 422, field: 'password' })
      expect(fault.values).to.include({ min: 8, max: 128 })
    })
  }

  it('rates what is typed by the fault that it would be refused with', async () => {
    const { score, fault } = (await factor.rate?.('Password123!', {})) ?? {}
    expect([score, fault?.code, fault?.values.why]).to.deep.equal([1, 'password_common', 'listed'])
    expect(await factor.rate?.(right, {})).to.deep.equal({ score: 4, fault: undefined })
  })

  it('keeps a hash and nothing of the password', async () => {
    const { secret } = await enrol(right)
    expect(secret.hash).to.include('$argon2id$')
    expect(JSON.stringify(secret)).to.not.include('plum')
  })

  it('takes the same letters composed and decomposed', async () => {
    const credential = await held('Grün-Apfel-Tisch'.normalize('NFD'))
    expect(await prove('Grün-Apfel-Tisch'.normalize('NFC'), credential)).to.deep.equal({ credential: 'credential' })
  })

  it('takes no other case, and no spaces more or less', async () => {
    const credential = await held()
    for (const typed of ['Plum anchor violin', ` ${right}`, `${right} `, 'plumanchorviolin', '']) {
      expect((await problem(prove(typed, credential))).code).to.equal('wrong_credentials')
    }
  })

  it('names whose it is in the one spelling of addresses', () => {
    expect(factor.prove.names?.({ email: ' Ada@Example.COM ', password: '' })).to.deep.equal({
      email: 'ada@example.com',
    })
    expect(factor.prove.names?.({ email: ' Nobody ', password: '' })).to.deep.equal({ email: 'nobody' })
  })

  it('takes the time of the kind that is drawn for the address where there is no password', async () => {
    const taken: unknown[] = []
    const hasher = { ...own.hasher, decoy: async (...given: unknown[]) => void taken.push(given) }
    const likeness = async (address: string) => `kind for ${address}`
    const answer = { email: 'typed@example.com', password: right }
    const asked = password({ hasher, name, likeness }).prove.finish(answer, null, subject({ email: 'eve@example.com' }))
    expect(await problem(asked)).to.include({ code: 'wrong_credentials' })
    expect(taken).to.deep.equal([[right, 'kind for eve@example.com']])
  })

  describe('once the cost has changed', () => {
    const dearer = (queue = 1000) =>
      hasher({
        keyring: keyring(['a secret of thirty-two characters or more']),
        queue,
        cost: { memory: 16, passes: 1 },
      })

    it('hashes a right password anew', async () => {
      const credential = await held()
      const { secret } = await prove(right, credential, password({ hasher: dearer(), name }))
      expect(secret?.hash).to.include('m=16').and.not.equal(credential.secret.hash)
      expect(await prove(right, { id: 'credential', secret: secret ?? credential.secret })).to.have.keys(
        'credential',
        'secret',
      )
    })

    it('never hashes a wrong one anew', async () => {
      const fault = await problem(prove('plum anchor viola', await held(), password({ hasher: dearer(), name })))
      expect(fault.code).to.equal('wrong_credentials')
    })

    it('lets a right password pass when the queue is too busy to hash it', async () => {
      const busy = { ...dearer(), hash: () => Promise.reject(new Problem('busy', { retryAfter: 1 })) }
      expect(await prove(right, await held(), password({ hasher: busy, name }))).to.deep.equal({
        credential: 'credential',
      })
    })

    it('hides no other fault of hashing', async () => {
      const broken = { ...dearer(), hash: () => Promise.reject(new Error('out of memory')) }
      const fault = await prove(right, await held(), password({ hasher: broken, name })).catch(error => error)
      expect(fault).to.have.property('message', 'out of memory')
    })
  })

  it('says that it is busy, and never that the password is wrong, when too many wait', async () => {
    const busy = { ...own.hasher, verify: () => Promise.reject(new Problem('busy', { retryAfter: 1 })) }
    expect((await problem(prove(right, await held(), password({ hasher: busy, name })))).code).to.equal('busy')
  })
})
