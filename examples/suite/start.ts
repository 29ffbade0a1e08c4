import { fileURLToPath } from 'node:url'
import { ConfigError, configure } from '../../src/config.ts'
import { ClientsUnread, readClients } from './clients.ts'
import { launch } from './launch.ts'

/** `npm start`: the provider and its four relying parties, until Ctrl-C. */
async function start(): Promise<number> {
  const config = configure()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const { host, port } = config.listen
  const shown = !config.production && (config.mail.url === undefined || config.sms.url === undefined)
  return launch({
    issuer: config.issuer,
    at: { host, port },
    clients: readClients(config.clients),
    provider: [fileURLToPath(new URL('../../src/main.ts', import.meta.url))],
    outbox: shown ? `${config.issuer}/dev/outbox` : undefined,
    say: text => void process.stdout.write(`${text}\n`),
    complain: text => void process.stderr.write(`${text}\n`),
    signal: stop.signal,
  })
}

try {
  process.exitCode = await start()
} catch (fault) {
  const told = fault instanceof ConfigError || fault instanceof ClientsUnread
  process.stderr.write(`${told ? fault.message : fault instanceof Error ? fault.stack : fault}\n`)
  process.exitCode = 1
}
