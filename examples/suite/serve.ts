import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { JWK } from 'jose'
import { relyingParty } from './app.ts'
import { apps, type Declaration } from './apps.ts'
import type { Registered } from './clients.ts'
import type { Sister } from './pages.ts'

/** Ports that something else listens on, with who should stand there. */
export class PortsTaken extends Error {
  readonly ports: readonly { port: number; who: string }[]
  constructor(ports: PortsTaken['ports']) {
    super(ports.map(({ port, who }) => `Port ${port} is taken, and ${who} should listen there.`).join('\n'))
    this.name = 'PortsTaken'
    this.ports = ports
  }
}

/** Listens, or throws PortsTaken. */
export function listen(server: Server, host: string, port: number, who: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (fault: NodeJS.ErrnoException) =>
      fail(fault.code === 'EADDRINUSE' ? new PortsTaken([{ port, who }]) : fault),
    )
    server.listen({ host, port }, done)
  })
}

/** Ends a server at once, open connections included. */
export function shut(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve()
  server.closeAllConnections()
  return new Promise(done => server.close(() => done()))
}

export interface Suite {
  apps: readonly Sister[]
  close(): Promise<void>
}

export interface Served {
  issuer: string
  /** As clients.json declares them; each app stands at the origin of its first redirect URI. */
  clients: readonly Registered[]
  /** Private keys by client id; those beside this file unless told. */
  keys?: Readonly<Record<string, JWK>>
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Serves the four relying parties in this process: all of them, or none, and PortsTaken. */
export async function serveSuite({ issuer, clients, keys = {}, now }: Served): Promise<Suite> {
  const standing = apps.map(app => {
    const client = clients.find(each => each.client_id === app.id)
    if (!client?.redirect_uris[0]) throw new TypeError(`clients.json does not declare ${app.id}`)
    const { origin } = new URL(client.redirect_uris[0])
    return { app, client, sister: { id: app.id, name: app.name, url: origin } }
  })
  const sisters = standing.map(each => each.sister)
  const api = apiOf(clients)
  const servers = standing.map(({ app, client }) =>
    createServer(
      relyingParty(app, {
        ...{ issuer, client, key: keys[app.id] ?? keyOf(app), sisters, ...(now && { now }) },
        api: api && Object.hasOwn(client.apis, api.resource) && isAt(api.resource, client) ? api : undefined,
      }).callback(),
    ),
  )
  const close = () => Promise.all(servers.map(shut)).then(() => undefined)
  const listening = await Promise.allSettled(
    servers.map((server, at) => {
      const { name, url } = sisters[at] as Sister
      const { hostname, port, protocol } = new URL(url)
      return listen(server, hostname, Number(port || (protocol === 'https:' ? 443 : 80)), name)
    }),
  )
  const faults = listening.flatMap(each => (each.status === 'rejected' ? [each.reason] : []))
  if (faults.length === 0) return { apps: sisters, close }
  await close()
  throw faults.find(each => !(each instanceof PortsTaken)) ?? new PortsTaken(faults.flatMap(each => each.ports))
}

function keyOf({ key }: Declaration): JWK | undefined {
  return key === undefined ? undefined : JSON.parse(readFileSync(new URL(key, import.meta.url), 'utf8'))
}

/** The API that is served along: the first of the wallet's, where the client that it is itself is declared, too. */
function apiOf(
  clients: readonly Registered[],
): { resource: string; client: { id: string; secret: string } } | undefined {
  const secret = clients.find(each => each.client_id === 'wallet-api')?.client_secret
  const [resource] = Object.keys(clients.find(each => each.client_id === 'wallet')?.apis ?? {})
  return secret === undefined || resource === undefined ? undefined : { resource, client: { id: 'wallet-api', secret } }
}

const isAt = (resource: string, { redirect_uris: [uri = ''] }: Registered): boolean =>
  new URL(resource).origin === new URL(uri).origin
