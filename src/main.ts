import cluster from 'node:cluster'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { dirname, join } from 'node:path'
import { type Config, ConfigError, configure } from './config.ts'
import { token } from './crypto/random.ts'
import { latchkey } from './latchkey.ts'
import { ClientsError } from './oidc/clients.ts'
import { openStore } from './store/open.ts'

/** Milliseconds that requests on their way get to finish once the process is told to stop. */
const grace = 5_000
/** Milliseconds after which a second signal stops it at once. */
const impatience = 1_000

/** The configured secrets, or in development ones that are made once and kept beside the store. */
function secretsOf({ secrets, store }: Config): readonly string[] {
  if (secrets) return secrets
  if (store === 'sqlite::memory:') return [token()]
  const folder = store.startsWith('sqlite:') ? dirname(store.slice('sqlite:'.length)) : 'data'
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'secrets')
  try {
    // Of several processes that start at once, the one that makes the file decides.
    writeFileSync(file, `${token()}\n`, { flag: 'wx', mode: 0o600 })
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault
  }
  return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
}

/** Serves until it is told to stop; a second signal, a while later, stops it at once. */
async function serve(config: Config): Promise<void> {
  const store = await openStore(config.store, { now: Date.now })
  const { listener, say, stop } = await latchkey(config, { store, secrets: secretsOf(config) })
  const { host, port, tls } = config.listen
  const server = tls
    ? createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key), minVersion: 'TLSv1.2' }, listener)
    : createServer(listener)
  // Longer than proxies keep theirs, so that none sends a request on a connection that just ended.
  server.keepAliveTimeout = 65_000
  server.headersTimeout = 20_000
  server.requestTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  say(`listening on ${host}:${port} as ${config.issuer}`)

  let since: number | undefined
  const end = async (): Promise<void> => {
    // Ctrl-C reaches every process of a terminal, and so does what their parent sends: that is one wish, not two.
    if (since !== undefined && Date.now() - since > impatience) process.exit(1)
    if (since !== undefined) return
    since = Date.now()
    const closed = new Promise(resolve => server.close(resolve))
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), grace).unref()
    await closed
    await stop()
    await store.close()
    say('stopped')
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end())
}

/** Keeps so many processes serving one port; one that dies of a fault is replaced. */
function supervise(workers: number): void {
  let stopping = false
  const fork = () => {
    const born = Date.now()
    cluster.fork().once('exit', code => {
      if (stopping) return
      // One that dies as soon as it starts will do so again.
      if (code !== 0 && Date.now() - born < 2_000) process.exit(code ?? 1)
      fork()
    })
  }
  for (let each = 0; each < workers; each++) fork()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping = true
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
    })
  }
}

try {
  const config = configure()
  if (cluster.isPrimary && config.workers > 1) supervise(config.workers)
  else await serve(config)
} catch (fault) {
  const told = fault instanceof ConfigError || fault instanceof ClientsError
  process.stderr.write(`${told ? fault.message : fault instanceof Error ? fault.stack : fault}\n`)
  process.exit(1)
}
