import type { Sealer } from '../crypto/seal.ts'
import { type Collection, type Declaration, type Doc, every, type Store } from '../store/collection.ts'

/** How a collection holds what is a person's. */
export interface Belonging<T extends Doc = Doc> {
  declaration: Declaration<T>
  /** The indexed field that names the account. */
  by: keyof T & string
  /** The fields that its owner is given in an export. */
  gives: readonly (keyof T & string)[]
  /** Those that they are not, and why. */
  withholds: Readonly<Record<string, string>>
  /** Opens what of it is sealed in the store and given to its owner. */
  open?: ((document: T, sealer: Sealer) => T) | undefined
}

/** Lists a collection as one that holds what is a person's. */
export function belonging<T extends Doc>(
  declaration: Declaration<T>,
  by: keyof T & string,
  gives: readonly (keyof T & string)[],
  withholds: Belonging<T>['withholds'] = {},
  open?: Belonging<T>['open'],
): Belonging {
  return { declaration, by, gives, withholds, open } as unknown as Belonging
}

/** Documents read at a time. */
const stride = 100

export type Belongings = ReturnType<typeof belongings>

/** All that a store holds of people, by the list of what does. */
export function belongings(store: Store, sealer: Sealer, list: readonly Belonging[]) {
  const kept = list.map(each => ({ ...each, collection: store.collection(each.declaration) as Collection<Doc> }))
  type Kept = (typeof kept)[number]

  async function* documents({ collection, by, gives, open }: Kept, account: string) {
    for await (const each of every(collection, { [by]: account }, stride))
      yield told(open ? open(each, sealer) : each, gives)
  }

  return {
    /** What is kept of an account and given to its owner, by collection, one document after the other. */
    of: (account: string) =>
      kept
        .filter(({ gives }) => gives.length > 0)
        .map(each => ({ name: each.declaration.name, documents: documents(each, account) })),
    /** Removes all of it, what is listed first last; may be done again. */
    erase: async (account: string): Promise<void> => {
      for (const { collection, by } of kept.toReversed()) await collection.remove({ [by]: account })
    },
  }
}

/** The fields that are given; moments as ISO 8601. */
function told(document: Doc, gives: readonly string[]): Record<string, unknown> {
  const entries = gives.map(field => [field, moment(field, (document as unknown as Record<string, unknown>)[field])])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

function moment(field: string, value: unknown): unknown {
  return typeof value === 'number' && /^(at|since|until)$|(At|Until)$/.test(field)
    ? new Date(value).toISOString()
    : value
}
