import { expect } from 'chai'
import { query } from '../../src/api-keys/query.ts'
import { type Claim, Refusal, type SignedRequest } from '../../src/api-keys/scheme.ts'

const signature = 'a'.repeat(64)
const timed = 'timestamp=1499827319559'
const parse = (asked: string, more: Partial<SignedRequest> = {}): Claim =>
  query.parse({
    method: 'GET',
    url: `https://api.example/order${asked === '' ? '' : `?${asked}`}`,
    headers: { 'x-api-key': 'lk_1' },
    body: undefined,
    digest: undefined,
    ...more,
  }) as Claim

describe('the query scheme', () => {
  it('gives a request five seconds unless it says otherwise, and a minute at most', () => {
    expect(parse(`${timed}&signature=${signature}`).behind).to.equal(5_000)
    expect(parse(`recvWindow=1&${timed}&signature=${signature}`).behind).to.equal(1)
    expect(parse(`recvWindow=60000&${timed}&signature=${signature}`).behind).to.equal(60_000)
    expect(() => parse(`recvWindow=60001&${timed}&signature=${signature}`)).to.throw(Refusal)
  })

  it('takes a body that holds nothing but the signature', () => {
    expect(parse(timed, { body: `signature=${signature}` }).signed).to.equal(timed)
  })

  it('takes escapes as they stand', () => {
    const text = `note=a%20b+c&list=[1,2]&${timed}`
    expect(parse(`${text}&signature=${signature}`).signed).to.equal(text)
  })

  const wrong: [string, () => unknown][] = [
    ['no signature', () => parse(timed)],
    ['nothing', () => parse('')],
    ['a signature that is not last', () => parse(`signature=${signature}&${timed}`)],
    ['two signatures', () => parse(`signature=${signature}&${timed}&signature=${signature}`)],
    [
      'a signature in the query and one in the body',
      () => parse(`${timed}&signature=${signature}`, { body: `signature=${signature}` }),
    ],
    ['a signature that hangs on a value', () => parse(`${timed}signature=${signature}`)],
    ['a signature in capitals', () => parse(`${timed}&signature=${signature.toUpperCase()}`)],
    ['a signature that is too long', () => parse(`${timed}&signature=${signature}a`)],
    ['no timestamp', () => parse(`symbol=X&signature=${signature}`)],
    ['a timestamp that comes twice', () => parse(`${timed}&${timed}&signature=${signature}`)],
    ['a name that comes twice, in query and body', () => parse('a=1', { body: `a=2&${timed}&signature=${signature}` })],
    ['a timestamp that is no whole number', () => parse(`timestamp=1499827319559.5&signature=${signature}`)],
    ['a timestamp with a leading nought', () => parse(`timestamp=0499827319559&signature=${signature}`)],
    ['an empty timestamp', () => parse(`timestamp=&signature=${signature}`)],
    ['a window that is no number', () => parse(`recvWindow=all&${timed}&signature=${signature}`)],
    ['a name without a value', () => parse(`symbol&${timed}&signature=${signature}`)],
    ['an empty pair', () => parse(`&${timed}&signature=${signature}`)],
    ['a value with an equals sign', () => parse(`a=1b=2&${timed}&signature=${signature}`)],
    ['a name with an escape', () => parse(`pri%63e=1&${timed}&signature=${signature}`)],
    ['a body of two lines', () => parse('', { body: `a=1\n&${timed}&signature=${signature}` })],
    ['a body of JSON', () => parse('', { body: '{"a":1}' })],
    ['a digest in place of the body', () => parse(`${timed}&signature=${signature}`, { digest: 'sha-256=:x:' })],
    ['no key', () => parse(`${timed}&signature=${signature}`, { headers: {} })],
    ['two keys', () => parse(`${timed}&signature=${signature}`, { headers: { 'x-api-key': 'lk_1, lk_2' } })],
  ]
  for (const [what, act] of wrong) it(`refuses ${what}`, () => expect(act).to.throw(Refusal))
})
