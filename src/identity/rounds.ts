import { Problem } from '../errors.ts'
import type { Record } from '../events.ts'
import { type Case, type Cases, lives } from './cases.ts'

/** How long one process has for what is due before another takes it over, in milliseconds. */
const lease = 60_000

interface Services {
  cases: Cases
  mailReady: (found: Case) => Promise<void>
  record: Record
  /** How long a case that was agreed to waits, in milliseconds. */
  delay: number
  onFault: (fault: unknown) => void
  now: () => number
  /** Milliseconds between two rounds. */
  every?: number
}

/** What happens to cases by itself. */
export interface Rounds {
  /** Makes a round now, or after the one under way. */
  wake(): void
  /** Begins; what it returns stops, once the round under way is through. */
  start(): () => Promise<void>
}

/**
 * Tells owners, and lets what waits go on: no case gets to the staff before its account's owner was told of it, and the delay
 * begins once they were told that it is agreed to. Of several processes one does it; after a crash, another.
 */
export function rounds({ cases, mailReady, record, delay, onFault, now, every = 1_000 }: Services): Rounds {
  /** Takes on what is due; false when another has it. */
  const claimed = async ({ id, state }: Case): Promise<boolean> => {
    try {
      await cases.change(id, found => {
        if (found.state !== state || (found.lease ?? 0) > now()) throw new Problem('conflict')
        return { lease: now() + lease }
      })
      return true
    } catch (fault) {
      if (fault instanceof Problem) return false
      throw fault
    }
  }

  const each = async (due: readonly Case[], does: (found: Case) => Promise<Partial<Case>>) => {
    for (const found of due) {
      if (!(await claimed(found))) continue
      const changes = await does(found)
      await cases
        .change(found.id, ({ state }) => {
          // Cancelled in between: it stays so.
          if (state !== found.state) throw new Problem('conflict')
          return { ...changes, lease: undefined }
        })
        .catch(fault => {
          if (!(fault instanceof Problem)) throw fault
        })
    }
  }

  const round = async (): Promise<void> => {
    await each(await cases.in('sent'), async ({ id, account }) => {
      await record('identity.opened', { account, case: id })
      return { state: 'waiting' }
    })
    await each(await cases.in('agreed'), async ({ id, account = '' }) => {
      await record('identity.granted', { account, case: id })
      const until = now() + delay
      return { state: 'granted', until, expiresAt: until + lives.open }
    })
    const granted = await cases.in('granted')
    const ready = granted.filter(({ until = 0, readyAt }) => until <= now() && readyAt === undefined)
    await each(ready, async found => {
      await mailReady(found)
      return { readyAt: now() }
    })
  }

  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let working = false
  const next = (): void => {
    running = running
      .then(round)
      .catch(onFault)
      .finally(() => {
        clearTimeout(timer)
        if (working) timer = setTimeout(next, every).unref()
      })
  }
  const wake = (): void => {
    if (!working) return
    clearTimeout(timer)
    next()
  }

  return {
    wake,
    start: () => {
      working = true
      next()
      return async () => {
        working = false
        clearTimeout(timer)
        await running
      }
    },
  }
}
