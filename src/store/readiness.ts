import { z } from 'zod'
import { declare, type Store } from './collection.ts'

const shape = z.object({ id: z.string(), at: z.number() })

const readinessDeclaration = declare({ name: 'readiness', shape })

/** Milliseconds that one write may take: load balancers give up soon after, and so do people. */
const patience = 2_000
/** Milliseconds for which a good answer holds, so that the probes of many monitors cost one write. */
const holds = 1_000

interface Surroundings {
  /** Milliseconds since the epoch. */
  now: () => number
  /** Hears why the store cannot be written, once for each time that it stops working. */
  onFault(fault: unknown): void
}

/**
 * Tells whether the store can be written at this moment, by writing to it: a full disk, a locked file and failing
 * commits all answer reads. Resolves to false when the write fails or takes longer than two seconds; never throws.
 */
export function readiness(store: Store, { now, onFault }: Surroundings): () => Promise<boolean> {
  const probes = store.collection(readinessDeclaration)
  let well = true
  let succeeded = Number.NEGATIVE_INFINITY
  let probing: Promise<boolean> | undefined

  const probe = async (): Promise<boolean> => {
    const at = now()
    try {
      await within(patience, probes.put({ id: 'probe', at }))
      well = true
      succeeded = at
    } catch (fault) {
      if (well) onFault(fault)
      well = false
    } finally {
      probing = undefined
    }
    return well
  }

  return async () => {
    const since = now() - succeeded
    // A clock that was set back says nothing about how old an answer is.
    if (well && since >= 0 && since < holds) return true
    probing ??= probe()
    return probing
  }
}

/** Waits so many milliseconds; what comes later is heard by nobody. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the store took too long to write')), milliseconds)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
