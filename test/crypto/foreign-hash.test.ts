import { expect } from 'chai'
import {
  bounds,
  djangoBcryptHash,
  firebaseHash,
  foreignHash,
  HashFault,
  kindOf,
  pbkdf2Hash,
} from '../../src/crypto/foreign-hash.ts'
import { hasher } from '../../src/crypto/hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'

const password = 'plum anchor violin'
const salt = 'c2l4dGVlbiBieXRlcyBvaw'
const pbkdf2 = (digest: string, hash: string) => `$pbkdf2-${digest}$i=1000$${salt}$${hash}`

/** Made by Python's hashlib, argon2-cffi, bcrypt, passlib and Django, and by nothing of ours. */
const made: [name: string, hash: string][] = [
  ['argon2i', `$argon2i$v=19$m=1024,t=2,p=2$${salt}$c2UIa8eEl8m13urZteP+EXTCvZfXv7Y9FaCUEiy+VvI`],
  ['argon2d', `$argon2d$v=19$m=1024,t=2,p=2$${salt}$3Z8iOlRVvkn5t+EU4Qg1Yz0whs5CIFEoiJA2Hk6y9uM`],
  ['argon2id', `$argon2id$v=19$m=1024,t=2,p=2$${salt}$a6XOuiiPs2K6RkMBNxB39ywIOFBGuGjL+5hIODtegfI`],
  ['argon2i with many passes', `$argon2i$v=19$m=4096,t=256,p=1$${salt}$WHR4EDOhlvKWr3dFapAFHvTSFf/aRL7lGpGARYRNwjI`],
  ['bcrypt 2b', '$2b$04$yFW1llW5IwDMNXX9kvkjQeMruGUO18D24QW3L0b5yEm9fgXyrIChi'],
  ['bcrypt 2a', '$2a$04$GirsoxLLtSnnv7z9uKjEhOM1XPL/wCe1UHSx0J7pylKS5KOkDaBmC'],
  ['scrypt', `$scrypt$ln=10,r=8,p=2$${salt}$E8mvFiF+PJLuOpzkMXzMrS7lib1B6l4noLNknK6OJs0`],
  ['scrypt of passlib', '$scrypt$ln=10,r=8,p=1$d84ZY0zJmZOy1hpDaG2tNQ$JPFxOf1QJQn0OkN2TrJOPeOEKVAyanMo9zEksiEtbsQ'],
  ['PBKDF2 with SHA-1', pbkdf2('sha1', 'LoQ0z43gWwrVkormN/0B07RK1iY')],
  ['PBKDF2 with SHA-256', pbkdf2('sha256', 'esNFQK6Eylta01E+4s4v135bTqnQRFnRNcvyA+DdECI')],
  [
    'PBKDF2 with SHA-512',
    pbkdf2('sha512', '8Jtl/z0G764JRLeZxUqkA2t1k71rbNKITfrmTqyJkcHHCNk15+0Gyfrh8lWRchPfaeLDLM9/RMP/kN+BVc7Fiw'),
  ],
  ['PBKDF2 of passlib', '$pbkdf2-sha256$1000$GwOAMEZIqdWaM6a01jpH6A$ix0QhQrjxbRybPW9.Qd/s/h2TR247Lyy9rWoOEGj16k'],
  ["Django's bcrypt_sha256", djangoBcryptHash('$2b$12$CU2CECNVHBtGaYf7WWqixO5Bn8jKFPLDJlTwP/hJNtcvcUpxqCtpy')],
]

/** The example that Firebase publishes with its own implementation. */
const project = {
  signerKey: Buffer.from(
    'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
    'base64',
  ),
  saltSeparator: Buffer.from('Bw==', 'base64'),
  rounds: 8,
  memCost: 14,
}
const ofFirebase = firebaseHash(project, {
  salt: Buffer.from('42xEC+ixf3L2lw==', 'base64'),
  hash: Buffer.from(
    'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
    'base64',
  ),
})

