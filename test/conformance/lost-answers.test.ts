import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { type Losing, losing } from '../support/losing.ts'
import type { Person } from '../support/people.ts'
import { declared, type Ground, ground } from './ground.ts'
import { dpop, type Pair, pair } from './proving.ts'

const here = { 'x-forwarded-for': '192.0.2.10', 'user-agent': 'Browser/1' }
const open = { token_endpoint_auth_method: 'none', client_secret: undefined }
const apps = ['spa', 'phone', 'server']

describe('an app whose answers are lost', () => {
  let at: Ground
  let proxy: Losing
  let key: Pair
  let ada: Person
  /** Holds the next read of a refresh token until it is opened, and tells when it came so far. */
  let gate: { reached: () => void; opened: Promise<void> } | undefined
  before(async () => {
    key = await pair()
    at = await ground({
      clients: [
        declared('spa', open),
        declared('phone', { ...open, dpop_bound_access_tokens: true }),
        declared('server'),
        declared('other'),
      ],
      environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
      through: store => ({
        ...store,
        collection: declaration => {
          const inner = store.collection(declaration)
          if (declaration.name !== 'refresh_tokens') return inner
          const get: typeof inner.get = async id => {
            const held = gate
            gate = undefined
            held?.reached()
            await held?.opened
            return inner.get(id)
          }
          return { ...inner, get }
        },
      }),
    })
    proxy = await losing({ to: at.issuer })
  })
  beforeEach(async () => {
    ada = await at.person()
  })
  after(async () => {
    await proxy.close()
    await at.stop()
  })

  const proved = async (app: string) => ({
    ...here,
    ...(app === 'phone' && { DPoP: await dpop(key, { htu: `${at.issuer}/token` }) }),
  })
  const signIn = async (app: string) =>
    String((await at.tokens(app, ada.browser, {}, await proved(app))).body.refresh_token)
  const ask = async (app: string, refresh_token: string, signal?: AbortSignal) => {
    const form = { grant_type: 'refresh_token', refresh_token, ...(await at.proof(app)) }
    const headers = await proved(app)
    const answer = await fetch(`${proxy.url}/token`, {
      ...{ method: 'POST', headers, body: new URLSearchParams(form) },
      ...(signal && { signal }),
    })
    const { refresh_token: next } = (await answer.json()) as { refresh_token?: string }
    return { status: answer.status, next: String(next) }
  }
  /** Returns a refresh as its bytes go over a connection. */
  const raw = async (app: string, refresh_token: string): Promise<string> => {
    const form = { grant_type: 'refresh_token', refresh_token, ...(await at.proof(app)) }
    const body = new URLSearchParams(form).toString()
    const headers = {
      ...(await proved(app)),
      ...{ host: new URL(at.issuer).host, 'content-type': 'application/x-www-form-urlencoded' },
      'content-length': body.length,
    }
    const head = ['POST /token HTTP/1.1', ...Object.entries(headers).map(each => each.join(': '))]
    return `${head.join('\r\n')}\r\n\r\n${body}`
  }
  /** Repeats a refresh until it is answered, with a pause on Latchkey's clock after each answer that was lost. */
  const refresh = async (app: string, token: string, pause = 0): Promise<{ status: number; next: string }> => {
    for (;;) {
      const answer = await ask(app, token).catch(() => undefined)
      if (answer) return answer
      at.latchkey.clock.pass(pause)
    }
  }
  const told = async () => (await at.latchkey.outbox(ada.email)).filter(each => /token/.test(each.text)).length
  const signedIn = async (app: string, token: string): Promise<void> => {
    const { status } = await ask(app, token)
    expect({ status, told: await told() }).to.deep.equal({ status: 200, told: 0 })
  }
  /** Sends a refresh that the server begins to look at; the client hangs up, and what it returns lets the server go on. */
  const hungUp = async (app: string, token: string): Promise<() => Promise<void>> => {
    const { promise: opened, resolve: goOn } = Promise.withResolvers<void>()
    const { promise: reached, resolve } = Promise.withResolvers<void>()
    gate = { reached: resolve, opened }
    const client = new AbortController()
    const answer = ask(app, token, client.signal).catch(() => 'nothing')
    await reached
    client.abort()
    expect(await answer).to.equal('nothing')
    // The proxy learns of it before it is asked anything else, and so does the server.
    for (let times = 0; times < 2; times++) await at.get(`${proxy.url}/health/ready`)
    return async () => {
      const before = settled()
      goOn()
      while (settled() === before) await wait(5)
    }
  }
  const settled = () => at.latchkey.logged().match(/"grant\.(issued|refused|turned-away)"/g)?.length

  for (const app of apps) {
    for (const times of [1, 2, 5])
      it(`stays signed in where ${times} in a row are (${app})`, async () => {
        const first = await signIn(app)
        proxy.lose(times)
        await signedIn(app, (await refresh(app, first)).next)
      })

    it(`stays signed in where its tabs refresh at once and half of the answers are lost (${app})`, async () => {
      const first = await signIn(app)
      proxy.lose(5)
      const ten = await Promise.all(Array.from({ length: 10 }, () => refresh(app, first)))
      expect(new Set(ten.map(each => each.next)).size).to.equal(1)
      await signedIn(app, ten[0]?.next ?? '')
    })

    it(`stays signed in where a refresh that it gave up comes through after two others (${app})`, async () => {
      const first = await signIn(app)
      const late = await hungUp(app, first)
      const { next } = await refresh(app, (await refresh(app, first)).next)
      await late()
      await signedIn(app, next)
    })

    it(`stays signed in where one comes through that was on its way when the connection closed (${app})`, async () => {
      const first = await signIn(app)
      const { next } = await refresh(app, (await refresh(app, first)).next)
      const request = await raw(app, first)
      const before = settled()
      // As one that waited for a process that was frozen: all of it, and its end, are there at once.
      connect(Number(new URL(at.issuer).port), 'localhost').end(request)
      while (settled() === before) await wait(5)
      await signedIn(app, next)
    })

    it(`spends nothing by a refresh that it gave up (${app})`, async () => {
      const first = await signIn(app)
      await (await hungUp(app, first))()
      at.latchkey.clock.pass(60_000)
      await signedIn(app, (await refresh(app, first)).next)
    })

    it(`loses what it was granted where somebody shows its spent token once it has gone on (${app})`, async () => {
      const stolen = await signIn(app)
      const { next } = await refresh(app, (await refresh(app, stolen)).next)
      expect((await ask(app, stolen)).status).to.equal(400)
      expect((await ask(app, next)).status).to.equal(400)
      expect(await told()).to.equal(1)
    })

    it(`loses it, too, where the spent token comes behind another request on one connection (${app})`, async () => {
      const stolen = await signIn(app)
      const { next } = await refresh(app, (await refresh(app, stolen)).next)
      const { promise: opened, resolve: goOn } = Promise.withResolvers<void>()
      const { promise: reached, resolve } = Promise.withResolvers<void>()
      const slow = await raw('other', await signIn('other'))
      const behind = await raw(app, stolen)
      gate = { reached: resolve, opened }
      const before = settled()
      const connection = connect(Number(new URL(at.issuer).port), 'localhost').resume()
      connection.write(slow)
      await reached
      connection.write(behind)
      while (settled() === before) await wait(5)
      goOn()
      connection.destroy()
      expect((await ask(app, next)).status).to.equal(400)
      expect(await told()).to.equal(1)
    })
  }

  it('stays signed in for thirty seconds where it tries every nine, and no longer (spa)', async () => {
    const first = await signIn('spa')
    proxy.lose(3)
    const { status, next } = await refresh('spa', first, 9_000)
    expect(status).to.equal(200)
    at.latchkey.clock.pass(3_000)
    expect((await ask('spa', first)).status).to.equal(400)
    expect((await ask('spa', next)).status).to.equal(400)
    expect(await told()).to.equal(1)
  })
})
