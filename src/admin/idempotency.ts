import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { claim, declare, type Store } from '../store/collection.ts'

/** How long an answer is repeated, in milliseconds. */
const kept = 24 * 3_600_000
/** How long a request may take: behind that, another with its key is made anew. */
const longest = 60_000

const shape = z.object({
  /** The digest of who asked and of the key that they chose. */
  id: z.string(),
  /** The digest of what was asked. */
  request: z.string(),
  /** Sealed, because it may hold a new secret; absent while the request is under way. */
  answer: z.string().optional(),
  expiresAt: z.number(),
})

/** Requests that were made with a key, and their answers. */
export const repeatsDeclaration = declare({ name: 'admin_requests', shape })

/** Returns the context that an answer is sealed in. */
export const repeatContext = ({ id }: { id: string }): string => `admin-request:${id}`

interface Asked {
  /** The client, and the person if the token is a person's: keys of others are of no use. */
  who: string
  /** The Idempotency-Key. */
  key: string
  /** The method, the path and the arguments. */
  request: string
}

/**
 * Returns a function that makes a request once, and repeats its answer for 24 hours to who sends it again with the same key. A request
 * that failed may be made anew. Throws `idempotency_key_reused` for another request, and `conflict` while the first is under way.
 */
export function idempotency({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }) {
  const requests = store.collection(repeatsDeclaration)

  return async <T>(asked: Asked, act: () => Promise<T>): Promise<T> => {
    const id = sha256(JSON.stringify([asked.who, asked.key]))
    const request = sha256(asked.request)
    if (!(await claim(requests, { id, request, expiresAt: now() + longest }))) {
      const found = await requests.get(id)
      if (found && found.request !== request) throw new Problem('idempotency_key_reused')
      if (found?.answer === undefined) throw new Problem('conflict', { retryAfter: 1 })
      return JSON.parse(sealer.open(found.answer, repeatContext({ id }))) as T
    }
    try {
      const done = await act()
      const answer = sealer.seal(JSON.stringify(done), repeatContext({ id }))
      await requests.patch(id, { answer, expiresAt: now() + kept })
      return done
    } catch (fault) {
      await requests.take(id)
      throw fault
    }
  }
}
