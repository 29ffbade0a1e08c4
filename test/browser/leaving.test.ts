import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { declared, type Ground, ground } from '../conformance/ground.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { signedIn, type Visitor, visit } from './visitor.ts'

/** Starts a server on a free port; resolves to its origin at this host name. */
async function listening(server: Server, host: string): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

/** Where an app on a phone takes answers. */
const native = 'com.example.pocket:/callback'
const open = { token_endpoint_auth_method: 'none', client_secret: undefined }

// Browsers apply form-action to every redirect that follows a form post, those of the app's own included.
for (const javaScriptEnabled of [true, false]) {
  describe(`an app whose callback redirects to another origin, ${javaScriptEnabled ? 'with' : 'without'} scripts`, () => {
    let here: Ground
    let ada: Person
    let app: string
    /** What the app's pages were sent as Referer. */
    let referrers: (string | undefined)[] = []
    const home = createServer((request, answer) => {
      referrers.push(request.headers.referer)
      const said = new URL(request.url ?? '/', 'http://home').searchParams.get('told')
      answer.setHeader('content-type', 'text/html').end(`<link rel="icon" href="data:,"><h1>Home after ${said}</h1>`)
    })
    const callback = createServer(async (request, answer) => {
      referrers.push(request.headers.referer)
      const { searchParams, pathname } = new URL(request.url ?? '/', 'http://app')
      let body = ''
      for await (const chunk of request) body += chunk
      const posted = new URLSearchParams(body)
      const told = ['code', 'error', 'state'].find(name => searchParams.has(name) || posted.has(name))
      const { port } = home.address() as AddressInfo
      answer.writeHead(303, { location: `http://localhost:${port}/?told=${pathname.slice(1)}-${told}` }).end()
    })
    const servers = [home, callback]

    before(async () => {
      await listening(home, 'localhost')
      // Not localhost, where Latchkey is: another site, as browsers see it.
      app = await listening(callback, '127.0.0.1')
      const uris = { redirect_uris: [`${app}/signed-in`], post_logout_redirect_uris: [`${app}/signed-out`] }
      here = await ground({
        clients: [
          declared('desk', uris),
          declared('ledger', { ...uris, first_party: false, scope: 'openid email' }),
          declared('pocket', { redirect_uris: [native], application_type: 'native', first_party: false, ...open }),
        ],
      })
      ada = await here.person()
    })
    beforeEach(() => {
      referrers = []
    })
    after(async () => {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      await here?.stop()
    })

    const ask = async ({ page }: Visitor, client: string, more: Record<string, string> = {}) => {
      const asked = here.request(client, { redirect_uri: `${app}/signed-in`, ...more })
      await page.goto(`${here.metadata.authorization_endpoint}?${asked}`)
    }
    /** Nobody but we learns where the browser was, and no answer is kept in a cache. */
    const kept = () =>
      expect(referrers.filter(each => each?.includes('?') || each?.includes('/interaction'))).to.deep.equal([])
    const story = (tell: (who: Visitor) => Promise<void>) => () => visit(tell, { javaScriptEnabled })

    it(
      'is reached after a code',
      story(async who => {
        await ask(who, 'desk')
        await who.type('Email', ada.email)
        await who.type('Password', ada.password)
        await who.press('Sign in')
        await who.sees('Enter the code from your authenticator app')
        here.latchkey.clock.pass(60_000)
        await who.type('Six-digit code', authenticatorCode(here.latchkey, ada))
        if (!javaScriptEnabled) await who.press('Continue')
        await who.sees('Home after signed-in-code')
        kept()
      }),
    )

    it(
      'is reached after consent was given, and after it was refused',
      story(async who => {
        await signedIn(who, await here.person(), here.issuer)
        for (const [button, told] of [
          ['Don’t allow', 'error'],
          ['Allow', 'code'],
        ] as const) {
          await ask(who, 'ledger', { scope: 'openid email', prompt: 'consent' })
          await who.sees('Allow access?')
          await who.press(button)
          await who.sees(`Home after signed-in-${told}`)
        }
        kept()
      }),
    )

    it(
      'may be one of the device itself: the page that is left leads to it, however often',
      story(async who => {
        await signedIn(who, await here.person(), here.issuer)
        await ask(who, 'pocket', { redirect_uri: native })
        await who.press('Allow')
        await who.sees('Returning to the app')
        const link = await who.page.getByRole('link', { name: 'Continue' }).getAttribute('href')
        expect(link).to.match(/^com\.example\.pocket:\/callback\?code=[\w-]+&/)
        expect(who.page.url()).to.not.contain('code=')
      }),
    )

    it(
      'is reached by an answer that is posted',
      story(async who => {
        await signedIn(who, await here.person(), here.issuer)
        await ask(who, 'desk', { response_mode: 'form_post' })
        if (!javaScriptEnabled) await who.press('Continue')
        await who.sees('Home after signed-in-code')
        kept()
      }),
    )

    it(
      'is reached after a sign-out, whether somebody was signed in or not',
      story(async who => {
        await signedIn(who, await here.person(), here.issuer)
        const out = new URL(here.metadata.end_session_endpoint ?? '')
        out.search = String(
          new URLSearchParams({ client_id: 'desk', post_logout_redirect_uri: `${app}/signed-out`, state: 'x' }),
        )
        await who.page.goto(out.href)
        await who.press('Sign out')
        await who.sees('Home after signed-out-state')
        await who.page.goto(out.href)
        if (!javaScriptEnabled) await who.press('Continue')
        await who.sees('Home after signed-out-state')
        kept()
      }),
    )
  })
}
