import { expect } from 'chai'
import fc from 'fast-check'
import { apiKeyRoom, type Room } from '../support/api-keys.ts'
import { type Held, type Question, signExchange, signQuery, signRfc9421 } from '../support/signing.ts'

const runs = { numRuns: 60 }
const word = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/).filter(each => each !== 'null')
const token = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,40}$/)
const path = fc.array(fc.stringMatching(/^[a-z0-9._~%-]{1,8}$/), { maxLength: 4 }).map(each => `/${each.join('/')}`)
const search = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.stringMatching(/^[\w.]{0,8}$/)), {
  maxLength: 3,
})
const url = fc
  .tuple(path, search)
  .map(
    ([where, pairs]) =>
      `https://api.example${where}${pairs.length ? `?${pairs.map(each => each.join('=')).join('&')}` : ''}`,
  )
const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter(each => each.isWellFormed())

/** Any request, signed by RFC 9421 with any nonce at any moment of its window, by an HMAC or a key pair. */
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
  url,
  body: fc.option(text, { nil: undefined }),
  header: fc.stringMatching(/^[\x21-\x7e]([ -~]{0,20}[\x21-\x7e])?$/),
  nonce: token,
  ahead: fc.integer({ min: -59, max: 59 }),
  pair: fc.boolean(),
})

