import { expect } from 'chai'
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose'
import {
  type Algorithm,
  algorithms,
  immediateSigner,
  isPrivate,
  isSupported,
  newKey,
  publicHalf,
  statementSigner,
  verifyStatement,
} from '../../src/crypto/jws.ts'
import { keyring } from '../../src/crypto/keyring.ts'

describe('newKey', () => {
  for (const [alg, kind] of [
    ['ES256', { kty: 'EC', crv: 'P-256' }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519' }],
    ['PS256', { kty: 'RSA' }],
    ['RS256', { kty: 'RSA' }],
    ['ML-DSA-44', { kty: 'AKP' }],
    ['ML-DSA-65', { kty: 'AKP' }],
  ] as const) {
    it(`makes a key that signs ${alg}, named by its thumbprint`, async () => {
      const jwk = await newKey(alg)
      expect(jwk).to.include({ ...kind, alg, use: 'sig' })
      expect(jwk.kid).to.equal(await calculateJwkThumbprint(jwk))
      const jwt = await new SignJWT({ sub: 'a' }).setProtectedHeader({ alg }).sign(await importJWK(jwk, alg))
      const open = publicHalf(jwk)
      expect([isPrivate(jwk), isPrivate(open)]).to.deep.equal([true, false])
      expect(open).to.not.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi', 'priv')
      expect((await jwtVerify(jwt, await importJWK(open, alg))).payload.sub).to.equal('a')
    })
  }

  it('makes RSA keys of 3072 bits for PS256 and of 2048 bits for RS256', async () => {
    const bytes = async (alg: Algorithm) => Buffer.from((await newKey(alg)).n ?? '', 'base64url').length
    expect(await bytes('PS256')).to.equal(384)
    expect(await bytes('RS256')).to.equal(256)
  })

  it('makes a key of every algorithm that this runtime supports', () => {
    expect(algorithms.filter(isSupported)).to.deep.equal([...algorithms])
  })

  it('makes a different key each time', async () => {
    expect((await newKey('ES256')).kid).to.not.equal((await newKey('ES256')).kid)
  })
})

const encode = (text: string) => Buffer.from(text).toString('base64url')

describe('signing at once', () => {
  for (const alg of ['ES256', 'EdDSA'] as const) {
    it(`makes signatures that others verify: ${alg}`, async () => {
      const jwk = await newKey(alg)
      const { sign, publicKey } = immediateSigner(jwk)
      const { d, ...open } = jwk
      expect(publicKey.export({ format: 'jwk' })).to.include({ kty: open.kty, x: open.x })
      const verifying = await importJWK(open)
      // Enough of them that numbers come short, and with the high bit set.
      for (let times = 0; times < 600; times++) {
        const text = `${encode(JSON.stringify({ alg }))}.${encode(String(times))}`
        const signature = sign(Buffer.from(text))
        expect(signature).to.have.lengthOf(64)
        if (times % 10 === 0) await compactVerify(`${text}.${Buffer.from(signature).toString('base64url')}`, verifying)
        else if (signature[0] === 0 || signature[32] === 0)
          await compactVerify(`${text}.${Buffer.from(signature).toString('base64url')}`, verifying)
      }
    })
  }

  for (const alg of ['PS256', 'RS256', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65'] as const) {
    it(`makes signatures that others verify: ${alg}`, async () => {
      const jwk = await newKey(alg)
      const text = `${encode(JSON.stringify({ alg }))}.${encode('once')}`
      const signature = Buffer.from(immediateSigner(jwk).sign(Buffer.from(text))).toString('base64url')
      await compactVerify(`${text}.${signature}`, await importJWK(publicHalf(jwk)))
    })
  }

  it('signs nothing with a public half', async () => {
    const { sign, publicKey } = immediateSigner(publicHalf(await newKey('ES256')))
    expect(publicKey.type).to.equal('public')
    expect(() => sign(Buffer.from('text'))).to.throw(TypeError)
  })
})

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'

describe('signed statements', () => {
  const made = (secrets: string[], type = 'statement', purpose = 'statements') =>
    statementSigner(keyring(secrets).all(purpose), type)

  it('verify by the public keys alone, which every process derives alike', async () => {
    const { sign, jwks } = await made([old])
    const jws = await sign({ at: 1 })
    expect(jwks).to.deep.equal((await made([old])).jwks)
    expect(Object.keys(jwks.keys[0] ?? {})).to.have.members(['kty', 'crv', 'x', 'kid', 'alg', 'use'])
    expect(decodeProtectedHeader(jws)).to.deep.equal({ alg: 'EdDSA', kid: jwks.keys[0]?.kid, typ: 'statement' })
    expect(await verifyStatement(jws, jwks, 'statement')).to.deep.equal({ at: 1 })
  })

  it('are made by the newest key and verify by the others', async () => {
    const before = await made([old])
    const after = await made([fresh, old])
    expect(after.jwks.keys[1]).to.deep.equal(before.jwks.keys[0])
    expect(await verifyStatement(await before.sign({ at: 1 }), after.jwks, 'statement')).to.deep.equal({ at: 1 })
    expect(await verifyStatement(await after.sign({ at: 1 }), before.jwks, 'statement')).to.equal(undefined)
  })

  it('do not verify as another type, by another purpose’s key, or once a letter was changed', async () => {
    const { sign, jwks } = await made([old])
    const jws = await sign({ at: 1 })
    expect(await verifyStatement(jws, jwks, 'other')).to.equal(undefined)
    expect(await verifyStatement(jws, (await made([old], 'statement', 'others')).jwks, 'statement')).to.equal(undefined)
    const [header, payload, signature] = jws.split('.')
    const forged = Buffer.from(JSON.stringify({ at: 2 })).toString('base64url')
    expect(payload).not.to.equal(forged)
    for (const bad of [`${header}.${forged}.${signature}`, `${header}.${payload}.`, 'x', ''])
      expect(await verifyStatement(bad, jwks, 'statement')).to.equal(undefined)
    expect(await verifyStatement(jws, { keys: [] }, 'statement')).to.equal(undefined)
  })

  it('want a key', async () => {
    expect(await statementSigner([], 'statement').catch(each => each)).to.be.an.instanceof(RangeError)
  })
})
