import type { Collection, Declaration, Doc, Store } from './collection.ts'

/** Hears of a call of the store: how long it took in milliseconds, and how it failed where it did. */
type Heard = (verb: keyof Collection<Doc>, took: number, fault?: unknown) => void

/** Returns a store that does what another does and tells of each call once it is over. `clock` is in milliseconds. */
export function timed(store: Store, heard: Heard, clock = () => performance.now()): Store {
  const call = async <R>(verb: keyof Collection<Doc>, act: () => Promise<R>): Promise<R> => {
    const begun = clock()
    try {
      const result = await act()
      heard(verb, clock() - begun)
      return result
    } catch (fault) {
      heard(verb, clock() - begun, fault)
      throw fault
    }
  }
  return {
    ...store,
    collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
      const inner = store.collection(declaration)
      return {
        insert: (doc, transient) => call('insert', () => inner.insert(doc, transient)),
        put: (doc, transient) => call('put', () => inner.put(doc, transient)),
        get: id => call('get', () => inner.get(id)),
        find: (...asked) => call('find', () => inner.find(...asked)),
        patch: (id, changes, when) => call('patch', () => inner.patch(id, changes, when)),
        count: (...given) => call('count', () => inner.count(...given)),
        take: id => call('take', () => inner.take(id)),
        remove: where => call('remove', () => inner.remove(where)),
      }
    },
  }
}
