import { once } from 'node:events'
import { createServer } from 'node:http'
import Koa from 'koa'
import { walletApi } from '../../examples/suite/wallet-api.ts'
import { freePorts } from '../support/ports.ts'
import { type Answer, type Declared, declared, type Ground, ground, secretOf } from './ground.ts'

/** A ground with an API that is served at its own resource identifier. */
export interface Served extends Ground {
  /** The API's resource identifier: where it is. */
  resource: string
  origin: string
  /** A request to the API, by its path; JSON where there is something to send. */
  call(path: string, headers?: Record<string, string>, sent?: object): Promise<Answer>
}

/** Starts both: the wallet's API, and apps that may ask for it. */
export async function served(clients: readonly Declared[]): Promise<Served> {
  const [port] = await freePorts(1)
  const origin = `http://localhost:${port}`
  const resource = `${origin}/api`
  const apis = { [resource]: ['read', 'transfer'] }
  const types = ['withdrawal']
  const self = declared('wallet-api', { grant_types: ['client_credentials'], redirect_uris: [], apis: {} })
  const here = await ground({
    apis: [
      {
        resource,
        name: 'Wallet',
        scopes: ['read', 'transfer'],
        authorization_details_types: types,
        client_id: self.client_id,
      },
      { resource: 'https://api.example/other', name: 'Other', scopes: ['read'] },
    ],
    clients: [
      ...clients.map(each => ({
        authorization_details_types: types,
        ...each,
        apis: { ...apis, 'https://api.example/other': ['read'] },
      })),
      { ...self, token_endpoint_auth_method: 'client_secret_basic' },
    ],
  })
  const client = { id: self.client_id, secret: secretOf(self.client_id) }
  const api = walletApi({ issuer: here.issuer, client, audience: resource, origin, now: here.latchkey.clock.now })
  const server = createServer(new Koa().use(api).callback()).listen(Number(port), 'localhost')
  await once(server, 'listening')
  return {
    ...here,
    resource,
    origin,
    call: async (path, headers = {}, sent) => {
      const json = sent && { method: 'POST', body: JSON.stringify(sent) }
      const answer = await fetch(origin + path, { headers, ...json })
      const text = await answer.text()
      const body = text.startsWith('{') ? JSON.parse(text) : {}
      return { status: answer.status, headers: answer.headers, body, text }
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await here.stop()
    },
  }
}

/** The challenges of an answer (RFC 9110, 11.6.1), by their scheme. */
export function challenges({ headers }: Pick<Answer, 'headers'>): Record<string, Record<string, string>> {
  const told = headers.get('www-authenticate') ?? ''
  const found: Record<string, Record<string, string>> = {}
  let last: Record<string, string> = {}
  for (const [, scheme, name = '', value = ''] of told.matchAll(/(?:(Bearer|DPoP) )?(\w+)="([^"]*)"/g)) {
    if (scheme) {
      last = {}
      found[scheme] = last
    }
    last[name] = value
  }
  return found
}
