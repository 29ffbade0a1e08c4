import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { signIn, signUp, somebody } from '../support/people.ts'
import { removable } from '../support/store.ts'

/** A line of the log about a request, or about a fault that it met. */
interface Line {
  request?: string
  route?: string
  status?: number
  failed?: string
  why?: string
  fault?: object
}

const posted = (headers: Record<string, string>, form: Record<string, string>): RequestInit => ({
  ...{ method: 'POST', headers, body: new URLSearchParams(form) },
})

describe('when there is trouble', () => {
  it('a burst of sign-ins gets an answer at once: 503 and when to come back, and no endless wait', async () => {
    const cost = { memory: 8_192, passes: 4 }
    const latchkey = await startLatchkey({ cost, environment: { LATCHKEY_HASH_QUEUE: '2' } })
    try {
      const people = Array.from({ length: 12 }, () => somebody())
      const starts = await Promise.all(people.map(({ browser }) => browser.get(`${latchkey.issuer}/sign-in`)))
      const burst = starts.map((page, at) =>
        page.submit({ email: `nobody${at}@example.com`, password: 'quiet harbour' }),
      )
      const pages = await Promise.all(burst)
      const refused = pages.filter(page => page.status === 503)
      expect(refused.length).to.be.within(1, 11)
      for (const page of refused) expect(Number(page.headers.get('retry-after'))).to.be.at.least(1)
      expect(pages.filter(page => page.status === 401).length + refused.length).to.equal(12)
    } finally {
      await latchkey.stop()
    }
  })

  it('a store that is away means 503, says so to health checks, leaves no half account, and all goes on once it is back', async () => {
    let away: ReturnType<typeof removable>['away'] = () => {}
    const latchkey = await startLatchkey({
      through: store => {
        const kept = removable(store)
        away = kept.away
        return kept.store
      },
    })
    try {
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
      const elsewhere = { ...person, browser: jar() }
      const start = await elsewhere.browser.get(`${latchkey.issuer}/sign-in`)
      away(true)
      const refused = await start.submit({ email: person.email, password: person.password })
      expect(refused.status).to.equal(503)
      expect(refused.headers.get('retry-after')).to.equal('1')
      const health = async () => (await fetch(`${latchkey.issuer}/health/ready`)).status
      expect(await health()).to.equal(503)
      expect((await fetch(`${latchkey.issuer}/health/live`)).status).to.equal(200)
      // Of apps that only the store may know, and one that the file names.
      const stranger = { authorization: `Basic ${btoa('stranger:secret')}` }
      const trading = { authorization: `Basic ${btoa('trading:trading-development-only-secret-0001')}` }
      const requests: [string, RequestInit][] = [
        ['/token', posted(trading, { grant_type: 'refresh_token', refresh_token: 'x'.repeat(65) })],
        ['/revoke', posted(trading, { token: 'x'.repeat(43) })],
        ['/introspect', posted(stranger, { token: 'x'.repeat(43) })],
        ['/userinfo', { headers: { authorization: `Bearer ${'x'.repeat(43)}` } }],
        ['/authorize?client_id=stranger', {}],
        ['/api-keys/verify', { ...posted({ ...stranger, 'content-type': 'application/json' }, {}), body: '{}' }],
      ]
      for (const [path, sent] of requests) {
        const answer = await fetch(latchkey.issuer + path, sent)
        expect(answer.status, path).to.equal(503)
        expect(answer.headers.get('retry-after'), path).to.equal('1')
      }
      // The line of each request says why, and the line of its fault bears the same name.
      const logged = (): Line[] =>
        latchkey
          .logged()
          .trim()
          .split('\n')
          .map(line => JSON.parse(line))
      const lines = logged()
      const said = lines.filter(({ status = 0 }) => status >= 500)
      const paths = requests.map(([path]) => path.replace(/\?.*/, ''))
      expect(said.map(({ route }) => route)).to.deep.equal(['/sign-in/:id/password', '/health/ready', ...paths])
      const faults = lines.filter(({ fault }) => fault).map(({ request }) => request)
      for (const { request, route = '', failed, why } of said) {
        expect(failed, route).to.equal('unavailable')
        expect(why, route).to.match(/the store (is away|cannot be written)$/)
        if (route !== '/health/ready') expect(faults, route).to.include(request)
      }
      // What nobody foresaw says why, too.
      away(new Error('the driver is broken'))
      expect((await fetch(`${latchkey.issuer}/userinfo`, requests[3]?.[1])).status).to.equal(500)
      expect(logged().at(-1)).to.include({ route: '/userinfo', failed: 'server_error', why: 'the driver is broken' })
      away(false)
      expect(await health()).to.equal(200)
      expect((await signIn(latchkey, elsewhere, start)).url).to.equal(`${latchkey.issuer}/account`)
    } finally {
      away(false)
      await latchkey.stop()
    }
  })
})
