import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { app } from './clients.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'
import { loading } from './loading.ts'
import { measuredSecrets } from './people.ts'

/** Sessions that refresh side by side. */
const lines = 8
/** How long it runs between two kills, at most, in milliseconds. */
const between = 1_200

export interface Killed {
  kills: number
  /** What was acknowledged: sign-ins for the app, refreshes, and revocations. */
  acknowledged: { signIns: number; refreshes: number; revocations: number }
  /** Milliseconds from a kill until it was ready again, sorted. */
  restarts: number[]
  /** What was acknowledged and was not there afterwards, what was refused and should not be, and what the audit log lacks. */
  faults: string[]
}

interface Wanted {
  kills: number
  /** After when there is no further kill, as `performance.now` tells the time. */
  until?: number
  workers: number
  /** The URL of a fresh database; the embedded store unless told. */
  database?: string | undefined
  /** Is told of each kill. */
  onKill?(done: number): void
}

/**
 * Kills a Latchkey that is under load again and again, all of its processes at once, and compares what it had acknowledged with what is
 * there afterwards: each session goes on by the refresh token that its app has, what was revoked stays so, and the audit log is whole.
 */
export async function killing({
  kills,
  until = Number.POSITIVE_INFINITY,
  workers,
  database,
  onKill,
}: Wanted): Promise<Killed> {
  // A sign-in that a kill cuts short is begun anew by somebody else.
  const people = lines * 4 + kills * lines * 2
  const measured = await latchkey({ people, database, environment: { LATCHKEY_WORKERS: String(workers) } })
  const calls = caller(measured.url, app, lines * 2)
  const load = loading({ url: measured.url, calls, signIn: measured.refreshToken })
  const restarts: number[] = []
  try {
    const running = Array.from({ length: lines }, (_, line) => load.run(line))
    while (load.acknowledged.signIns < lines) await wait(20)
    for (let kill = 1; kill <= kills && performance.now() < until; kill++) {
      await wait(200 + Math.random() * (between - 200))
      load.pause()
      await measured.kill()
      const begun = performance.now()
      await measured.restart()
      restarts.push(performance.now() - begun)
      await load.revokedStayRevoked()
      load.goOn()
      onKill?.(kill)
    }
    await wait(between)
    load.stop()
    await Promise.all(running)
    await measured.stopServing()
    load.faults.push(...(await auditFaults(measured.store, load.acknowledged.signIns)))
  } finally {
    load.stop()
    await calls.close()
    await measured.stop()
  }
  restarts.sort((a, b) => a - b)
  return { kills: restarts.length, acknowledged: load.acknowledged, restarts, faults: load.faults }
}

/** Verifies the audit log, and counts the sessions that it says were started. */
export async function auditFaults(store: string, signIns: number): Promise<string[]> {
  const run = async (...words: string[]) => {
    const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const env = {
      ...process.env,
      LATCHKEY_STORE: store,
      LATCHKEY_SECRETS: measuredSecrets,
      LATCHKEY_CLIENTS: 'clients.json',
    }
    return promisify(execFile)(process.execPath, [cli, ...words], { env, maxBuffer: 1e9 })
  }
  try {
    await run('audit', 'verify')
    const { stdout } = await run('audit', 'export')
    const started = stdout.split('\n').filter(line => line.includes('"name":"session.started"')).length
    return started < signIns
      ? [`the audit log tells of ${started} sessions, and ${signIns} sign-ins were acknowledged`]
      : []
  } catch (fault) {
    return [`the audit log: ${fault} ${(fault as { stdout?: string }).stdout ?? ''}`]
  }
}
