import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { app } from './clients.ts'
import { latchkey, type Measured, measuredSecrets } from './latchkey.ts'
import { type Caller, caller } from './load.ts'

/** Sessions that refresh side by side, and how many refreshes end in a revocation and a new sign-in: one in so many. */
const lines = 8
const revokes = 40
/** How long it runs between two kills, at most, in milliseconds. */
const between = 1_200
/** Revoked tokens that are tried after each kill: the latest. */
const tried = 20

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
  workers: number
  /** The URL of a fresh database; the embedded store unless told. */
  database?: string | undefined
  /** Is told of each kill. */
  onKill?(done: number): void
}

/** The status that an answer had; undefined where there was none. */
const statusOf = (fault: unknown): number | undefined => {
  const [, status] = /answered (\d{3})/.exec(String(fault)) ?? []
  return status === undefined ? undefined : Number(status)
}

/**
 * Kills a Latchkey that is under load again and again, all of its processes at once, and compares what it had acknowledged with what is
 * there afterwards: each session goes on by the refresh token that its app has, what was revoked stays so, and the audit log is whole.
 */
export async function killing({ kills, workers, database, onKill }: Wanted): Promise<Killed> {
  // A sign-in that a kill cuts short is begun anew by somebody else.
  const people = lines * 4 + kills * lines * 2
  const measured = await latchkey({ people, database, environment: { LATCHKEY_WORKERS: String(workers) } })
  const calls = caller(measured.url, app, lines * 2)
  const load = loading(measured, calls)
  const restarts: number[] = []
  try {
    const running = Array.from({ length: lines }, (_, line) => load.run(line))
    while (load.acknowledged.signIns < lines) await wait(20)
    for (let kill = 1; kill <= kills; kill++) {
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
  return { kills, acknowledged: load.acknowledged, restarts, faults: load.faults }
}

function loading(measured: Measured, calls: Caller) {
  const acknowledged = { signIns: 0, refreshes: 0, revocations: 0 }
  const faults: string[] = []
  const revoked: string[] = []
  let up = Promise.resolve()
  let open = () => {}
  let stopped = false

  /** Repeats what got no answer, or was told to come back, until it gets one. */
  const answered = async <R>(act: () => Promise<R>): Promise<R | undefined> => {
    while (!stopped) {
      await up
      try {
        return await act()
      } catch (fault) {
        const status = statusOf(fault)
        if (status !== undefined && status !== 503) throw fault
        await wait(5)
      }
    }
    return undefined
  }

  /** Signs somebody in for the app. What is cut short is begun anew by somebody else: a code counts once. */
  const signIn = async (): Promise<string | undefined> => {
    for (let tries = 0; !stopped && tries < 20; tries++) {
      await up
      const token = await measured.refreshToken().catch(() => undefined)
      if (token !== undefined) {
        acknowledged.signIns++
        return token
      }
      await wait(20)
    }
    return undefined
  }

  const run = async (line: number): Promise<void> => {
    let token = await signIn()
    try {
      while (token !== undefined && !stopped) {
        if (Math.random() < 1 / revokes) {
          const ended = token
          await answered(() => revoke(ended))
          if (stopped) return
          acknowledged.revocations++
          revoked.push(ended)
          token = await signIn()
          continue
        }
        const shown: string = token
        const answer = await answered(() => calls.post('/token', { grant_type: 'refresh_token', refresh_token: shown }))
        if (!answer) return
        acknowledged.refreshes++
        token = String(answer.refresh_token)
      }
    } catch (fault) {
      faults.push(`session ${line}: ${fault}`)
    }
  }

  const revoke = async (token: string): Promise<void> => {
    const basic = Buffer.from(`${app.client_id}:${app.client_secret}`).toString('base64')
    const answer = await fetch(`${measured.url}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ token }),
    })
    if (!answer.ok) throw new Error(`the revocation answered ${answer.status}`)
  }

  return {
    run,
    acknowledged,
    faults,
    /** Sends nothing more until `goOn`. */
    pause: () => {
      up = new Promise(resolve => {
        open = resolve
      })
    },
    goOn: () => open(),
    stop: () => {
      stopped = true
      open()
    },
    /** Tries the latest tokens whose revocation was acknowledged: each must be refused. */
    revokedStayRevoked: async (): Promise<void> => {
      for (const token of revoked.slice(-tried)) {
        const status = await calls
          .post('/token', { grant_type: 'refresh_token', refresh_token: token })
          .then(() => 200)
          .catch(statusOf)
        if (status !== 400) faults.push(`a revoked token was answered ${status}`)
      }
    },
  }
}

/** Verifies the audit log, and counts the sessions that it says were started. */
async function auditFaults(store: string, signIns: number): Promise<string[]> {
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
    return [`the audit log: ${fault}`]
  }
}
