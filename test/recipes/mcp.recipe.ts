import { expect } from 'chai'
import { type App, recipe } from './recipe.ts'
import { join } from './walks.ts'

/** A client of both SDKs: signs in, calls tools by the token, and refreshes; it may read, and so may not buy. */
async function signedIn(app: App, client: readonly string[], environment: Record<string, string>): Promise<void> {
  const program = app.begin(client, environment)
  const [, address = ''] = await program.until(/^Open (\S+)$/m)
  expect(new URL(address).origin).to.equal(app.latchkey.issuer)
  const asked = new URL(address).searchParams
  expect(asked.get('resource')).to.equal(`${app.url}/mcp`)
  if (environment.CLIENT_METADATA_URL) expect(asked.get('client_id')).to.equal(environment.CLIENT_METADATA_URL)
  const { page } = await join(app, async ({ browser }) => browser.get(address))
  expect(page.h1).to.equal('Allow access?')
  const closed = await page.submit({}, 'Allow')
  expect(closed.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/callback\?code=/)
  const said = await program.ended()
  const [, subject = ''] = /^whoami: (\S+)$/m.exec(said) ?? []
  expect(subject).to.match(/^[\w-]{8,}$/)
  expect(said).to.match(/^buy: the scope trade is missing$/m)
  expect(said).to.contain(`refreshed: true, whoami: ${subject}`)
}

/** What the server says to whoever brings no token, or one that is not for it. */
async function challenged({ url, latchkey }: App): Promise<void> {
  for (const authorization of [undefined, 'Bearer nonsense']) {
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
    const answer = await fetch(`${url}/mcp`, { method: 'POST', headers, body: '{}' })
    expect(answer.status).to.equal(401)
    expect(answer.headers.get('www-authenticate')).to.contain(
      `resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`,
    )
  }
  const metadata = await fetch(`${url}/.well-known/oauth-protected-resource/mcp`)
  const { resource, authorization_servers } = (await metadata.json()) as Record<string, unknown>
  expect(resource).to.equal(`${url}/mcp`)
  expect([authorization_servers].flat().map(each => String(each).replace(/\/$/, ''))).to.deep.equal([latchkey.issuer])
}

describe('Model Context Protocol', () => {
  recipe('mcp', { kind: 'npm', start: ['node', 'server.js'] }, async app => {
    await challenged(app)
    await signedIn(app, ['node', 'client.js'], {})
    await signedIn(app, ['node', 'client.js'], { CLIENT_METADATA_URL: app.documented('mcp') })
  })

  recipe('mcp-python', { kind: 'pip', start: ['python3', 'server.py'] }, async app => {
    await challenged(app)
    await signedIn(app, ['python3', 'client.py'], {})
    await signedIn(app, ['python3', 'client.py'], { CLIENT_METADATA_URL: app.documented('mcp-python') })
  })
})
