import { expect } from 'chai'
import type { Store } from '../../src/store/collection.ts'
import type { Jar, Page } from '../support/jar.ts'
import type { App } from '../support/party.ts'
import { browser, type Running, running } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

describe('an interaction on a slow store', () => {
  let store: Store
  let latchkey: Running
  let app: App
  let person: Jar
  /** Where it goes on, once it was answered. */
  let resumes: string[]
  const pages: string[] = []
  /** What the next answers wait for before they are kept. */
  let hold: Promise<void> | undefined
  /** What the next change of a session waits for. */
  let first: Promise<void> | undefined
  /** What the first look at a pushed request waits for. */
  let pushed: Promise<void> | undefined
  const held = (inner: Store): Store => ({
    ...inner,
    collection: declaration => {
      const kept = inner.collection(declaration)
      if (declaration.name === 'pushed_requests') {
        const get: typeof kept.get = async id => {
          const late = pushed
          pushed = undefined
          await late
          return kept.get(id)
        }
        return { ...kept, get }
      }
      if (declaration.name === 'sso_sessions') {
        const patch: typeof kept.patch = async (...given) => {
          const late = first
          first = undefined
          await late
          return kept.patch(...given)
        }
        return { ...kept, patch }
      }
      if (declaration.name !== 'interactions') return kept
      const put: typeof kept.put = async (...given) => {
        await hold
        return kept.put(...given)
      }
      const patch: typeof kept.patch = async (...given) => {
        await hold
        return kept.patch(...given)
      }
      return { ...kept, put, patch }
    },
  })
  beforeEach(async () => {
    hold = undefined
    store = await testStore()
    latchkey = await running({ store: held(slow(store, 20)) })
    app = await latchkey.app('trading')
    person = browser()
    resumes = []
    pages.length = 0
    latchkey.meet = async (ctx, { interactions }) => {
      pages.push(ctx.href)
      if (!('answer' in ctx.query)) {
        ctx.body = 'waiting'
        return
      }
      await interactions.finish(ctx, latchkey.proof)
      resumes.push(String(ctx.response.get('location')))
      ctx.remove('location')
      ctx.status = 200
      ctx.body = 'answered'
    }
  })
  afterEach(async () => {
    await latchkey.close()
    await store.close()
  })
  const answer = async () => {
    const { verifier } = await app.authorize(person)
    await person.get(`${pages[0]}?answer`)
    return verifier
  }
  const codes = (found: Page[]) => found.filter(each => new URL(each.url).searchParams.has('code'))

  it('that is resumed five times at once gives one code, in one session', async () => {
    const verifier = await answer()
    const found = await Promise.all(Array.from({ length: 5 }, () => person.get(resumes[0] ?? '')))
    const [code, ...more] = codes(found)
    expect(more.map(each => each.url)).to.deep.equal([])
    const late = found.filter(each => each.status === 410)
    expect(late).to.have.length(4)
    // Their answers may come last, and must not take the cookie of the one that went on.
    const cookie = latchkey.oidc.provider.cookieName('session')
    expect(late.flatMap(each => each.headers.getSetCookie()).filter(each => each.startsWith(cookie))).to.deep.equal([])
    await app.redeem({ url: new URL(code?.url ?? ''), verifier })
    const { uid } = (await person.get(`${latchkey.issuer}/mine`)).json<{ uid: string }>()
    expect(await latchkey.oidc.sessions.of('ada')).to.deep.equal([uid])
    expect(latchkey.faults).to.deep.equal([])
  })

  it('of a pushed request gives a code to the one that goes on with it, though others are quicker', async () => {
    const card = await latchkey.app('card')
    await card.authorize(person)
    await person.get(`${pages[0]}?answer`)
    const { promise, resolve: goOn } = Promise.withResolvers<void>()
    pushed = promise
    const all = Array.from({ length: 3 }, () => person.get(resumes[0] ?? ''))
    const others: Page[] = []
    await new Promise<void>(resolve => {
      for (const each of all) void each.then(page => others.push(page) === 2 && resolve())
    })
    goOn()
    expect(codes(await Promise.all(all))).to.have.length(1)
    expect(others.map(each => each.status)).to.include.members([410])
  })

  it('that nobody has to answer gives one code for a pushed request that is opened five times at once', async () => {
    const card = await latchkey.app('card')
    await card.authorize(person)
    await person.get(`${pages[0]}?answer`)
    await person.get(resumes[0] ?? '')
    let found: Page[] = []
    const often: Pick<Jar, 'get'> = {
      get: async url => {
        found = await Promise.all(Array.from({ length: 5 }, () => person.get(url)))
        return codes(found)[0] ?? (found[0] as Page)
      },
    }
    const callback = await card.authorize(often as Jar)
    expect(codes(found)).to.have.length(1)
    await card.redeem(callback)
  })

  it('that is resumed twice at once by somebody who is signed in leaves them signed in, whoever is the last', async () => {
    const signedIn = async () => (await person.get(`${latchkey.issuer}/mine`)).json<{ uid?: string }>().uid
    await answer()
    await person.get(resumes[0] ?? '')
    const uid = await signedIn()
    await app.authorize(person, { prompt: 'login' })
    await person.get(`${pages.at(-1)}?answer`)
    const { promise, resolve: goOn } = Promise.withResolvers<void>()
    first = promise
    const both = Array.from({ length: 2 }, () => person.get(resumes.at(-1) ?? ''))
    await Promise.race(both)
    goOn()
    expect(codes(await Promise.all(both))).to.have.length(1)
    expect(await signedIn()).to.equal(uid)
  })

  it('that was resumed is not brought back by an answer that comes meanwhile', async () => {
    await answer()
    const { promise, resolve: goOn } = Promise.withResolvers<void>()
    hold = promise
    const late = person.get(`${pages[0]}?answer`)
    expect(codes([await person.get(resumes[0] ?? '')])).to.have.length(1)
    goOn()
    expect((await late).status).to.equal(410)
    const [, uid = ''] = /\/interaction\/([\w-]+)/.exec(pages[0] ?? '') ?? []
    expect(await latchkey.oidc.provider.Interaction.find(uid)).to.equal(undefined)
  })
})
