import cluster from 'node:cluster'
import { ClientsError } from './clients/declared.ts'
import { ConfigError, configure, secretsOf } from './config.ts'
import { Problem } from './errors.ts'
import { latchkey } from './latchkey.ts'
import { DatabaseError } from './risk/places.ts'
import { scrapes } from './scrapes.ts'
import { serving, type Unreadable } from './serving.ts'
import { StoreTooNew } from './store/migrations.ts'
import { openStore } from './store/open.ts'
import { onRetired } from './workers.ts'

/** Milliseconds after which a second signal stops it at once. */
const impatience = 1_000
/** Milliseconds that connections stay open for one more answer, so that no request meets one that just closed: while others take its place, as long as clients keep them. */
const linger = { SIGINT: 0, SIGTERM: 1_000, retired: 66_000 }

/** Serves until it is told to stop; a second signal, a while later, stops it at once. Throws ConfigError. */
export async function serve(): Promise<void> {
  const config = configure()
  let hear = async (): Promise<void> => {}
  process.on('SIGHUP', () => void hear())
  const store = await openStore(config.store, { now: Date.now })
  const colleagues = cluster.isWorker ? scrapes() : undefined
  const secrets = secretsOf(config)
  const { listener, certified, say, fault, refused, reload, figures, leave, stop } = await latchkey(config, {
    ...{ store, secrets, scrape: colleagues?.scrape },
  })
  const tellLast = colleagues?.tell(figures)
  const { listen, mtls } = config
  const onUnreadable = (each: Unreadable) => refused({ ...each, error: 'unreadable', method: '', path: '' })
  const hearing = { onFault: fault, onUnreadable }
  const servings = [await serving(listener, listen, hearing)]
  if (mtls?.listen) {
    const place = { ...mtls.listen, tls: listen.tls, certificates: true }
    servings.push(await serving(certified, place, hearing))
  }
  hear = async () => {
    for (const each of servings) each.reload()
    await reload()
  }
  say(`listening on ${listen.host}:${listen.port} as ${config.issuer}`)

  let since: number | undefined
  let finishing = false
  const finish = async (): Promise<void> => {
    if (finishing) return
    finishing = true
    await stop()
    await store.close()
    await tellLast?.()
    say('stopped')
    process.exit(0)
  }
  const end = async (why: keyof typeof linger): Promise<void> => {
    // Ctrl-C reaches every process of a terminal, and so does what their parent sends: that is one wish, not two.
    if (since !== undefined && Date.now() - since > impatience) process.exit(1)
    if (since !== undefined) return
    if (why !== 'retired') since = Date.now()
    leave()
    await Promise.all(servings.map(each => each.close(linger[why])))
    await finish()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(signal))
  onRetired(() => void end('retired'))
  process.on('SIGUSR2', () => {
    if (!colleagues) say('nothing is replaced: that takes LATCHKEY_WORKERS of 2 or more')
  })
}

/** Why it cannot start, in a line for each fault; with the stack where nobody foresaw it. */
export function reasonOf(fault: unknown): string {
  if (fault instanceof Problem && fault.code === 'unavailable') {
    const { cause } = fault
    return `LATCHKEY_STORE cannot be opened: ${cause instanceof Error ? cause.message : 'it cannot be reached'}`
  }
  if (!(fault instanceof Error)) return String(fault)
  const foreseen = [ConfigError, ClientsError, DatabaseError, StoreTooNew].some(each => fault instanceof each)
  return foreseen ? fault.message : (fault.stack ?? fault.message)
}
