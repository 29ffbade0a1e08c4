import { expect } from 'chai'
import { createVerifier, httpbis } from 'http-message-signatures'
import { exchange } from '../../src/api-keys/exchange-scheme.ts'
import { query } from '../../src/api-keys/query.ts'
import { contentDigest, intact, sha256In } from '../../src/api-keys/rfc9421.ts'
import { Refusal, type SignedRequest } from '../../src/api-keys/scheme.ts'
import { macMatches, publicKeyOf, signatureMatches } from '../../src/crypto/request-signature.ts'

const request = (more: Partial<SignedRequest>): SignedRequest => ({
  method: 'POST',
  url: 'https://api.example/',
  headers: {},
  body: undefined,
  digest: undefined,
  ...more,
})
const hmac = (value: string) => ({ algorithm: 'hmac-sha256' as const, value })

describe('the vectors of others', () => {
  it('exchange: a read with one parameter', async () => {
    const method = 'private/get-order-detail'
    const scheme = exchange(new Map([[method, { scope: 'read', params: { order_id: 'text' } }]]))
    const sig = '41b645a104e3a4bcae0f61d4ab5e4fb8f9aeff5668a459b7773eaaa768718bd0'
    const params = { order_id: '337843775021233500' }
    const body = JSON.stringify({ id: 11, method, api_key: 'API_KEY', params, nonce: 1587846358253, sig })
    const claim = await scheme.parse(request({ body }))
    expect(claim.signed).to.equal('private/get-order-detail11API_KEYorder_id3378437750212335001587846358253')
    expect(claim).to.include({ key: 'API_KEY', at: 1587846358253, ahead: 60_000, behind: 60_000, scope: 'read' })
    expect(scheme.verify(claim, hmac('SECRET_KEY'))).to.equal(true)
    expect(scheme.verify(claim, hmac('SECRET_KEX'))).to.equal(false)
  })

  const order =
    'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559'
  const signature = 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71'
  const mixed = '0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77'
  const [asked, sent] = [order.slice(0, order.indexOf('&quantity')), order.slice(order.indexOf('quantity'))]
  const forms: [string, Partial<SignedRequest>, string][] = [
    ['in the query', { url: `https://api.example/order?${order}&signature=${signature}` }, order],
    ['in the body', { body: `${order}&signature=${signature}` }, order],
    [
      'in both, joined with nothing',
      { url: `https://api.example/order?${asked}`, body: `${sent}&signature=${mixed}` },
      asked + sent,
    ],
  ]
  for (const [where, more, text] of forms) {
    it(`query: an order ${where}`, async () => {
      const claim = await query.parse(request({ ...more, headers: { 'x-api-key': 'vmPU' } }))
      expect(claim.signed).to.equal(text)
      expect(claim).to.include({ key: 'vmPU', at: 1499827319559, ahead: 999, behind: 5_000 })
      const secret = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j'
      expect(query.verify(claim, hmac(secret))).to.equal(true)
      expect(query.verify(claim, hmac(`${secret}x`))).to.equal(false)
    })
  }

  // RFC 9421, B.2: the request that its examples sign.
  const message = (headers: Record<string, string>) => ({
    method: 'POST',
    url: 'https://example.com/foo?param=Value&Pet=dog',
    headers: {
      Host: 'example.com',
      Date: 'Tue, 20 Apr 2021 02:07:55 GMT',
      'Content-Type': 'application/json',
      'Content-Digest':
        'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
      'Content-Length': '18',
      ...headers,
    },
  })
  type Verify = (signed: Buffer, signature: Buffer) => boolean
  const verified = (headers: Record<string, string>, verify: Verify) =>
    httpbis.verifyMessage(
      {
        notAfter: Number.POSITIVE_INFINITY,
        keyLookup: async () => ({ verify: async (signed, signature) => verify(signed, signature) }),
      },
      message(headers),
    )

  it('RFC 9421, B.2.5: hmac-sha256', async () => {
    const secret = Buffer.from(
      'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
      'base64',
    )
    const headers = {
      'Signature-Input': 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      Signature: 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:',
    }
    expect(await verified(headers, (signed, signature) => macMatches(secret, signed, signature))).to.equal(true)
    expect(await verified(headers, (signed, mac) => macMatches('another', signed, mac))).to.equal(false)
  })

  it('RFC 9421, B.2.6: ed25519', async () => {
    const der = 'MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs='
    const pem = `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`
    const key = publicKeyOf(pem) ?? ''
    const headers = {
      'Signature-Input':
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
      Signature: 'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:',
    }
    expect(await verified(headers, (signed, signature) => signatureMatches(key, signed, signature))).to.equal(true)
    const changed = { ...headers, Date: 'Tue, 20 Apr 2021 02:07:56 GMT' }
    expect(await verified(changed, (signed, signature) => signatureMatches(key, signed, signature))).to.equal(false)
    // The library's own verifier agrees.
    const own = createVerifier(pem, 'ed25519')
    const result = httpbis.verifyMessage(
      { notAfter: Number.POSITIVE_INFINITY, keyLookup: async () => ({ verify: own }) },
      message(headers),
    )
    expect(await result).to.equal(true)
  })

  const bodies: [string, string][] = [
    // RFC 9421, 2, and RFC 9530, B.1.
    ['{"hello": "world"}', 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE='],
    ['{"hello": "world"}\n', 'RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg='],
  ]
  for (const [body, digest] of bodies) {
    it(`RFC 9530: the sha-256 of ${JSON.stringify(body)}`, () => {
      const told = `sha-256=:${digest}:`
      expect(contentDigest(body)).to.equal(told)
      expect(intact({ body, digest: undefined }, told)).to.equal(true)
      expect(intact({ body: undefined, digest: told }, told)).to.equal(true)
      expect(intact({ body: `${body} `, digest: undefined }, told)).to.equal(false)
      expect(intact({ body: undefined, digest: contentDigest('other') }, told)).to.equal(false)
    })
  }

  it('RFC 9530: a field of several digests, of which sha-256 counts', () => {
    const both = `sha-512=:AAAA:, ${contentDigest('x')}`
    expect(sha256In(both)).to.equal(contentDigest('x').slice('sha-256='.length))
  })

  const digests: [string, string][] = [
    ['nothing', ''],
    ['another algorithm', 'sha-512=:AAAA:'],
    ['no bytes', 'sha-256="x"'],
    ['too few bytes', 'sha-256=:AAAA:'],
    ['a token', 'sha-256=abc'],
    ['no dictionary', ':AAAA:'],
    ['broken base64', 'sha-256=:*:'],
  ]
  for (const [what, told] of digests) {
    it(`refuses a Content-Digest of ${what}`, () => expect(() => sha256In(told)).to.throw(Refusal))
  }
})
