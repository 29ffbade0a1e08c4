import cluster, { type Worker } from 'node:cluster'
import { ClientsError } from './clients/declared.ts'
import { type Config, ConfigError, configure } from './config.ts'
import { latchkey } from './latchkey.ts'
import { DatabaseError } from './risk/places.ts'
import { secretsOf } from './secrets.ts'
import { serving } from './serving.ts'
import { openStore } from './store/open.ts'

/** Milliseconds after which a second signal stops it at once. */
const impatience = 1_000

/** Serves until it is told to stop; a second signal, a while later, stops it at once. */
async function serve(config: Config): Promise<void> {
  let hear = async (): Promise<void> => {}
  process.on('SIGHUP', () => void hear())
  const store = await openStore(config.store, { now: Date.now })
  const { listener, certified, say, fault, reload, stop } = await latchkey(config, {
    store,
    secrets: secretsOf(config),
  })
  const { listen, mtls } = config
  const servings = [await serving(listener, listen, { onFault: fault })]
  if (mtls?.listen) {
    const place = { ...mtls.listen, tls: listen.tls, certificates: true }
    servings.push(await serving(certified, place, { onFault: fault }))
  }
  hear = reload
  say(`listening on ${listen.host}:${listen.port} as ${config.issuer}`)

  let since: number | undefined
  const end = async (): Promise<void> => {
    // Ctrl-C reaches every process of a terminal, and so does what their parent sends: that is one wish, not two.
    if (since !== undefined && Date.now() - since > impatience) process.exit(1)
    if (since !== undefined) return
    since = Date.now()
    await Promise.all(servings.map(each => each.close()))
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
  const listening = new WeakSet<Worker>()
  cluster.on('listening', worker => listening.add(worker))
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
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) {
      const pass = () => worker?.process.kill('SIGHUP')
      // One that is starting yet may have read the file, and not hear.
      if (worker && listening.has(worker)) pass()
      else worker?.once('listening', pass)
    }
  })
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
  const told = [ConfigError, ClientsError, DatabaseError].some(each => fault instanceof each)
  const { message, stack } = fault instanceof Error ? fault : { message: String(fault), stack: undefined }
  process.stderr.write(`${told ? message : (stack ?? message)}\n`)
  process.exit(1)
}
