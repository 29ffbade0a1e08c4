import { expect } from 'chai'
import { decodeProtectedHeader } from 'jose'
import { keyring } from '../../src/crypto/keyring.ts'
import { signer, verified } from '../../src/crypto/statement.ts'

const old = 'an old secret of thirty-two characters'
const fresh = 'a fresh secret of thirty-two characters'

describe('signed statements', () => {
  const made = (secrets: string[], type = 'statement', purpose = 'statements') =>
    signer(keyring(secrets).all(purpose), type)

  it('verify by the public keys alone, which every process derives alike', async () => {
    const { sign, jwks } = await made([old])
    const jws = await sign({ at: 1 })
    expect(jwks).to.deep.equal((await made([old])).jwks)
    expect(Object.keys(jwks.keys[0] ?? {})).to.have.members(['kty', 'crv', 'x', 'kid', 'alg', 'use'])
    expect(decodeProtectedHeader(jws)).to.deep.equal({ alg: 'EdDSA', kid: jwks.keys[0]?.kid, typ: 'statement' })
    expect(await verified(jws, jwks, 'statement')).to.deep.equal({ at: 1 })
  })

  it('are made by the newest key and verify by the others', async () => {
    const before = await made([old])
    const after = await made([fresh, old])
    expect(after.jwks.keys[1]).to.deep.equal(before.jwks.keys[0])
    expect(await verified(await before.sign({ at: 1 }), after.jwks, 'statement')).to.deep.equal({ at: 1 })
    expect(await verified(await after.sign({ at: 1 }), before.jwks, 'statement')).to.equal(undefined)
  })

  it('do not verify as another type, by another purpose’s key, or once a letter was changed', async () => {
    const { sign, jwks } = await made([old])
    const jws = await sign({ at: 1 })
    expect(await verified(jws, jwks, 'other')).to.equal(undefined)
    expect(await verified(jws, (await made([old], 'statement', 'others')).jwks, 'statement')).to.equal(undefined)
    const [header, payload, signature] = jws.split('.')
    const forged = Buffer.from(JSON.stringify({ at: 2 })).toString('base64url')
    expect(payload).not.to.equal(forged)
    for (const bad of [`${header}.${forged}.${signature}`, `${header}.${payload}.`, 'x', ''])
      expect(await verified(bad, jwks, 'statement')).to.equal(undefined)
    expect(await verified(jws, { keys: [] }, 'statement')).to.equal(undefined)
  })

  it('want a key', async () => {
    expect(await signer([], 'statement').catch(each => each)).to.be.an.instanceof(RangeError)
  })
})
