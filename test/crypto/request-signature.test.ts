import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { expect } from 'chai'
import {
  macMatches,
  nobodysPublicKey,
  publicKeyOf,
  signatureMatches,
  signWith,
} from '../../src/crypto/request-signature.ts'

const pem = (type: 'PUBLIC' | 'PRIVATE', der: string) =>
  `-----BEGIN ${type} KEY-----\n${der}\n-----END ${type} KEY-----\n`
// RFC 8032, 7.1, TEST 2, in the wrappings of RFC 8410.
const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'
const publicHex = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'
const signatureHex =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
const privatePem = pem('PRIVATE', Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64'))
const publicKey = Buffer.from(publicHex, 'hex').toString('base64url')

describe('signatures of requests', () => {
  it('take the HMAC of the text under the secret, and nothing else', () => {
    const mac = createHmac('sha256', 'secret').update('text').digest()
    expect(macMatches('secret', 'text', mac)).to.equal(true)
    expect(macMatches(Buffer.from('secret'), Buffer.from('text'), mac)).to.equal(true)
    expect(macMatches('other', 'text', mac)).to.equal(false)
    expect(macMatches('secret', 'Text', mac)).to.equal(false)
    for (const wrong of [mac.subarray(0, 31), Buffer.concat([mac, Buffer.of(0)]), Buffer.alloc(0), Buffer.alloc(32)])
      expect(macMatches('secret', 'text', wrong)).to.equal(false)
  })

  it('take the Ed25519 signature of the text, as RFC 8032 has it', () => {
    const text = Buffer.from('72', 'hex')
    const signature = Buffer.from(signatureHex, 'hex')
    expect(signWith(privatePem, text).toString('hex')).to.equal(signatureHex)
    expect(signatureMatches(publicKey, text, signature)).to.equal(true)
    expect(signatureMatches(publicKey, 'r', signature)).to.equal(true)
    expect(signatureMatches(publicKey, 's', signature)).to.equal(false)
    for (const wrong of [signature.subarray(1), Buffer.alloc(64), Buffer.alloc(0)])
      expect(signatureMatches(publicKey, text, wrong)).to.equal(false)
  })

  it('hold a text against nobody’s key', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const key = nobodysPublicKey()
    expect(publicKeyOf(key)).to.equal(key)
    expect(nobodysPublicKey()).to.not.equal(key)
    expect(signatureMatches(key, 'text', sign(null, Buffer.from('text'), privateKey))).to.equal(false)
  })

  it('read a public key as PEM, base64 and base64url', () => {
    const der = Buffer.from(`302a300506032b6570032100${publicHex}`, 'hex')
    expect(publicKeyOf(`  ${pem('PUBLIC', der.toString('base64'))}  `)).to.equal(publicKey)
    expect(publicKeyOf(Buffer.from(publicHex, 'hex').toString('base64'))).to.equal(publicKey)
    expect(publicKeyOf(publicKey)).to.equal(publicKey)
  })

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })
  const none: [string, string][] = [
    ['nothing', ''],
    ['words', 'my key'],
    ['a key of another kind', String(rsa)],
    ['a private key', privatePem],
    ['a broken PEM', pem('PUBLIC', 'AAAA')],
    ['31 bytes', Buffer.alloc(31, 7).toString('base64url')],
    ['33 bytes', Buffer.alloc(33, 7).toString('base64url')],
  ]
  for (const [what, text] of none) {
    it(`refuse ${what} as a public key`, () => expect(publicKeyOf(text)).to.equal(undefined))
  }

  it('refuse the points of small order, under which one signature fits many texts', () => {
    const points = [
      `00${'00'.repeat(31)}`,
      `01${'00'.repeat(31)}`,
      `01${'00'.repeat(30)}80`,
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      `ec${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}ff`,
    ]
    for (const hex of points)
      expect(publicKeyOf(Buffer.from(hex, 'hex').toString('base64url')), hex).to.equal(undefined)
  })

  it('sign with an Ed25519 key only', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    expect(() => signWith(String(privateKey.export({ type: 'pkcs8', format: 'pem' })), 'text')).to.throw(TypeError)
    expect(createPublicKey(createPrivateKey(privatePem)).asymmetricKeyType).to.equal('ed25519')
  })
})
