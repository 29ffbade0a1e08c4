import type { Collection, Declaration, Doc, Store } from './collection.ts'

/** Hears of a call of the store: how long it took in milliseconds, and how it failed where it did. */
export type Heard = (verb: keyof Collection<Doc>, took: number, fault?: unknown) => void

/**
 * Returns a store that does what another does and tells of each call once it is over. `clock` is in milliseconds. Every request that reads
 * goes through here, so that it adds one promise to a call and no more.
 */
export function timed(store: Store, heard: Heard, clock = () => performance.now()): Store {
  const told = <R>(verb: keyof Collection<Doc>, begun: number, calling: Promise<R>): Promise<R> =>
    calling.then(
      result => {
        heard(verb, clock() - begun)
        return result
      },
      fault => {
        heard(verb, clock() - begun, fault)
        throw fault
      },
    )
  return {
    ...store,
    collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
      const inner = store.collection(declaration)
      return {
        insert: (doc, transient) => told('insert', clock(), inner.insert(doc, transient)),
        put: (doc, transient) => told('put', clock(), inner.put(doc, transient)),
        get: id => told('get', clock(), inner.get(id)),
        find: (...asked) => told('find', clock(), inner.find(...asked)),
        patch: (id, changes, when) => told('patch', clock(), inner.patch(id, changes, when)),
        count: (...given) => told('count', clock(), inner.count(...given)),
        take: id => told('take', clock(), inner.take(id)),
        remove: where => told('remove', clock(), inner.remove(where)),
      }
    },
  }
}
