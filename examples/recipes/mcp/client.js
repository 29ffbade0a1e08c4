import { createServer } from 'node:http'
import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const { APP_URL, CLIENT_METADATA_URL } = process.env
const url = new URL(`${APP_URL}/mcp`)

/** Resolves to the code with which the browser comes back to this machine (RFC 8252, 7.3). */
const arrived = Promise.withResolvers()
const server = createServer((req, res) => {
  const answer = new URL(req.url, 'http://127.0.0.1').searchParams
  res.end('Close this window.')
  if (answer.get('state') === kept.state) arrived.resolve(answer.get('code'))
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const redirectUrl = `http://127.0.0.1:${server.address().port}/callback`

/** What is kept between two runs; a real client keeps it where the system keeps secrets. */
const kept = {}
const provider = {
  redirectUrl,
  // Where Latchkey takes documents (LATCHKEY_CIMD), this address is the client's id; else it registers itself.
  clientMetadataUrl: CLIENT_METADATA_URL,
  clientMetadata: {
    client_name: 'Recipe MCP client',
    application_type: 'native',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  state: () => {
    kept.state = crypto.randomUUID()
    return kept.state
  },
  clientInformation: () => kept.client,
  saveClientInformation: client => {
    kept.client = client
  },
  tokens: () => kept.tokens,
  saveTokens: tokens => {
    kept.tokens = tokens
  },
  redirectToAuthorization: to => console.log(`Open ${to.href}`),
  saveCodeVerifier: verifier => {
    kept.verifier = verifier
  },
  codeVerifier: () => kept.verifier,
}

async function call(name) {
  const client = new Client({ name: 'recipe', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(url, { authProvider: provider }))
  const { content } = await client.callTool({ name })
  await client.close()
  return content[0].text
}

try {
  await call('whoami')
} catch (fault) {
  if (!(fault instanceof UnauthorizedError)) throw fault
  const transport = new StreamableHTTPClientTransport(url, { authProvider: provider })
  await transport.finishAuth(await arrived.promise)
}
console.log(`whoami: ${await call('whoami')}`)
console.log(`buy: ${await call('buy')}`)

// The SDK refreshes by itself once the server answers 401; here, at once.
const before = kept.tokens.access_token
await auth(provider, { serverUrl: url })
console.log(`refreshed: ${kept.tokens.access_token !== before}, whoami: ${await call('whoami')}`)
server.close()
