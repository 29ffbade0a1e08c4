import { expect } from 'chai'
import fc from 'fast-check'
import { exchange, type Method, paramsText } from '../../src/api-keys/exchange-scheme.ts'
import { type Json, readJson } from '../../src/api-keys/json.ts'
import { Refusal } from '../../src/api-keys/scheme.ts'
import { methods } from '../support/api-keys.ts'

const met = (act: () => unknown): string => {
  try {
    act()
  } catch (fault) {
    if (fault instanceof Refusal) return fault.reason
    throw fault
  }
  return 'passes'
}
const method = (params: Method['params']): Method => ({ scope: 'read', params })

describe('the text of parameters', () => {
  const text = (params: Method['params'], given: Json | undefined) => paramsText(method(params), given)

  it('is names in order, each followed by its value', () => {
    expect(text({ b: 'text', a: 'text', C: 'text' }, { b: '2', a: '1', C: '3' })).to.equal('C3a1b2')
    expect(text({}, undefined)).to.equal('')
    expect(text({}, {})).to.equal('')
    expect(text({ x: 'text?' }, { x: null })).to.equal('xnull')
    expect(text({ x: 'text?' }, {})).to.equal('')
    expect(text({ o: { z: 'text', y: 'text' } }, { o: { z: '1', y: '2' } })).to.equal('oy2z1')
    const orders = [
      { price: '1', quantity: '2' },
      { price: '3', quantity: '4' },
    ]
    expect(text({ orders: [{ price: 'text', quantity: 'text' }] }, { orders })).to.equal(
      'ordersprice1quantity2price3quantity4',
    )
    expect(text({ orders: [{ price: 'text' }] }, { orders: [] })).to.equal('orders')
  })

  const flat = { price: 'text', quantity: 'text', note: 'text?' } as const
  const fine = { price: '10', quantity: '2' }
  const unfit: [string, Method['params'], Json | undefined][] = [
    ['the known flaw: two parameters as one', flat, { price: '10quantity2' }],
    ['the flaw with all that must be there', flat, { price: '1quantity2', quantity: '3' }],
    ['the flaw with one that may be left out', flat, { ...fine, quantity: '2note1' }],
    [
      'a name that grows together from a value and the next name',
      { a: 'text', q: 'text?', pq: 'text?' },
      { a: '1p', q: '2' },
    ],
    ['an unknown parameter', flat, { ...fine, stop: '1' }],
    ['a missing one', flat, { price: '10' }],
    ['none', flat, undefined],
    ['a number', flat, readJson('{"price":10,"quantity":"2"}')],
    ['true', flat, { ...fine, price: true }],
    ['null where it must be told', flat, { ...fine, price: null }],
    ['null as text', flat, { ...fine, note: 'null' }],
    ['empty text', flat, { ...fine, price: '' }],
    ['a space', flat, { ...fine, price: '1 0' }],
    ['a newline', flat, { ...fine, price: '10\n' }],
    ['another alphabet', flat, { ...fine, price: '١٠' }],
    ['257 characters', flat, { ...fine, price: '1'.repeat(257) }],
    ['an object for text', flat, { ...fine, price: { a: '1' } }],
    ['a list for text', flat, { ...fine, price: ['1'] }],
    ['text for an object', { o: { a: 'text' } }, { o: 'a1' }],
    ['a list for an object', { o: { a: 'text' } }, { o: ['a'] }],
    ['text for a list', { l: [{ a: 'text' }] }, { l: 'a1' }],
    ['an object that is not complete', { o: { a: 'text', b: 'text' } }, { o: { a: '1' } }],
    ['a list of text', { l: [{ a: 'text' }] }, { l: ['a1'] }],
    ['a list of 101', { l: [{ a: 'text' }] }, { l: Array.from({ length: 101 }, () => ({ a: '1' })) }],
    ['names that an object inherits', { price: 'text' }, readJson('{"__proto__":{"price":"1"}}')],
    ['a name that every object has', { price: 'text' }, { price: '1', toString: 'x' }],
    ['a list', flat, []],
    ['text', flat, 'price10quantity2'],
    ['a number alone', {}, readJson('1')],
  ]
  for (const [what, params, given] of unfit) {
    it(`refuses ${what}`, () => expect(met(() => text(params, given))).to.equal('INVALID_ARGUMENT'))
  }

  it('is never alike for two sets of parameters that both pass', () => {
    const names = ['a', 'b', 'ab', 'ba', 'aa', 'c']
    const declared = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('text', 'text?'))
    const value = fc.option(fc.stringMatching(/^[abc1]{1,4}$/))
    const given = fc.dictionary(fc.constantFrom(...names), value)
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(declared, fc.array(given, { minLength: 2, maxLength: 12 }), (params, sets) => {
        const declaration = JSON.stringify(Object.entries(params).sort())
        for (const each of sets) {
          const told = JSON.stringify(Object.entries(each).sort())
          if (met(() => text(params as Method['params'], each as Json)) !== 'passes') continue
          const signed = `${declaration} ${text(params as Method['params'], each as Json)}`
          expect(seen.get(signed) ?? told).to.equal(told)
          seen.set(signed, told)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(seen.size).to.be.greaterThan(40)
  })
})

describe('the exchange scheme', () => {
  const scheme = exchange(methods)
  const sig = 'a'.repeat(64)
  const good = {
    id: 11,
    method: 'private/get-order-detail',
    api_key: 'lk_1',
    params: { order_id: '7' },
    nonce: 1587846358253,
    sig,
  }
  const parse = (body: string | undefined, verb = 'POST') =>
    scheme.parse({ method: verb, url: 'https://api.example/', headers: {}, body, digest: undefined })
  const raw = (from: string, to: string) => JSON.stringify(good).replace(from, to)

  it('takes an id up to 2^63 − 1, digit by digit', async () => {
    const claim = await parse(raw('"id":11', '"id":9223372036854775807'))
    expect(String(claim.signed)).to.include('detail9223372036854775807lk_1')
    const least = await parse(raw('"id":11', '"id":0'))
    expect(String(least.signed)).to.include('detail0lk_1')
  })

  it('knows a request by its id and nonce together', async () => {
    const nonces = [raw('x', 'x'), raw('"id":11', '"id":12'), raw('253', '254')].map(
      async body => (await parse(body)).nonce,
    )
    expect(new Set(await Promise.all(nonces)).size).to.equal(3)
  })

  const unreadable: [string, string | undefined][] = [
    ['no body', undefined],
    ['no JSON', 'id=11'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['an unknown member', raw('"id":11', '"id":11,"x":1')],
    ['a member that comes twice', raw('"id":11', '"id":11,"id":12')],
    ['an id of text', raw('"id":11', '"id":"11"')],
    ['an id below nought', raw('"id":11', '"id":-1')],
    ['an id that is no whole number', raw('"id":11', '"id":1.5')],
    ['an id of 2^63', raw('"id":11', '"id":9223372036854775808')],
    ['an id with an exponent', raw('"id":11', '"id":1e1')],
    ['a nonce of text', raw('1587846358253', '"1587846358253"')],
    ['a nonce in seconds', raw('1587846358253', '1587846358')],
    ['no method', raw('"method":"private/get-order-detail",', '')],
    ['a method that is a number', raw('"private/get-order-detail"', '7')],
    ['no key', raw('"api_key":"lk_1",', '')],
    ['a key with a space', raw('lk_1', 'lk 1')],
    ['a signature in capitals', raw(sig, sig.toUpperCase())],
    ['a signature that is too short', raw(sig, sig.slice(1))],
    ['no signature', raw(`,"sig":"${sig}"`, '')],
  ]
  for (const [what, body] of unreadable) {
    it(`refuses ${what}`, () => expect(met(() => parse(body))).to.equal('BAD_REQUEST'))
  }

  it('refuses another verb, a method that nobody declared, and parameters that it does not take', () => {
    expect(met(() => parse(JSON.stringify(good), 'GET'))).to.equal('BAD_REQUEST')
    expect(met(() => parse(raw('get-order-detail', 'steal')))).to.equal('METHOD_NOT_FOUND')
    expect(met(() => parse(raw('get-order-detail', '__proto__')))).to.equal('METHOD_NOT_FOUND')
    expect(met(() => parse(raw('order_id', 'client_id')))).to.equal('INVALID_ARGUMENT')
  })
})
