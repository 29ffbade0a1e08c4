import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { signIn, signUp, somebody } from '../support/people.ts'
import { removable } from '../support/store.ts'

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
    let away: (gone: boolean) => void = () => {}
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
      const token = await fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('trading:trading-development-only-secret-0001')}` },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x'.repeat(65) }),
      })
      expect(token.status).to.equal(503)
      expect(token.headers.get('retry-after')).to.equal('1')
      away(false)
      expect(await health()).to.equal(200)
      expect((await signIn(latchkey, elsewhere, start)).url).to.equal(`${latchkey.issuer}/account`)
    } finally {
      away(false)
      await latchkey.stop()
    }
  })
})