const fault = (spelled: string): string => {
  try {
    foreignHash(spelled)
  } catch (thrown) {
    if (thrown instanceof HashFault) return thrown.code
    throw thrown
  }
  return 'none'
}

describe('crypto/foreign-hash', () => {
  for (const [name, hash] of made) {
    it(`verifies ${name}`, async () => {
      const verify = foreignHash(hash)
      expect(await verify(password)).to.equal(true)
      expect(await verify(`${password}s`)).to.equal(false)
      expect(await verify('')).to.equal(false)
    })
  }

  it("verifies Firebase's scrypt with the example that Firebase publishes", async () => {
    const verify = foreignHash(ofFirebase)
    expect(await verify('user1password')).to.equal(true)
    expect(await verify('user2password')).to.equal(false)
  })

  const many = '1'.repeat(8)
  const bcryptOf = (cost: string) => `$2b$${cost}$yFW1llW5IwDMNXX9kvkjQeMruGUO18D24QW3L0b5yEm9fgXyrIChi`
  const argon2Of = (cost: string) => `$argon2id$v=19$${cost}$${salt}$a6XOuiiPs2K6RkMBNxB39ywIOFBGuGjL+5hIODtegfI`
  const scryptOf = (cost: string) => `$scrypt$${cost}$${salt}$E8mvFiF+PJLuOpzkMXzMrS7lib1B6l4noLNknK6OJs0`
  const refused: [what: string, hash: string, code: string][] = [
    ['bcrypt of cost 15', bcryptOf('15'), 'costly'],
    ['bcrypt of cost 31', bcryptOf('31'), 'costly'],
    ['bcrypt of cost 3', bcryptOf('03'), 'unknown'],
    ['bcrypt of a variant with a known flaw', bcryptOf('04').replace('$2b', '$2x'), 'unknown'],
    ['argon2 with a gigabyte', argon2Of('m=1048576,t=1,p=1'), 'costly'],
    ['argon2 with endless passes', argon2Of('m=65536,t=999999,p=1'), 'costly'],
    ['argon2 with many lanes', argon2Of('m=65536,t=1,p=64'), 'costly'],
    ['argon2 without passes', argon2Of('m=1024,t=0,p=1'), 'unknown'],
    ['argon2 with less memory than its lanes need', argon2Of('m=8,t=1,p=2'), 'unknown'],
    ['scrypt with a gigabyte', scryptOf('ln=20,r=8,p=1'), 'costly'],
    ['scrypt with an ln that no number holds', scryptOf('ln=99,r=1,p=1'), 'costly'],
    ['scrypt with endless lanes', scryptOf('ln=14,r=8,p=9999'), 'costly'],
    ['scrypt without rounds', scryptOf('ln=14,r=0,p=1'), 'unknown'],
    ['PBKDF2 with endless iterations', `$pbkdf2-sha256$i=${many}$${salt}$${'A'.repeat(43)}`, 'costly'],
    ['PBKDF2 with many blocks of output', `$pbkdf2-sha1$i=500000$${salt}$${'A'.repeat(136)}`, 'costly'],
    ['PBKDF2 without iterations', `$pbkdf2-sha256$i=0$${salt}$${'A'.repeat(43)}`, 'unknown'],
    ['PBKDF2 with MD5', `$pbkdf2-md5$i=1000$${salt}$${'A'.repeat(43)}`, 'unknown'],
    ['a hash that is hardly one', `$pbkdf2-sha256$i=1000$${salt}$AAAA`, 'unknown'],
    ['Firebase with a gigabyte', ofFirebase.replace('ln=14', 'ln=20'), 'costly'],
    ['Firebase with another key', ofFirebase.replace('$jxsp', '$'), 'unknown'],
    ['a hash of ours', 'abcdefgh$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo', 'unknown'],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99', 'unknown'],
    ['nothing', '', 'unknown'],
    ['one hash behind another', `${bcryptOf('04')}\n${bcryptOf('04')}`, 'unknown'],
    ['a very long text', `$argon2id$${'A'.repeat(100_000)}`, 'unknown'],
  ]
  for (const [what, hash, code] of refused) {
    it(`refuses ${what}`, () => {
      expect(fault(hash)).to.equal(code)
    })
  }

  it('takes what the products themselves have as their defaults', () => {
    const output = Buffer.alloc(64, 1)
    const ours = { salt: Buffer.alloc(16), hash: output }
    for (const usual of [
      argon2Of('m=102400,t=2,p=8'),
      argon2Of('m=65536,t=3,p=4'),
      scryptOf('ln=14,r=8,p=5'),
      scryptOf('ln=17,r=8,p=1'),
      bcryptOf('12'),
      pbkdf2Hash({ digest: 'sha512', iterations: 210_000, ...ours }),
      pbkdf2Hash({ digest: 'sha256', iterations: 600_000, ...ours }),
      pbkdf2Hash({ digest: 'sha256', iterations: 1_200_000, salt: ours.salt, hash: output.subarray(0, 32) }),
    ])
      expect(fault(usual), usual).to.equal('none')
    expect(bounds.memory).to.be.below(256 * 1024)
  })

  it('is one of the hashes that passwords are verified by, and asks for one of ours in its place', async () => {
    const { verify, hash } = hasher({ keyring: keyring(['n'.repeat(32)]), queue: 10, cost: { memory: 8, passes: 1 } })
    const [, foreign = ''] = made[4] ?? []
    expect(await verify(foreign, password)).to.deep.equal({ ok: true, stale: true })
    expect((await verify(foreign, 'plum anchor viola')).ok).to.equal(false)
    expect((await verify(await hash(password), password)).stale).to.equal(false)
  })

  it('has a kind that takes the same to verify, and says nothing of the password or of a project', async () => {
    const kinds = [...made.map(([, hash]) => hash), ofFirebase].map(hash => [hash, kindOf(hash)] as const)
    for (const [hash, kind] of kinds) {
      expect(kindOf(kind), hash).to.equal(kind)
      const secrets = hash.startsWith('$2') ? [hash.slice(7)] : hash.split('$').slice(hash === ofFirebase ? 4 : -1)
      for (const each of secrets) expect(kind).to.not.include(each)
      if (hash !== ofFirebase) expect(await foreignHash(kind)(password), kind).to.equal(false)
    }
    const parameters = (spelled: string) => spelled.match(/\$2[aby]\$\d\d|[a-z]+=\d+|pbkdf2-\w+/g)
    for (const [hash, kind] of kinds) expect(parameters(kind)).to.deep.equal(parameters(hash))
    const [ours, other] = ['abcdefgh', 'ABCDEFGH'].map(id => kindOf(`${id}${argon2Of('m=8,t=1,p=1')}`))
    expect([ours, fault(ours ?? ''), fault(kindOf(ofFirebase))]).to.deep.equal([other, 'none', 'none'])
  })

  it('takes the place of an unknown account’s, in the same queue', async () => {
    const { decoy, kind } = hasher({ keyring: keyring(['n'.repeat(32)]), queue: 0, concurrency: 1 })
    expect(fault(kind)).to.equal('none')
    // Something is verified by the kind that is told, and by no other: one that is none is noticed.
    expect(await decoy(password, '$nothing$').catch(error => error)).to.be.instanceOf(HashFault)
    const first = decoy(password, kindOf(made[4]?.[1] ?? ''))
    expect(await decoy(password, kind).catch(problem => problem.code)).to.equal('busy')
    await first
  })

  it('waits in the queue of all other passwords', async () => {
    const { verify } = hasher({ keyring: keyring(['n'.repeat(32)]), queue: 0, concurrency: 1 })
    const [, foreign = ''] = made[4] ?? []
    const first = verify(foreign, password)
    const second = await verify(foreign, password).catch(problem => problem.code)
    expect(second).to.equal('busy')
    expect((await first).ok).to.equal(true)
  })
})