describe('any signed request', () => {
  let room: Room
  const held: Held[] = []
  before(async () => {
    room = await apiKeyRoom()
    held.push(await room.make(), await room.make({ pair: true }), await room.make(), await room.make({ pair: true }))
  })
  after(() => room.close())

  let served = 0
  const passes = async (question: object): Promise<boolean> => {
    // From an address of its own, so that what fails closes nothing.
    const address = `10.${(served >> 16) & 255}.${(served >> 8) & 255}.${served++ & 255}`
    return (await room.verification.verify({ address, ...question }, 'order-book')).active
  }
  const at = (seconds = 0) => room.clock.now() + seconds * 1_000
  const keyOf = (pair: boolean, other = false): Held => held[(pair ? 1 : 0) + (other ? 2 : 0)] as Held
  let once = 0

  it('passes: RFC 9421', () =>
    fc.assert(
      fc.asyncProperty(request, async ({ header, pair, nonce, ahead, ...sent }) => {
        const signed = signRfc9421(
          keyOf(pair),
          { ...sent, headers: { 'x-note': header } },
          { at: at(ahead), nonce: `${nonce}${once++}`, covers: ['x-note'] },
        )
        expect(await passes(signed)).to.equal(true)
        expect(await passes(signed)).to.equal(false)
      }),
      runs,
    ))

  it('does not pass once one thing about it is another: RFC 9421', () =>
    fc.assert(
      fc.asyncProperty(request, fc.nat(), async ({ header, pair, nonce, ahead, ...sent }, which) => {
        const unique = `${nonce}${once++}`
        const sign = (key: Held, more: object = {}) =>
          signRfc9421(
            key,
            { ...sent, body: sent.body || 'body', headers: { 'x-note': header } },
            { at: at(ahead), nonce: unique, covers: ['x-note'], ...more },
          )
        const signed = sign(keyOf(pair))
        const headers = (change: object) => ({ ...signed, headers: { ...signed.headers, ...change } })
        const input = signed.headers['signature-input'] ?? ''
        const swap = (from: string | RegExp, to: string) => headers({ 'signature-input': input.replace(from, to) })
        const changes: object[] = [
          { ...signed, method: signed.method === 'GET' ? 'POST' : 'GET' },
          { ...signed, url: `${signed.url}/` },
          { ...signed, url: signed.url.replace('api.example', 'api.example.org') },
          { ...signed, url: signed.url.includes('?') ? `${signed.url}&a=b` : `${signed.url}?a=b` },
          { ...signed, url: signed.url.replace('https:', 'http:') },
          { ...signed, body: `${signed.body} ` },
          { ...signed, body: undefined },
          headers({ 'x-note': `${header}x` }),
          headers({
            'content-digest': signed.headers['content-digest']?.replace(/:./, each => (each === ':A' ? ':B' : ':A')),
          }),
          swap(keyOf(pair).id, keyOf(pair, true).id),
          swap(`nonce="${unique}"`, `nonce="${unique}x"`),
          swap(/created=(\d+)/, `created=${Math.floor(at(ahead + 1) / 1000)}`),
          swap('latchkey-api', 'latchkey-apj'),
          swap('"content-digest" ', ''),
          swap(/ "x-note"/, ''),
          swap(/alg="[^"]+"/, `alg="${pair ? 'hmac-sha256' : 'ed25519'}"`),
          headers({ signature: sign(keyOf(pair, true)).headers.signature }),
          headers({ signature: signed.headers.signature?.replace(/:./, each => (each === ':A' ? ':B' : ':A')) }),
        ]
        expect(await passes(changes[which % changes.length] as object)).to.equal(false)
        expect(await passes(signed), 'unchanged').to.equal(true)
      }),
      { numRuns: 200 },
    ))

  const params = fc.record({ price: word, quantity: word, note: fc.option(word) })
  const unlike = ({ price, quantity, note }: { price: string; quantity: string; note: string | null }) =>
    ![price, quantity, note ?? ''].join('\n').match(/price|quantity|note/)

  it('passes, and not once one thing about it is another: exchange', () =>
    fc.assert(
      fc.asyncProperty(params.filter(unlike), fc.nat(1_000_000), fc.nat(), async (given, id, which) => {
        const when = at() - (once++ % 50_000)
        const signed = signExchange(keyOf(false), { method: 'private/create-order', params: given, id }, { at: when })
        const sent = JSON.parse(signed.body ?? '')
        const body = (change: object) => ({ ...signed, body: JSON.stringify({ ...sent, ...change }) })
        const changes: object[] = [
          body({ id: id + 1 }),
          body({ nonce: when + 1 }),
          body({ api_key: keyOf(false, true).id }),
          body({ method: 'private/get-order-detail' }),
          body({ params: { ...given, price: `${given.price}0` } }),
          body({ params: { ...given, note: given.note === null ? 'x' : null } }),
          body({ params: { price: given.price } }),
          body({ params: { price: `${given.price}quantity${given.quantity}` } }),
          body({ params: { ...given, extra: '1' } }),
          body({ sig: sent.sig.replace(/^./, (each: string) => (each === '0' ? '1' : '0')) }),
          body({ sig: sent.sig.toUpperCase().replace(/[0-9]/g, 'A') }),
          { ...signed, method: 'GET' },
          { ...signed, body: undefined },
        ]
        expect(await passes(changes[which % changes.length] as object)).to.equal(false)
        expect(await passes(signed), 'unchanged').to.equal(true)
      }),
      { numRuns: 150 },
    ))

  it('passes, and not once one thing about it is another: query', () =>
    fc.assert(
      fc.asyncProperty(word, word, fc.boolean(), fc.nat(), async (symbol, price, inBody, which) => {
        const when = at() - (once++ % 4_000)
        const query = `symbol=${symbol}`
        const form = `price=${price}`
        const signed = signQuery(
          keyOf(false),
          inBody ? { query, body: form, window: '6000' } : { query: `${query}&${form}`, window: '6000' },
          { at: when },
        )
        const everywhere = (from: string, to: string): Question => ({
          ...signed,
          url: signed.url.replace(from, to),
          ...(signed.body && { body: signed.body.replace(from, to) }),
        })
        const changes: object[] = [
          everywhere(`price=${price}`, `price=${price}0`),
          everywhere(`symbol=${symbol}`, `symbol=${symbol}&x=1`),
          everywhere(`timestamp=${when}`, `timestamp=${when + 1}`),
          everywhere('recvWindow=6000', 'recvWindow=6001'),
          everywhere('signature=', 'signature=0'),
          { ...signed, headers: { 'x-api-key': keyOf(false, true).id } },
          { ...signed, headers: {} },
          { ...signed, ...(inBody ? { body: undefined } : { body: 'a=b' }) },
        ]
        expect(await passes(changes[which % changes.length] as object)).to.equal(false)
        expect(await passes(signed), 'unchanged').to.equal(true)
      }),
      { numRuns: 150 },
    ))
})
