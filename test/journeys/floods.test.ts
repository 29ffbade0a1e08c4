import { expect } from 'chai'
import { allowances } from '../../src/accounts/quota.ts'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { entriesOf } from '../support/audit.ts'
import { jar } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { signUp, somebody } from '../support/people.ts'
import { refused, send, storing, strangersFile } from '../support/strangers.ts'

const burst = allowances[0]?.bytes ?? 0
const html = { accept: 'text/html' }

/** Counts the bytes of new documents, by collection. */
function weighed(store: Store, grown: Map<string, number>): Store {
  return {
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const inner = store.collection(declaration)
      const add = <R>(doc: T, done: R): R => {
        grown.set(declaration.name, (grown.get(declaration.name) ?? 0) + JSON.stringify(doc).length)
        return done
      }
      return { ...inner, insert: doc => inner.insert(add(doc, doc)), put: doc => inner.put(add(doc, doc)) }
    },
  }
}

describe('a flood of requests from one address', function () {
  this.timeout(60_000)
  const file = strangersFile()
  const grown = new Map<string, number>()
  let latchkey: Running
  let address = 0
  const total = () => [...grown.values()].reduce((sum, each) => sum + each, 0)
  const next = () => `198.51.100.${++address}`

  before(async () => {
    latchkey = await startLatchkey({
      clients: file.path,
      through: store => weighed(store, grown),
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
    })
  })
  after(async () => {
    await latchkey.stop()
    file.drop()
  })
  beforeEach(() => {
    latchkey.clock.pass(3_700_000)
    grown.clear()
  })

  for (const [what, make] of Object.entries(storing)) {
    const bytes = 5_000
    it(`stores no more than it may, and says why: ${what}`, async () => {
      const from = next()
      const one = make(bytes)
      let last = await send(latchkey.issuer, one, from)
      expect(last.status).to.be.oneOf([200, 201, 303])
      for (let sent = 0; sent < 3_000 && last.status !== 429; sent += 100)
        last = (await Promise.all(Array.from({ length: 100 }, () => send(latchkey.issuer, one, from)))).at(-1) ?? last
      expect(last.status, what).to.equal(429)
      expect(Number(last.headers.get('retry-after'))).to.be.within(1, 60)
      expect(total()).to.be.lessThan(burst * 1.1)
      const program = await send(latchkey.issuer, one, from, { accept: 'application/json' })
      expect(program.status).to.equal(429)
      const before = total()
      const page = await send(latchkey.issuer, one, from, html)
      expect(page.status).to.equal(429)
      expect(page.text).to.include(
        page.headers.get('content-type')?.includes('json') ? 'slow_down' : 'Too many attempts',
      )
      expect(total()).to.equal(before)
      // Nobody else waits for it, and neither does who comes back in time.
      expect((await send(latchkey.issuer, one, next())).status).to.be.oneOf([200, 201, 303])
      latchkey.clock.pass(61_000)
      expect((await send(latchkey.issuer, one, from)).status).to.be.oneOf([200, 201, 303])
    })
  }

  describe('that is refused', () => {
    const chained = async () => (await entriesOf(latchkey.store)).map(each => each.name)

    for (const [what, make] of Object.entries(refused)) {
      it(`adds nothing to the audit log but a count: ${what}`, async () => {
        await latchkey.sweep()
        const before = await chained()
        const from = next()
        for (let sent = 0; sent < 60; sent++) {
          const { status } = await send(latchkey.issuer, make(), from)
          expect(status).to.be.within(400, 401)
        }
        expect((await chained()).slice(before.length)).to.deep.equal([])
        await latchkey.sweep()
        const added = (await entriesOf(latchkey.store)).slice(before.length)
        for (const { name, data, origin } of added) {
          expect(name).to.equal('refusals.tallied')
          expect(data).to.include({ times: 60, addresses: 1 })
          expect(origin.address).to.equal(from)
        }
        expect(added.length).to.equal(make().path === '/token' ? 1 : 0)
      })
    }

    it('adds one entry of guesses to the audit log once their limit is used up', async () => {
      const from = next()
      const browser = jar({ 'x-forwarded-for': from })
      for (let sent = 0; sent < 30; sent++) {
        const page = await browser.get(`${latchkey.issuer}/sign-in`)
        await page.submit({ email: 'nobody@example.com', password: 'wrong horse battery' }, 'Sign in')
      }
      const names = (await chained()).filter(each => each.startsWith('factor.'))
      expect(names.filter(each => each === 'factor.throttled')).to.have.length(1)
      expect(names.filter(each => each === 'factor.refused')).to.have.length(8)
    })

    it('adds nothing while a device polls too fast', async () => {
      const from = next()
      const asked = await send(latchkey.issuer, storing['a device that asks']?.(10) ?? { path: '' }, from)
      const { device_code } = JSON.parse(asked.text)
      await latchkey.sweep()
      const before = await chained()
      const form = { ...refused['a poll of a device that never asked']?.().form, device_code }
      for (let sent = 0; sent < 30; sent++) {
        const { text } = await send(latchkey.issuer, { path: '/token', form }, from)
        expect(JSON.parse(text).error).to.be.oneOf(['authorization_pending', 'slow_down'])
      }
      await latchkey.sweep()
      expect(await chained()).to.deep.equal(before)
    })
  })

  it('tells programs the reason as JSON', async () => {
    const from = next()
    const push = storing['a pushed request']?.(5_000) ?? { path: '' }
    const answers = await Promise.all(Array.from({ length: 400 }, () => send(latchkey.issuer, push, from)))
    const refused = answers.find(({ status }) => status === 429)
    expect(JSON.parse(refused?.text ?? '{}')).to.include({ error: 'slow_down' })
    expect(JSON.parse(refused?.text ?? '{}').error_description).to.include('this address')
  })

  it('counts all ways to store something as one', async () => {
    const from = next()
    for (let wave = 0; wave < 12; wave++)
      await Promise.all(
        Object.values(storing).flatMap(make =>
          Array.from({ length: 10 }, () => send(latchkey.issuer, make(5_000), from)),
        ),
      )
    expect(total()).to.be.within(burst * 0.5, burst * 1.2)
  })

  it('leaves a hundred people behind one address alone who sign in in one minute', async () => {
    const from = next()
    const person = async (): Promise<number> => {
      const browser = jar({ 'x-forwarded-for': from })
      const page = await browser.get(`${latchkey.issuer}${storing['an authorization request']?.(60).path}`)
      return page.status
    }
    for (let wave = 0; wave < 10; wave++)
      expect(new Set(await Promise.all(Array.from({ length: 10 }, person)))).to.deep.equal(new Set([200]))
  })

  it('keeps who is signed in from nothing, while others flood from their address', async () => {
    const from = next()
    const person = somebody({ 'x-forwarded-for': from })
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    const request = storing['an authorization request']?.(60).path
    const flood = storing['an authorization request']?.(5_000) ?? { path: '' }
    for (let wave = 0; wave < 5; wave++)
      await Promise.all(Array.from({ length: 100 }, () => send(latchkey.issuer, flood, from)))
    expect((await send(latchkey.issuer, flood, from)).status).to.equal(429)
    const { location } = await person.browser.get(`${latchkey.issuer}${request}`)
    expect(location).to.match(/^https:\/\/till\.example\/callback\?code=/)
    expect((await person.browser.get(`${latchkey.issuer}/account`)).status).to.equal(200)
  })

  for (const [what, make] of Object.entries(storing)) {
    const way = make(9_000)
    if (!way.path.includes('xxx') && !JSON.stringify(way.form ?? {}).includes('xxx')) continue
    it(`keeps no parameters of more than 8 KB: ${what}`, async () => {
      const { status, text } = await send(latchkey.issuer, way, next())
      expect(status, text).to.equal(413)
      expect(total()).to.be.lessThan(2_000)
    })
  }
})
