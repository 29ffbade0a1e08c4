import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { ISSUER, APP_URL } = process.env
const { host, hostname, port } = new URL(APP_URL)
const resource = `${APP_URL}/mcp`
const metadata = `${APP_URL}/.well-known/oauth-protected-resource/mcp`
const discovered = await (await fetch(`${ISSUER}/.well-known/openid-configuration`)).json()
const keys = createRemoteJWKSet(new URL(discovered.jwks_uri))

const verifier = {
  /** Takes an access token (RFC 9068) that is for this server; one that is bound to a key is not for whoever holds it. */
  async verifyAccessToken(token) {
    const checks = { issuer: ISSUER, audience: resource, typ: 'at+jwt', requiredClaims: ['exp', 'sub'] }
    const { payload } = await jwtVerify(token, keys, checks).catch(fault => {
      throw new InvalidTokenError(fault.code ?? 'cannot be verified')
    })
    if (payload.cnf) throw new InvalidTokenError('is bound to a key')
    const { client_id: clientId, scope = '', exp: expiresAt, sub } = payload
    return { token, clientId, scopes: scope.split(' '), expiresAt, resource: new URL(resource), extra: { sub } }
  },
}

/** A tool for whom has the scope that it needs. */
const may =
  (scope, act) =>
  ({ authInfo }) =>
    authInfo.scopes.includes(scope)
      ? { content: [{ type: 'text', text: act(authInfo) }] }
      : { content: [{ type: 'text', text: `the scope ${scope} is missing` }], isError: true }

function tools() {
  const server = new McpServer({ name: 'portfolio', version: '1.0.0' })
  const whoami = may('read', ({ extra }) => extra.sub)
  server.registerTool('whoami', { description: 'Who is signed in' }, whoami)
  const buy = may('trade', () => 'bought')
  server.registerTool('buy', { description: 'Buys one' }, buy)
  return server
}

const app = createMcpExpressApp({ host: hostname })

// RFC 9728: clients find Latchkey here, and what to ask it for.
app.get('/.well-known/oauth-protected-resource/mcp', (_req, res) => {
  // The SDK's client asks for these; without `offline_access` it gets nothing to refresh with.
  const scopes_supported = ['read', 'offline_access']
  res.json({ resource, authorization_servers: [ISSUER], scopes_supported, bearer_methods_supported: ['header'] })
})

const protect = requireBearerAuth({ verifier, resourceMetadataUrl: metadata, expectedResource: resource })
app.post('/mcp', protect, async (req, res) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  res.on('close', () => transport.close())
  await tools().connect(transport)
  await transport.handleRequest(req, res, req.body)
})

app.listen(port, hostname, () => console.log(`MCP at ${host}`))
