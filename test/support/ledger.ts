import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Starts an app of somebody else's, whose pages all say that somebody is back, and which asks for the email address of people. */
export async function startLedger() {
  const server = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,"><h1>Back at the ledger</h1>')
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const callback = `http://localhost:${(server.address() as AddressInfo).port}/callback`
  return {
    callback,
    /** What it is declared as. */
    client: {
      client_id: 'ledger',
      client_name: 'Ledger',
      token_endpoint_auth_method: 'none',
      redirect_uris: [callback],
      scope: 'openid email',
    },
    /** Where its link to sign in leads. */
    request: (issuer: string): string => {
      const request = new URL('/authorize', issuer)
      request.search = new URLSearchParams({
        client_id: 'ledger',
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid email',
        state: 'of-the-ledger',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      }).toString()
      return request.href
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
