import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { freePorts } from '../test/support/ports.ts'
import { children } from './child.ts'

const script = fileURLToPath(new URL('../test/support/postgres-server.sh', import.meta.url))

/** Starts a PostgreSQL and a standby that must have every write before it counts; both sync to disk unless told: a kill loses nothing by that. */
export async function postgresPair({ fsync = true }: { fsync?: boolean } = {}) {
  const [port = 0, other = 0] = await freePorts(2)
  const primary = await server(port, fsync)
  const standby = await server(other, fsync, port)
  await asked(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await asked(primary.url, 'SELECT pg_reload_conf()')
  const synced = async () =>
    (await asked(primary.url, 'SELECT sync_state FROM pg_stat_replication')).some(
      ({ sync_state }) => sync_state === 'sync',
    )
  while (!(await synced())) await wait(50)
  return {
    primary: primary.url,
    standby: standby.url,
    version: String((await asked(primary.url, 'SHOW server_version'))[0]?.server_version),
    /** Ends all processes of the primary by kill -9. */
    kill: async () => {
      const [folder] = await asked(primary.url, 'SHOW data_directory')
      const pid = Number(readFileSync(`${folder?.data_directory}/postmaster.pid`, 'utf8').split('\n')[0])
      for (const each of [pid, ...children(pid)]) {
        try {
          process.kill(each, 'SIGKILL')
        } catch {
          // It has ended by itself.
        }
      }
      await primary.ended
    },
    /** Makes the standby the one that is written to; resolves once it is. */
    promote: async () => void (await asked(standby.url, 'SELECT pg_promote(true, 60)')),
    stop: async () => {
      for (const each of [standby, primary]) await each.stop()
    },
  }
}

async function asked(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Starts one server, or a standby of the one at a port. */
async function server(port: number, fsync: boolean, primary?: number) {
  const words = [String(port), ...(primary === undefined ? [] : [String(primary)])]
  const child = spawn(script, words, {
    env: { ...process.env, POSTGRES_FSYNC: fsync ? 'on' : 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const leave = () => void child.kill('SIGTERM')
  process.once('exit', leave)
  const ended = once(child, 'exit').finally(() => process.off('exit', leave))
  let said = ''
  let complained = ''
  child.stderr.on('data', chunk => {
    complained += chunk
  })
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk
    if (/postgres:\S+\n/.test(said)) break
  }
  const [url] = /postgres:\S+/.exec(said) ?? []
  if (url === undefined) throw new Error(`PostgreSQL did not start: ${complained}`)
  child.stdout.resume()
  return {
    url,
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
