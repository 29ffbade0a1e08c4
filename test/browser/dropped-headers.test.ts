import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody } from '../support/people.ts'
import { visit } from './visitor.ts'

/** Makes a proxy as some companies have them: no header passes that it does not know. Notes the Origin of each post. */
function proxy(port: () => number, origins: (string | undefined)[]): Server {
  return createServer((asked, answer) => {
    const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => !/^(sec-|priority)/.test(name)))
    if (asked.method === 'POST') origins.push(asked.headers.origin)
    const { method, url: path } = asked
    const passed = request({ host: 'localhost', port: port(), method, path, headers }, got => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
    })
    passed.once('error', () => answer.destroy())
    asked.pipe(passed)
  })
}

// Older browsers send no Sec-Fetch headers either (Safari before 16.4): what is left is the Origin of a form.
describe('a browser whose Sec-Fetch headers do not arrive', () => {
  let latchkey: Running
  let server: Server
  const origins: (string | undefined)[] = []

  before(async () => {
    let port = 0
    server = proxy(() => port, origins)
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
    const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
    const started = await startLatchkey({ environment: { LATCHKEY_ISSUER: issuer } })
    port = Number(new URL(started.issuer).port)
    latchkey = { ...started, issuer }
  })
  after(async () => {
    server?.closeAllConnections()
    server?.close()
    await latchkey?.stop()
  })

  it('signs somebody up, out and in again', () =>
    visit(async who => {
      const person = somebody()
      latchkey.keepOut(person.password)
      await who.page.goto(`${latchkey.issuer}/sign-up`)
      await who.type('Email', person.email)
      await who.press('Continue')
      await who.type('Six-digit code', await codeSentTo(latchkey, person.email))
      await who.sees('Choose a password')
      await who.type('Password', person.password)
      await who.press('Continue')
      await who.sees('Set up your authenticator app')
      person.secret = (await who.page.locator('[data-totp-secret]').textContent()) ?? ''
      latchkey.keepOut(person.secret, person.secret.replaceAll(' ', ''))
      await who.type('Code shown in the app', authenticatorCode(latchkey, person))
      await who.sees('Save your recovery codes')
      latchkey.keepOut(...(await who.page.locator('[data-recovery-code]').allTextContents()))
      await who.page.getByLabel('I have saved these codes somewhere safe').check()
      await who.press('Continue')
      await who.press('Not now')
      await who.isAt(`${latchkey.issuer}/account`)
      await who.press('Sign out')
      await who.page.goto(`${latchkey.issuer}/sign-in`)
      await who.type('Email', person.email)
      await who.type('Password', person.password)
      await who.press('Sign in')
      await who.sees('Enter the code from your authenticator app')
      expect(new Set(origins)).to.deep.equal(new Set([latchkey.issuer]))
    }))

  it('is refused what another site’s page has it post', () =>
    visit(async who => {
      // Another site, as browsers see it: their cookies and headers are those of a stranger's page.
      await who.page.route('http://127.0.0.1:9/', route =>
        route.fulfill({
          contentType: 'text/html',
          body: `<link rel="icon" href="data:,"><form method="post" action="${latchkey.issuer}/sign-out"><button>Win</button></form>`,
        }),
      )
      await who.page.goto('http://127.0.0.1:9/')
      const answered = who.page.waitForResponse(`${latchkey.issuer}/sign-out`)
      await who.press('Win')
      expect((await answered).status()).to.equal(403)
      expect(origins.at(-1)).to.equal('http://127.0.0.1:9')
      who.complaints.splice(0)
    }))
})
