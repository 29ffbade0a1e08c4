import { expect } from 'chai'
import fc from 'fast-check'
import { keyring } from '../../src/crypto/keyring.ts'
import { openUnder, SealError, sealer, sealUnder } from '../../src/crypto/seal.ts'

const older = 'o'.repeat(32)
const newer = 'n'.repeat(32)
const { seal, open, openBytes, stale, blind } = sealer(keyring([newer]))
const words = fc.string({ unit: 'grapheme' })
const tampered = (sealed: string, at: number) => {
  const bytes = Buffer.from(sealed, 'base64url')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString('base64url')
}

describe('sealer', () => {
  it('opens any text and any bytes in the context they were sealed in', () => {
    fc.assert(fc.property(words, words, (text, context) => open(seal(text, context), context) === text))
    fc.assert(
      fc.property(fc.uint8Array(), words, (bytes, context) => {
        expect([...openBytes(seal(bytes, context), context)]).to.deep.equal([...bytes])
      }),
    )
  })

  it('never seals twice alike, and shows nothing of what it sealed', () => {
    const sealed = seal('a secret that is long enough to see', 'x')
    expect(sealed).to.match(/^[\w-]+$/)
    expect(sealed).to.not.equal(seal('a secret that is long enough to see', 'x'))
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).to.not.include('secret')
  })

  it('refuses a value with any byte changed, cut off or added', () => {
    const sealed = seal('secret', 'credential:1')
    const length = Buffer.from(sealed, 'base64url').length
    for (let at = 0; at < length; at++)
      expect(() => open(tampered(sealed, at), 'credential:1'), `byte ${at}`).to.throw(SealError)
    for (let cut = 0; cut < sealed.length; cut++)
      expect(() => open(sealed.slice(0, cut), 'credential:1')).to.throw(SealError)
    expect(() => open(`${sealed}AAAA`, 'credential:1')).to.throw(SealError)
  })

  it('refuses another encoding of the same bytes', () => {
    const sealed = seal('12', 'x')
    expect(Buffer.from(sealed, 'base64url').length % 3).to.not.equal(0)
    const last = sealed.at(-1) as string
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const other = sealed.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1]
    expect(Buffer.from(other, 'base64url')).to.deep.equal(Buffer.from(sealed, 'base64url'))
    expect(() => open(other, 'x')).to.throw(SealError)
    expect(() => open(`${sealed}=`, 'x')).to.throw(SealError)
    expect(() => open(`${sealed}\n`, 'x')).to.throw(SealError)
  })

  it('throws the same error for a wrong context, an unknown key and nonsense', () => {
    const foreign = sealer(keyring([older])).seal('secret', 'x')
    const failures = [
      () => open(seal('secret', 'x'), 'y'),
      () => open(foreign, 'x'),
      () => open('nonsense', 'x'),
      () => open('', 'x'),
      () => stale('nonsense'),
      () => open(sealUnder('bearer', 'secret', 'x'), 'x'),
    ]
    for (const failure of failures) {
      try {
        failure()
        expect.fail('opened')
      } catch (error) {
        expect(error).to.be.instanceOf(SealError)
        expect((error as Error).message).to.equal('cannot be opened')
        expect((error as Error).cause).to.equal(undefined)
      }
    }
  })

  it('opens what an older key sealed, says that it is stale, and seals with the newest', () => {
    const before = sealer(keyring([older])).seal('secret', 'x')
    const both = sealer(keyring([newer, older]))
    expect(both.open(before, 'x')).to.equal('secret')
    expect(both.stale(before)).to.equal(true)
    const after = both.seal('secret', 'x')
    expect(both.stale(after)).to.equal(false)
    expect(open(after, 'x')).to.equal('secret')
  })

  it('keeps blind indexes that are alike for like content, context and key only', () => {
    expect(blind('a@example.com', 'to')).to.deep.equal(blind('a@example.com', 'to'))
    expect(blind('a@example.com', 'to')).to.not.deep.equal(blind('b@example.com', 'to'))
    expect(blind('a@example.com', 'to')).to.not.deep.equal(blind('a@example.com', 'from'))
    expect(blind('b', 'a')).to.not.deep.equal(blind('', 'ab'))
    const [before] = sealer(keyring([older])).blind('a@example.com', 'to')
    expect(sealer(keyring([newer, older])).blind('a@example.com', 'to')).to.deep.equal([
      blind('a@example.com', 'to')[0],
      before,
    ])
  })
})

describe('sealUnder', () => {
  it('opens any text under the same bearer value and context', () => {
    fc.assert(
      fc.property(
        words,
        words,
        words,
        (bearer, text, context) => openUnder(bearer, sealUnder(bearer, text, context), context) === text,
      ),
    )
  })

  it('refuses another bearer value, another context, and any byte changed', () => {
    const sealed = sealUnder('bearer', 'answer', 'replay')
    expect(() => openUnder('another', sealed, 'replay')).to.throw(SealError)
    expect(() => openUnder('bearer', sealed, 'else')).to.throw(SealError)
    const length = Buffer.from(sealed, 'base64url').length
    for (let at = 0; at < length; at++)
      expect(() => openUnder('bearer', tampered(sealed, at), 'replay'), `byte ${at}`).to.throw(SealError)
  })

  it('cannot be opened with the keyring', () => {
    expect(() => openUnder('bearer', seal('answer', 'replay'), 'replay')).to.throw(SealError)
    expect(() => open(sealUnder('bearer', 'answer', 'replay'), 'replay')).to.throw(SealError)
  })
})
