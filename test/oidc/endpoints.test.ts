import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa from 'koa'
import { quota } from '../../src/accounts/quota.ts'
import { Problem } from '../../src/errors.ts'
import { formPosts } from '../../src/oidc/endpoints.ts'
import type { Options } from '../../src/oidc/options.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

describe('requests that a page posts', () => {
  let store: Store
  let server: Server
  let url: string
  let away = false
  let later = 0
  const told: unknown[] = []
  before(async () => {
    const now = () => Date.now() + later
    store = await testStore(now)
    const through: Store = {
      ...store,
      collection: declaration => {
        const inner = store.collection(declaration)
        const lost = async () => {
          throw new Problem('unavailable')
        }
        return new Proxy(inner, { get: (of, name) => (away ? lost : Reflect.get(of, name)) }) as never
      },
    }
    const renderers = {
      error: (ctx: Koa.Context, _: unknown, fault: unknown) => {
        told.push(fault)
        ctx.status = (fault as { status: number }).status
      },
    }
    const endpoints: Koa.Middleware = ctx => {
      ctx.body = ctx.querystring
    }
    const services = { store: through, renderers: renderers as Options['renderers'], quota: quota({ store, now }), now }
    const app = new Koa().use(formPosts(endpoints, path => path === '/authorize', services))
    server = createServer(app.callback()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(async () => {
    server.close()
    await store.close()
  })

  const form = 'state=a%20b&scope=openid&scope=email'
  const post = (path = '/authorize') =>
    fetch(url + path, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' })
  const come = async (answer: Response) => fetch(new URL(answer.headers.get('location') ?? '', url))

  it('come back unchanged, repeated parameters included', async () => {
    const kept = await post()
    expect(kept.status).to.equal(303)
    expect(new URLSearchParams(await (await come(kept)).text())).to.deep.equal(new URLSearchParams(form))
  })

  it('come back once, even when ten browsers follow the redirect', async () => {
    const kept = await post()
    const ten = await Promise.all(Array.from({ length: 10 }, () => come(kept)))
    expect(ten.filter(each => each.status === 200)).to.have.lengthOf(1)
    expect(told.every(fault => (fault as Problem).code === 'attempt_expired')).to.equal(true)
  })

  it('are not stored when they are larger than 8 KB', async () => {
    const large = new URLSearchParams({ state: 'x'.repeat(8_200) })
    const refused = await fetch(`${url}/authorize`, { method: 'POST', body: large, redirect: 'manual' })
    expect(refused.status).to.equal(413)
  })

  it('pass unchanged at other endpoints', async () => expect((await post('/token')).status).to.equal(200))

  it('answer 503 while the store is away', async () => {
    const kept = await post()
    away = true
    expect((await post()).status).to.equal(503)
    expect((await come(kept)).status).to.equal(503)
    away = false
    expect((await come(kept)).status).to.equal(200)
  })

  it('are stored for one address up to a limit of bytes', async () => {
    const large = new URLSearchParams({ state: 'x'.repeat(8_000) })
    const one = () => fetch(`${url}/authorize`, { method: 'POST', body: large, redirect: 'manual' })
    const flood = async () => (await Promise.all(Array.from({ length: 50 }, one))).map(each => each.status)
    const statuses: number[] = []
    for (let wave = 0; wave < 6; wave++) statuses.push(...(await flood()))
    expect(statuses.filter(each => each === 303).length * 8_000).to.be.within(1_500_000, 2_250_000)
    expect(new Set(statuses)).to.deep.equal(new Set([303, 429]))
    expect((told.at(-1) as Problem).code).to.equal('slow_down')
    later = 60_001
    expect((await post()).status).to.equal(303)
  })
})
