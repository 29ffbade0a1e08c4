import type { Collection, Declaration, Doc, Store } from '../../src/store/collection.ts'

/** A store, and what was declared on it. */
export interface Declared {
  through(store: Store): Store
  declarations: Map<string, Declaration<Doc>>
  /** The documents of a collection. */
  documents(name: string): Promise<Doc[]>
}

/** Notes every collection that is declared on a store. */
export function declared(): Declared {
  const declarations = new Map<string, Declaration<Doc>>()
  const collections = new Map<string, Collection<Doc>>()
  return {
    declarations,
    documents: async name => (await collections.get(name)?.find({}, { limit: 10_000 })) ?? [],
    through: store => ({
      ...store,
      collection: declaration => {
        const made = store.collection(declaration)
        declarations.set(declaration.name, declaration as unknown as Declaration<Doc>)
        collections.set(declaration.name, made as unknown as Collection<Doc>)
        return made
      },
    }),
  }
}
