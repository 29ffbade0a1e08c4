import type { Collection, Doc, Store } from '../../src/store/collection.ts'

/** The same store, and all that was ever written to it, as text: what a thief of any copy of it would read. */
export function watched(store: Store): { store: Store; written(): string } {
  const seen: unknown[] = []
  const note = <T>(doc: T): T => {
    seen.push(structuredClone(doc))
    return doc
  }
  return {
    written: () => JSON.stringify(seen),
    store: {
      ...store,
      collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
        const inner = store.collection(declaration)
        return {
          ...inner,
          insert: doc => inner.insert(note(doc)),
          put: doc => inner.put(note(doc)),
          patch: (id, changes, when) => inner.patch(id, note(changes), when),
          count: (id, field, by, born) => inner.count(id, field, by, note(born)),
        }
      },
    },
  }
}
