import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { signUp, somebody } from '../support/people.ts'

describe('what is looked for at fixed addresses', () => {
  let latchkey: Running
  const start = async (environment: Record<string, string> = {}) => {
    latchkey = await startLatchkey({ environment })
  }
  afterEach(() => latchkey.stop())
  const at = (path: string) => `${latchkey.issuer}/.well-known/${path}`

  it('is where a password is changed, also for who has to sign in first', async () => {
    await start()
    const answer = await fetch(at('change-password'), { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).to.deep.equal([302, '/account/security'])
    expect((await jar().get(at('change-password'))).h1).to.equal('Sign in')
    const ada = somebody()
    await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
    const page = await ada.browser.get(at('change-password'))
    expect(page.url).to.equal(`${latchkey.issuer}/account/security`)
    expect(page.all('li.line').find(each => each.text.includes('Password'))?.text).to.contain('Change')
    // What asks whether our answers can be believed at all (W3C, 4).
    const reliable = await fetch(at('resource-that-should-not-exist-whose-status-code-should-not-be-200'))
    expect(reliable.status).to.equal(404)
  })

  it('is where passkeys are made and managed', async () => {
    await start()
    const answer = await fetch(at('passkey-endpoints'), { redirect: 'manual' })
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('content-type')).to.match(/^application\/json/)
    const page = `${latchkey.issuer}/account/security`
    expect(await answer.json()).to.deep.equal({ enroll: page, manage: page })
  })

  it('is whom to tell of a weakness, where the operator says it', async () => {
    await start({ LATCHKEY_SECURITY_CONTACT: 'mailto:security@example.com, https://example.com/report' })
    const answer = await fetch(at('security.txt'))
    expect(answer.headers.get('content-type')).to.equal('text/plain; charset=utf-8')
    const text = await answer.text()
    const expires = /^Expires: (\d{4}-\d\d-\d\dT00:00:00\.000Z)$/m.exec(text)?.[1] ?? ''
    const days = (Date.parse(expires) - latchkey.clock.now()) / 86_400_000
    expect(days).to.be.within(88, 90)
    expect(text).to.equal(
      `Contact: mailto:security@example.com\nContact: https://example.com/report\nExpires: ${expires}\nCanonical: ${at('security.txt')}\n`,
    )
  })

  it('is nobody, where the operator does not', async () => {
    await start()
    expect((await fetch(at('security.txt'))).status).to.equal(404)
  })
})
