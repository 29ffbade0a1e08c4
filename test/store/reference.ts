import { Conflict, type Doc, type Page } from '../../src/store/collection.ts'

/** A document of the random programs. */
export interface Item extends Doc {
  mail?: string | undefined
  phone?: string | undefined
  owner?: string | undefined
  at?: number | undefined
  on?: boolean | undefined
  note?: string | undefined
}

/** One act of a program; the times in it are relative to the clock. */
export type Act =
  | { verb: 'insert' | 'put'; doc: Item }
  | { verb: 'get' | 'take'; id: string }
  | { verb: 'find'; where: object; page: Page<Item> }
  | { verb: 'patch'; id: string; changes: Partial<Item>; when: object }
  | { verb: 'count'; id: string; by: number; born: Item }
  | { verb: 'remove'; where: object }
  | { verb: 'pass'; ms: number }

type Field = keyof Item & string

const known = (doc: Item): Item =>
  Object.fromEntries(Object.entries(doc).filter(([, value]) => value !== undefined)) as unknown as Item

function meets(doc: Item, where: object): boolean {
  return Object.entries(where).every(([field, condition]) => {
    const value = doc[field as Field]
    if (typeof condition !== 'object') return value === condition
    if ('in' in condition) return (condition.in as unknown[]).includes(value)
    if (value === undefined) return false
    return !(value < condition.gte) && !(value >= condition.lt)
  })
}

/** The port in its plainest form, as what the engines are compared with: a map and a few loops. */
export function reference(now: () => number) {
  const docs = new Map<string, Item>()
  const alive = (doc: Item): boolean => doc.expiresAt === undefined || doc.expiresAt > now()
  const living = (): Item[] => [...docs.values()].filter(alive)
  const held = (id: string): Item | undefined => living().find(doc => doc.id === id)

  const free = (doc: Item): void => {
    for (const field of ['mail', 'phone'] as const) {
      if (doc[field] === undefined) continue
      for (const other of docs.values()) {
        if (other.id === doc.id || other[field] !== doc[field]) continue
        if (alive(other)) throw new Conflict('items', field)
        docs.delete(other.id)
      }
    }
  }
  const keep = (doc: Item): Item => {
    free(doc)
    docs.set(doc.id, known(doc))
    return known(doc)
  }
  const compare = (one: Item, other: Item, field: Field): number => {
    const [a, b] = [one[field], other[field]]
    if (a === b) return one.id < other.id ? -1 : 1
    if (a === undefined) return -1
    return b === undefined || a > b ? 1 : -1
  }
  const find = (where: object, { sort, limit = 100, after }: Page<Item>): Item[] => {
    const order = (one: Item, other: Item) => compare(one, other, sort?.by ?? 'id') * (sort?.descending ? -1 : 1)
    const from = after === undefined ? undefined : held(after)
    if (after !== undefined && from === undefined && (sort?.by ?? 'id') !== 'id')
      throw Object.assign(new Error(), { code: 'not_found' })
    const last = from ?? { id: after ?? '' }
    const found = living().filter(
      doc => meets(doc, where) && (after === undefined || (doc.id !== after && order(doc, last) > 0)),
    )
    return found.sort(order).slice(0, limit)
  }

  return (act: Act): unknown => {
    switch (act.verb) {
      case 'insert':
        if (held(act.doc.id)) throw new Conflict('items', 'id')
        return void keep(act.doc)
      case 'put':
        return void keep(act.doc)
      case 'get':
        return held(act.id)
      case 'find':
        return find(act.where, act.page)
      case 'patch': {
        const doc = held(act.id)
        return doc && meets(doc, act.when) ? keep({ ...doc, ...act.changes }) : undefined
      }
      case 'count': {
        const doc = held(act.id) ?? act.born
        return keep({ ...doc, at: (doc.at ?? 0) + act.by }).at
      }
      case 'take': {
        const doc = held(act.id)
        if (doc) docs.delete(act.id)
        return doc
      }
      case 'remove': {
        const gone = living().filter(doc => meets(doc, act.where))
        for (const doc of gone) docs.delete(doc.id)
        return gone.length
      }
    }
    return undefined
  }
}
