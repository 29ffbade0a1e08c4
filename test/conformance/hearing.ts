import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An app's own server, which hears that sessions have ended (OpenID Connect Back-Channel Logout 1.0). */
export interface Hearing {
  url: string
  /** The next logout token, or one that came and was not read yet. */
  heard(): Promise<string>
  close(): void
}

/** Starts one on a free port of localhost. */
export async function hearing(): Promise<Hearing> {
  const kept: string[] = []
  const waiting: ((token: string) => void)[] = []
  const server = createServer(async (request, answer) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const token = new URLSearchParams(body).get('logout_token') ?? ''
    const next = waiting.shift()
    if (next) next(token)
    else kept.push(token)
    answer.end()
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/backchannel-logout`,
    heard: async () => kept.shift() ?? new Promise(resolve => waiting.push(resolve)),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
