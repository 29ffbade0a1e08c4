import { setTimeout as wait } from 'node:timers/promises'
import { app } from './clients.ts'
import type { Caller } from './load.ts'

/** How many refreshes end in a revocation and a new sign-in: one in so many; and how many are followed by a look at userinfo. */
const revokes = 40
const looks = 4
/** Revoked tokens that are tried after each fault: the latest. */
const tried = 20

/** What came of one request: no status where there was no answer. */
export interface Outcome {
  status: number | undefined
  /** Milliseconds. */
  took: number
  fault?: unknown
}

interface Loaded {
  url: string
  calls: Caller
  /** Signs the next person in for the app; resolves to the refresh token, or throws when something was cut short. */
  signIn(): Promise<string>
  /** Statuses that say that a request may be repeated. */
  again?: readonly number[]
  onOutcome?(outcome: Outcome): void
}

/** Returns the status that an answer had; undefined where there was none. */
export const statusOf = (fault: unknown): number | undefined => {
  const [, status] = /answered (\d{3})/.exec(String(fault)) ?? []
  return status === undefined ? undefined : Number(status)
}

/** Keeps sessions going side by side, which sign in, refresh, look at userinfo and revoke, and tells what was acknowledged and what went wrong. */
export function loading({ url, calls, signIn, again = [503], onOutcome }: Loaded) {
  const acknowledged = { signIns: 0, refreshes: 0, looks: 0, revocations: 0 }
  const faults: string[] = []
  const revoked: string[] = []
  /** A token of each session that was spent long ago. */
  const spent: string[] = []
  const issued = new Set<string>()
  /** What each session has done so far. */
  const done: number[] = []
  let up = Promise.resolve()
  let open = () => {}
  let stopped = false

  /** Repeats what got no answer, or was told to come back, until it gets one. */
  const answered = async <R>(act: () => Promise<R>): Promise<R | undefined> => {
    while (!stopped) {
      await up
      const begun = performance.now()
      try {
        const answer = await act()
        onOutcome?.({ status: 200, took: performance.now() - begun })
        return answer
      } catch (fault) {
        const status = statusOf(fault)
        onOutcome?.({ status, took: performance.now() - begun, fault })
        if (status !== undefined && !again.includes(status)) throw fault
        await wait(5)
      }
    }
    return undefined
  }

  /** Takes up a refresh token that was not issued before. */
  const taken = (token: unknown): string => {
    if (issued.has(String(token))) faults.push('a refresh token was issued twice')
    issued.add(String(token))
    return String(token)
  }

  /** Signs somebody in. What is cut short is begun anew by somebody else: a code counts once. */
  const begin = async (): Promise<string | undefined> => {
    while (!stopped) {
      await up
      const token = await signIn().catch(() => undefined)
      if (token !== undefined) {
        acknowledged.signIns++
        return taken(token)
      }
      await wait(20)
    }
    return undefined
  }

  const run = async (line: number): Promise<void> => {
    let token = await begin()
    try {
      while (token !== undefined && !stopped) {
        done[line] = (done[line] ?? 0) + 1
        if (Math.random() < 1 / revokes) {
          const ended = token
          await answered(() => revoke(ended))
          if (stopped) return
          acknowledged.revocations++
          revoked.push(ended)
          token = await begin()
          continue
        }
        const look = Math.random() < 1 / looks
        const form = { grant_type: 'refresh_token', refresh_token: token, ...(look && { scope: 'openid' }) }
        const answer = await answered(() => calls.post('/token', form))
        if (!answer) return
        acknowledged.refreshes++
        spent[line] ??= token
        token = taken(answer.refresh_token)
        if (!look) continue
        await answered(() => calls.get('/userinfo', String(answer.access_token)))
        acknowledged.looks++
      }
    } catch (fault) {
      faults.push(`session ${line}: ${fault}`)
    }
  }

  const revoke = async (token: string): Promise<void> => {
    const basic = Buffer.from(`${app.client_id}:${app.client_secret}`).toString('base64')
    const answer = await fetch(`${url}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ token }),
    })
    await answer.text()
    const later = answer.headers.get('retry-after')
    if (!answer.ok) throw new Error(`the revocation answered ${answer.status}${later ? `; Retry-After: ${later}` : ''}`)
  }

  /** Shows tokens that are of no use any more: each must be refused. */
  const refused = async (tokens: readonly string[], which: string): Promise<void> => {
    for (const token of tokens) {
      const status = await calls
        .post('/token', { grant_type: 'refresh_token', refresh_token: token })
        .then(() => 200)
        .catch(statusOf)
      if (status !== 400) faults.push(`a ${which} token was answered ${status}`)
    }
  }

  return {
    run,
    acknowledged,
    faults,
    done,
    answered,
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
    /** Tries the latest tokens whose revocation was acknowledged. */
    revokedStayRevoked: () => refused(revoked.slice(-tried), 'revoked'),
    /** Tries the token of each session that was spent first; that ends the session, as it must. */
    spentStaySpent: () => refused(spent.filter(Boolean), 'spent'),
  }
}
