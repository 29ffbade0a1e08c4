import { expect } from 'chai'
import { accepts, send } from './callers.ts'
import { declared, type Ground, ground } from './ground.ts'

describe('too many requests (RFC 6585, 4)', () => {
  let here: Ground
  before(async () => {
    here = await ground({
      clients: [declared('desk')],
      environment: { LATCHKEY_REGISTRATION: 'open', LATCHKEY_CIMD: '*' },
    })
  })
  after(() => here.stop())

  const told = async (answer: Response, about: string) => {
    const text = await answer.text()
    expect(answer.status, `${about} ${text}`).to.equal(429)
    expect(Number(answer.headers.get('retry-after')), about).to.be.within(1, 86_400)
    return { type: answer.headers.get('content-type') ?? '', text }
  }

  it('get 429 with Retry-After at registration, in JSON whatever they accept', async () => {
    const body = JSON.stringify({ redirect_uris: ['https://app.example/callback'], client_name: 'An app' })
    const register = (accept?: string) =>
      send(here.issuer, '/register', { body, headers: { 'content-type': 'application/json' } }, accept)
    let answer = await register()
    for (let each = 0; each < 100 && answer.status === 201; each += 1) answer = await register()
    for (const [who, accept] of accepts) {
      const { type, text } = await told(await register(accept), who)
      expect(type, who).to.match(/^application\/json\b/)
      expect(JSON.parse(text).error, who).to.equal('slow_down')
    }
  })

  it('get 429 where documents are fetched: a page for people, JSON for programs', async () => {
    let each = 0
    const id = () => `https://localhost:1/app-${each++}`
    const visit = () =>
      fetch(`${here.issuer}/authorize?response_type=code&client_id=${encodeURIComponent(id())}`, {
        headers: { accept: 'text/html' },
      })
    let answer = await visit()
    while (each < 100 && answer.status === 400) answer = await visit()
    expect((await told(await visit(), 'a browser')).type).to.contain('text/html')
    for (const [who, accept] of accepts) {
      const asked = await send(here.issuer, '/token', { body: `grant_type=x&client_id=${id()}` }, accept)
      const { type, text } = await told(asked, who)
      expect(type, who).to.match(/^application\/json\b/)
      expect(JSON.parse(text).error, who).to.equal('slow_down')
    }
    // None of it is an internal error.
    expect(here.latchkey.logged()).to.not.match(/"level":"(error|warn)".*"fault"/)
  })
})
