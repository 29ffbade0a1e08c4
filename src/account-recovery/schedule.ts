import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { type Case, type Cases, lives, type State } from './cases.ts'

/** How long a process may work on a case before another takes it over, in milliseconds. */
const lease = 60_000

interface Services {
  cases: Cases
  mailReady: (found: Case) => Promise<void>
  emit: Emit
  /** How long an approved case waits, in milliseconds. */
  delay: number
  onFault: (fault: unknown) => void
  now: () => number
  /** Milliseconds between two rounds. */
  every?: number
}

/**
 * Tells owners about cases and moves cases on: the staff see no case before the account's owner was told of it, and the delay begins
 * only once the owner was told of the approval. Of several processes one does it; after a crash, another.
 */
export function schedule({ cases, mailReady, emit, delay, onFault, now, every = 1_000 }: Services) {
  /** Claims a case that is due; false when another process has it. */
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

  const one = async (found: Case, does: (found: Case) => Promise<Partial<Case>>) => {
    if (!(await claimed(found))) return
    const changes = await does(found)
    try {
      await cases.change(found.id, ({ state }) => {
        // It was cancelled in between, and stays cancelled.
        if (state !== found.state) throw new Problem('conflict')
        return { ...changes, lease: undefined }
      })
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault
    }
  }

  const each = async (state: State, is: (found: Case) => boolean, does: (found: Case) => Promise<Partial<Case>>) => {
    for await (const found of cases.in(state)) {
      // One failure does not hold up the others.
      if (is(found)) await one(found, does).catch(onFault)
    }
  }

  const always = () => true
  const round = async (): Promise<void> => {
    await each('sent', always, async ({ id, account }) => {
      await emit('identity.opened', { account, case: id })
      return { state: 'waiting' }
    })
    await each('agreed', always, async ({ id, account = '' }) => {
      await emit('identity.granted', { account, case: id })
      const until = now() + delay
      return { state: 'granted', until, expiresAt: until + lives.open }
    })
    const ready = ({ until = 0, readyAt }: Case) => until <= now() && readyAt === undefined
    await each('granted', ready, async found => {
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
    /** Starts a round now, or after the one under way. */
    wake,
    /** Starts the rounds; the returned function stops them and waits for the round under way. */
    start: (): (() => Promise<void>) => {
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
