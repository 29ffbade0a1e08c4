import type { Collection, Declaration, Doc, Store } from '../../src/store/collection.ts'

/** A store that breaks at one of its calls: before the call touches the engine, or after it did and before the answer arrives. */
export interface Failing {
  store: Store
  /** From now on, the call with this number fails (and, with `dead`, every one after it, as if the process had died). */
  failAt(call: number, how: { after: boolean; dead: boolean }): void
  /** Works again. */
  heal(): void
  /** How many calls there were since `failAt` or `heal`. */
  calls(): number
}

export class Broken extends Error {}

export function failing(store: Store): Failing {
  let calls = 0
  let at = Number.POSITIVE_INFINITY
  let mode = { after: false, dead: false }
  const touch = async <R>(inner: () => Promise<R>): Promise<R> => {
    const own = calls++
    if (own > at && mode.dead) throw new Broken('the store is away')
    if (own !== at) return inner()
    if (mode.after) await inner()
    throw new Broken('the store failed')
  }
  return {
    store: {
      ...store,
      collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
        const inner = store.collection(declaration)
        return {
          insert: doc => touch(() => inner.insert(doc)),
          put: doc => touch(() => inner.put(doc)),
          get: id => touch(() => inner.get(id)),
          find: (where, page) => touch(() => inner.find(where, page)),
          patch: (id, changes, when) => touch(() => inner.patch(id, changes, when)),
          count: (id, field, by, born) => touch(() => inner.count(id, field, by, born)),
          take: id => touch(() => inner.take(id)),
          remove: where => touch(() => inner.remove(where)),
        }
      },
    },
    failAt: (call, how) => {
      ;[calls, at, mode] = [0, call, how]
    },
    heal: () => {
      ;[calls, at] = [0, Number.POSITIVE_INFINITY]
    },
    calls: () => calls,
  }
}
