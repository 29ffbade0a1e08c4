import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { BrowserContext } from 'playwright-core'
import { declared, type Ground, ground } from '../conformance/ground.ts'
import { launch } from '../support/browser.ts'

describe('an app on another site, in a browser', () => {
  let here: Ground
  let app: Server
  let origin: string
  let context: BrowserContext
  /** What its page posts to us. */
  let asked: URLSearchParams
  const posted: URLSearchParams[] = []

  before(async () => {
    app = createServer(async (request, answer) => {
      let body = ''
      for await (const chunk of request) body += chunk
      answer.setHeader('content-type', 'text/html')
      if (request.method === 'POST') {
        posted.push(new URLSearchParams(body))
        return answer.end('<h1>Welcome</h1>')
      }
      const inputs = [...asked].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
      const action = here.metadata.authorization_endpoint
      answer.end(`<form method="post" action="${action}">${inputs.join('')}<button>Log in</button></form>`)
    })
    await new Promise<void>(resolve => app.listen(0, '127.0.0.1', resolve))
    // Not localhost, where Latchkey is: another site, as browsers see it.
    origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    here = await ground({ clients: [declared('desk', { redirect_uris: [`${origin}/callback`] })] })
    const { browser } = await here.person()
    context = await (await launch()).newContext()
    const cookies = await browser.cookies.getCookies(here.issuer)
    await context.addCookies(
      cookies.map(({ key: name, value }) => ({ name, value, url: here.issuer, sameSite: 'Lax', httpOnly: true })),
    )
  })
  after(async () => {
    await context?.close()
    app?.closeAllConnections()
    app?.close()
    await here?.stop()
  })

  const logIn = async (more: Record<string, string>) => {
    posted.length = 0
    asked = here.request('desk', { redirect_uri: `${origin}/callback`, ...more })
    const page = await context.newPage()
    await page.goto(origin)
    await page.getByRole('button', { name: 'Log in' }).click()
    return page
  }

  it('posts a request for whoever is signed in, and is posted the answer', async () => {
    const page = await logIn({ response_mode: 'form_post' })
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    expect(posted.map(each => each.get('state'))).to.deep.equal(['a state'])
    expect(posted[0]?.get('code')).to.be.a('string')
    expect(page.url()).to.equal(`${origin}/callback`)
  })

  it('is posted an answer without scripts, by the button', async () => {
    const plain = await (await launch()).newContext({ javaScriptEnabled: false })
    const page = await plain.newPage()
    const asked = here.request('desk', {
      redirect_uri: `${origin}/callback`,
      response_mode: 'form_post',
      prompt: 'none',
    })
    posted.length = 0
    await page.goto(`${here.metadata.authorization_endpoint}?${asked}`)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    expect(posted[0]?.get('error')).to.equal('login_required')
    await plain.close()
  })
})
