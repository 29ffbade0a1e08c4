import { expect } from 'chai'
import fc from 'fast-check'
import { Refusal } from '../../src/api-keys/scheme.ts'
import { InvalidVerifyRequest, readVerifyRequest } from '../../src/api-keys/verify-request.ts'

const good = { scheme: 'rfc9421', method: 'POST', url: 'https://api.example/orders?x=1', headers: { A: 'b' } }

describe('a question about a signed request', () => {
  it('is read, with its header fields by lower-case names', () => {
    const headers = { 'X-One': '1', 'X-Many': ['a', 'b'] }
    const asked = readVerifyRequest({ ...good, headers, body: '{}', address: '::ffff:192.0.2.7', scope: 'read trade' })
    expect(asked).to.deep.equal({
      scheme: 'rfc9421',
      request: {
        method: 'POST',
        url: good.url,
        headers: { 'x-one': '1', 'x-many': 'a, b' },
        body: '{}',
        digest: undefined,
      },
      address: '192.0.2.7',
      scope: ['read', 'trade'],
    })
    const { headers: _, ...bare } = good
    expect(readVerifyRequest(bare)).to.deep.include({ address: undefined, scope: [] })
  })

  it('has header fields named like what objects inherit', () => {
    const headers = JSON.parse('{"__proto__":"a","constructor":"b"}')
    const { request } = readVerifyRequest({ ...good, headers })
    expect(Object.keys(request.headers)).to.have.members(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(request.headers)).to.equal(Object.prototype)
  })

  const invalidRequest: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', 'rfc9421'],
    ['a list', [good]],
    ['an unknown member', { ...good, surprise: 1 }],
    [
      'a member that every object has',
      JSON.parse(`{"__proto__":{"scheme":"rfc9421"},${JSON.stringify(good).slice(1)}`),
    ],
    ['an unknown scheme', { ...good, scheme: 'constructor' }],
    ['a method that is a number', { ...good, method: 1 }],
    ['no URL', { ...good, url: undefined }],
    ['header fields in a list', { ...good, headers: [['a', 'b']] }],
    ['a header field that is a number', { ...good, headers: { a: 1 } }],
    ['header fields that are text', { ...good, headers: 'a: b' }],
    ['a body that was parsed', { ...good, body: {} }],
    ['a body and its digest', { ...good, body: 'x', body_digest: 'sha-256=:x:' }],
    ['a digest that is none', { ...good, body_digest: 'x' }],
    ['an address that is none', { ...good, address: 'localhost' }],
    ['scopes in a list', { ...good, scope: ['read'] }],
  ]
  for (const [what, question] of invalidRequest)
    it(`is wrong with ${what}`, () => expect(() => readVerifyRequest(question)).to.throw(InvalidVerifyRequest))

  const refused: [string, object][] = [
    ['a method in small letters', { method: 'post' }],
    ['no method', { method: '' }],
    ['a path for a URL', { url: '/orders' }],
    ['a URL with a fragment', { url: 'https://api.example/#x' }],
    ['a URL with a user', { url: 'https://ada@api.example/' }],
    ['a URL with a space', { url: 'https://api.example/a b' }],
    ['a URL of another scheme', { url: 'ftp://api.example/' }],
    ['a URL with a backslash', { url: 'https://api.example\\@evil.example/' }],
    ['a URL that is too long', { url: `https://api.example/${'x'.repeat(9_000)}` }],
    ['a line within a header field', { headers: { a: 'b\n"@method": GET' } }],
    ['a name with a space', { headers: { 'a b': 'c' } }],
    ['one name twice', { headers: { a: 'b', A: 'c' } }],
    ['more than headers may hold', { headers: { a: 'b'.repeat(70_000) } }],
    ['half a surrogate pair', { body: '\ud800' }],
  ]
  for (const [what, change] of refused)
    it(`is about no HTTP request: ${what}`, () =>
      expect(() => readVerifyRequest({ ...good, ...change })).to.throw(Refusal))

  it('never meets anything that was not foreseen', () => {
    const anything = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true }),
      fc.record({
        scheme: fc.constantFrom('rfc9421', 'query', 'exchange'),
        method: fc.oneof(fc.constant('POST'), fc.anything()),
        url: fc.oneof(fc.webUrl(), fc.anything()),
        headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
        body: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
        address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.anything()),
      }),
    )
    fc.assert(
      fc.property(anything, question => {
        try {
          readVerifyRequest(question)
        } catch (fault) {
          expect(fault instanceof InvalidVerifyRequest || fault instanceof Refusal, String(fault)).to.equal(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
