import type { Collection, Declaration, Doc, Store } from '../../src/store/collection.ts'

const verbs = ['insert', 'put', 'patch', 'count', 'take', 'remove'] as const

/** One write: to which collection, by which verb. */
export interface Written {
  collection: string
  verb: (typeof verbs)[number]
}

/** What was written at one stroke; `transient` waits for no disk. */
export interface Commit {
  transient: boolean
  writes: Written[]
}

/** The same store, and what was written to it since it was last asked, as the embedded engine commits it: by turns of the event loop. */
export function tallied(store: Store): { store: Store; since(): Commit[] } {
  let commits: Commit[] = []
  const open = new Map<boolean, Commit>()
  const note = (written: Written, transient: boolean): void => {
    if (open.size === 0) setImmediate(() => open.clear())
    const commit = open.get(transient) ?? { transient, writes: [] }
    if (!open.has(transient)) commits.push(commit)
    open.set(transient, commit)
    commit.writes.push(written)
  }
  return {
    since: () => {
      const all = commits
      commits = []
      return all
    },
    store: {
      ...store,
      collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
        const inner = store.collection(declaration)
        const noting = verbs.map(verb => [
          verb,
          (...given: never[]) => {
            const last = { insert: 1, put: 1, count: 4 }[verb as string]
            note({ collection: declaration.name, verb }, last !== undefined && (given as unknown[])[last] === true)
            return (inner[verb] as (...given: never[]) => Promise<unknown>)(...given)
          },
        ])
        return { ...inner, ...Object.fromEntries(noting) }
      },
    },
  }
}
