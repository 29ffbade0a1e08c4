import { expect } from 'chai'
import * as oidc from 'openid-client'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { type RunningSuite, startSuite } from '../support/all-apps.ts'
import { jar } from '../support/jar.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { credentialOn, type Security, securityAt } from '../support/security.ts'

/** What a session gave an app. */
interface Given {
  access: string
  refresh: string
  /** Redeems a code that was given and not yet used. */
  redeem(): Promise<unknown>
}

/** The store commits a change of what protects an account, and is away from then on. */
describe('a change whose process dies right after its commit', () => {
  let latchkey: RunningSuite
  let at: Security
  let app: oidc.Configuration
  let armed = false
  let away = false

  const through = (store: Store): Store => ({
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const kept = store.collection(declaration)
      const touch = async <R>(act: () => Promise<R>): Promise<R> => {
        if (away) throw new Error('the store is away')
        return act()
      }
      return {
        insert: doc => touch(() => kept.insert(doc)),
        put: doc => touch(() => kept.put(doc)),
        get: id => touch(() => kept.get(id)),
        find: (where, page) => touch(() => kept.find(where, page)),
        patch: (id, changes, when) =>
          touch(async () => {
            const changed = await kept.patch(id, changes, when)
            if (armed && changed && declaration.name === 'accounts' && 'securityStamp' in changes) away = true
            return changed
          }),
        count: (id, field, by, born) => touch(() => kept.count(id, field, by, born)),
        take: id => touch(() => kept.take(id)),
        remove: where => touch(() => kept.remove(where)),
      }
    },
  })

  before(async () => {
    latchkey = await startSuite({ through })
    at = securityAt(latchkey)
    const secret = 'trading-development-only-secret-0001'
    const execute = [oidc.allowInsecureRequests]
    app = await oidc.discovery(new URL(latchkey.issuer), 'trading', secret, undefined, { execute })
  })
  after(() => latchkey.stop())

  /** Does what has its process die after the commit, and starts anew. */
  const cut = async (act: () => Promise<{ status: number }>): Promise<void> => {
    armed = true
    const { status } = await act().finally(() => {
      armed = false
    })
    expect(away, 'nothing was committed').to.equal(true)
    away = false
    expect(status).to.be.within(500, 599)
  }

  const asked = async ({ browser }: Person, more: Record<string, string> = {}) => {
    const [verifier, state] = [oidc.randomPKCECodeVerifier(), oidc.randomState()]
    const url = oidc.buildAuthorizationUrl(app, {
      redirect_uri: `${latchkey.apps.trading}/callback`,
      scope: 'openid email',
      state,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    })
    const { location } = await browser.get(url.href, { follow: false })
    const redeem = () =>
      oidc.authorizationCodeGrant(app, new URL(location ?? ''), { pkceCodeVerifier: verifier, expectedState: state })
    return { location: location ?? '', redeem }
  }
  const given = async (person: Person): Promise<Given> => {
    const { access_token: access, refresh_token: refresh = '' } = await (await asked(person)).redeem()
    latchkey.keepOut(access, refresh)
    return { access, refresh, redeem: (await asked(person)).redeem }
  }
  const codeOf = (fault: unknown) => (fault as { error?: string }).error

  const alive = async (person: Person, { access, refresh, redeem }: Given) => {
    const headers = { authorization: `Bearer ${access}` }
    const found = {
      introspected: (await oidc.tokenIntrospection(app, access)).active,
      introspectedRefresh: (await oidc.tokenIntrospection(app, refresh)).active,
      userinfo: (await fetch(`${latchkey.issuer}/userinfo`, { headers })).status === 200,
      code: await redeem().then(
        () => true,
        fault => codeOf(fault) !== 'invalid_grant' && expect.fail(String(fault)),
      ),
      refreshed: await oidc.refreshTokenGrant(app, refresh).then(
        ({ access_token, refresh_token = '' }) => {
          latchkey.keepOut(access_token, refresh_token)
          return true
        },
        fault => codeOf(fault) !== 'invalid_grant' && expect.fail(String(fault)),
      ),
      silent: (await asked(person, { prompt: 'none' })).location.includes('code='),
      page: await at.isIn(person),
    }
    return Object.entries(found).flatMap(([name, is]) => (is ? [name] : []))
  }
  const all = ['introspected', 'introspectedRefresh', 'userinfo', 'code', 'refreshed', 'silent', 'page']

  type Act = (owner: Person) => Promise<() => Promise<{ status: number }>>
  const inside: [what: string, prepared: Act][] = [
    [
      'another password',
      async owner => {
        const page = await at.act(owner, 'add', { factor: 'password' })
        latchkey.keepOut(`new ${owner.password}`)
        return () => page.submit({ password: `new ${owner.password}` })
      },
    ],
    [
      'an authenticator removed',
      async owner => {
        const [page] = await at.addAuthenticator(owner)
        return () => at.act(owner, 'remove', { credential: credentialOn(page, 'Authenticator') })
      },
    ],
    [
      'a rule about who may sign in',
      async owner => () =>
        owner.browser.post(`${latchkey.issuer}/account/security/restrictions`, { addresses: '127.0.0.0/8, ::1' }),
    ],
    [
      'a recovery code list made anew',
      async owner => {
        const page = await at.act(owner, 'add', { factor: 'recovery-code' })
        return () => page.submit({ saved: true })
      },
    ],
  ]
  for (const [what, prepared] of inside)
    it(`leaves its own session alive, and no other: ${what}`, async () => {
      const owner = await at.joined()
      const act = await prepared(owner)
      const other = await at.elsewhere(owner)
      const [own, theirs] = [await given(owner), await given(other)]
      expect(await alive(other, await given(other))).to.deep.equal(all)
      await cut(act)
      expect(await alive(other, theirs)).to.deep.equal([])
      expect(await alive(owner, own)).to.deep.equal(all)
      const shown = await at.open(owner, '/account/sessions')
      expect(shown.all('[name=session]')).to.deep.equal([])
    })

  const outside: [what: string, prepared: Act][] = [
    ['signing out everywhere', async owner => () => at.signOutEverywhere(owner)],
    [
      'closing the account',
      async owner => async () => (await at.open(owner, '/account/close')).submit({}, 'Close my account'),
    ],
    [
      'a password chosen by a mailed link',
      async owner => {
        const browser = jar()
        await (await browser.get(`${latchkey.issuer}/forgot-password`)).submit({ email: owner.email })
        const mail = (await latchkey.outbox(owner.email)).find(each => each.link?.includes('/reset/'))
        let page = await (await browser.get(mail?.link ?? '')).submit()
        page = await page.submit({ code: authenticatorCode(latchkey, owner) })
        latchkey.keepOut(`new ${owner.password}`)
        return () => page.submit({ password: `new ${owner.password}` })
      },
    ],
    [
      '“This wasn’t me”',
      async owner => {
        await at.addAuthenticator(owner)
        const mail = (await latchkey.outbox(owner.email)).find(each => each.link?.includes('/not-me/'))
        const page = await jar().get(mail?.link ?? '')
        return () => page.submit()
      },
    ],
  ]
  for (const [what, prepared] of outside)
    it(`leaves no session alive: ${what}`, async () => {
      const owner = await at.joined()
      const act = await prepared(owner)
      const other = await at.elsewhere(owner)
      const [own, theirs] = [await given(owner), await given(other)]
      await cut(act)
      expect(await alive(other, theirs)).to.deep.equal([])
      expect(await alive(owner, own)).to.deep.equal([])
    })
})
