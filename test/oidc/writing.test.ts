import { expect } from 'chai'
import * as client from 'openid-client'
import { Problem } from '../../src/errors.ts'
import type { Collection, Declaration, Doc, Store } from '../../src/store/collection.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { App } from '../support/party.ts'
import { browser, type Running, running } from '../support/provider.ts'
import { testStore } from '../support/store.ts'

const verbs = ['insert', 'put', 'patch', 'count', 'take', 'remove'] as const

/** The same store, which calls `before` ahead of every write. */
function watched(store: Store, before: (write: string) => void): Store {
  return {
    ...store,
    collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
      const inner = store.collection(declaration)
      const watching = verbs.map(verb => [
        verb,
        async (...given: never[]) => {
          before(`${declaration.name} ${verb}`)
          return (inner[verb] as (...given: never[]) => Promise<unknown>)(...given)
        },
      ])
      return { ...inner, ...Object.fromEntries(watching) }
    },
  }
}

describe('what the library writes for one request', () => {
  let latchkey: Running
  let app: App
  let store: Store
  /** What was written, by turns of the event loop, each of which the embedded store commits at one stroke. */
  let turns: string[][] = []
  let broken: string | undefined

  const begin = async (opened: Store) => {
    store = opened
    let open = false
    latchkey = await running({
      store: watched(store, write => {
        if (write === broken) throw new Problem('unavailable')
        if (!open) {
          turns.push([])
          setImmediate(() => {
            open = false
          })
        }
        open = true
        turns.at(-1)?.push(write)
      }),
    })
    app = await latchkey.app('trading')
  }
  afterEach(async () => {
    broken = undefined
    await latchkey.close()
    await store.close()
  })

  it('shares a commit where a session begins, and where a code is redeemed', async () => {
    await begin(await openSqlite(':memory:', { now: Date.now }))
    turns = []
    const callback = await app.authorize(browser())
    expect(turns.at(-1)).to.have.members([
      ...['interactions take', 'grants insert'],
      ...['codes put', 'sso_sessions insert'],
    ])
    turns = []
    await app.redeem(callback)
    expect(turns).to.deep.equal([['codes patch', 'access_tokens put', 'refresh_tokens put']])
  })

  it('leaves a person without a code where any of it fails', async () => {
    await begin(await testStore())
    for (const each of ['interactions take', 'grants insert', 'codes put', 'sso_sessions insert']) {
      broken = each
      const { url } = await app.authorize(browser())
      expect(url.searchParams.get('code'), each).to.equal(null)
      broken = undefined
    }
    expect((await app.authorize(browser())).url.searchParams.get('code')).to.be.a('string')
  })

  it('leaves an app without tokens where any of it fails, and its refresh token unspent', async () => {
    await begin(await testStore())
    const person = browser()
    broken = 'access_tokens put'
    const failed = (answer: Promise<unknown>) =>
      answer.then(
        () => undefined,
        (fault: { cause?: Response }) => fault.cause?.status,
      )
    expect(await failed(app.redeem(await app.authorize(person)))).to.be.within(500, 503)
    broken = undefined
    const { refresh_token: token } = await app.redeem(await app.authorize(person))
    broken = 'access_tokens put'
    expect(await failed(app.refresh(token))).to.be.within(500, 503)
    broken = undefined
    // A spent one would be answered as before: with the access token that was not kept.
    const { access_token: access } = await app.refresh(token)
    expect(await client.fetchUserInfo(app.configuration, access, 'ada')).to.include({ sub: 'ada' })
  })
})
