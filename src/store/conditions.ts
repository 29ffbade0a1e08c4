import type { Declaration, Doc, Where } from './collection.ts'

/** One question about one field. */
export interface Asked {
  field: string
  by: 'is' | 'lt' | 'gte' | 'in'
  /** For `is`, undefined asks that the field be absent; for `in`, a list. */
  value: unknown
}

const operators = new Set(['lt', 'gte', 'in'])

/** Spells a filter out as a list of questions. Throws TypeError where a bound is undefined: it would ask for too much. */
export function questions<T>(where: Where<T> = {}): Asked[] {
  return Object.entries(where).flatMap(([field, condition]): Asked[] => {
    if (!isRange(condition)) return [{ field, by: 'is', value: condition ?? undefined }]
    return Object.entries(condition).map(([by, value]) => {
      if (value === undefined || value === null) throw new TypeError(`${field}: ${by} has no value`)
      if (by === 'in' && !Array.isArray(value)) throw new TypeError(`${field}: in wants a list`)
      return { field, by: by as Asked['by'], value }
    })
  })
}

function isRange(condition: unknown): condition is Record<string, unknown> {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) return false
  const keys = Object.keys(condition)
  return keys.length > 0 && keys.every(key => operators.has(key))
}

/** Tells whether a document meets all questions. Objects are compared as JSON text, so that the order of their keys counts, as in MongoDB. */
export function meets(doc: object, asked: readonly Asked[]): boolean {
  return asked.every(({ field, by, value }) => {
    const own: unknown = (doc as Record<string, unknown>)[field] ?? undefined
    if (by === 'is') return same(own, value)
    if (by === 'in') return (value as unknown[]).some(each => same(own, each ?? undefined))
    if (typeof own !== typeof value) return false
    return by === 'lt' ? below(own, value) : !below(own, value)
  })
}

function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other
  return JSON.stringify(one) === JSON.stringify(other)
}

// UTF-8 orders text by code point, as all engines do; JavaScript's `<` orders it by code unit.
function below(one: unknown, other: unknown): boolean {
  if (typeof one === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other as string)) < 0
  return (one as number) < (other as number)
}

/** What a declaration lets one ask for. */
export interface Askable {
  /** Every unique or indexed field but the id. */
  fields: readonly string[]
  unique: readonly string[]
  /** Each index's fields, those of unique ones left out. */
  indexes: readonly (readonly string[])[]
  /** Throws TypeError unless an index serves the filter and the order, and the limit is a count. */
  check(asked: readonly Asked[], by?: string, limit?: number): void
}

/** Reads a declaration once. Throws TypeError where it declares what no engine can keep. */
export function askable<T extends Doc>(declaration: Declaration<T>): Askable {
  const { name } = declaration
  const unique: readonly string[] = declaration.unique ?? []
  const lists = (declaration.indexes ?? []).map(index => (typeof index === 'string' ? [index] : [...index]) as string[])
  const indexes = lists.filter(([first = '', ...more]) => more.length > 0 || !unique.includes(first))
  const leading = new Set(['id', ...unique, ...indexes.map(index => index[0] ?? '')])
  const known = new Set([...leading, ...indexes.flat()])
  const odd = [name, ...known].find(word => !/^[A-Za-z][\w-]*$/.test(word))
  if (odd !== undefined) throw new TypeError(`${name}: ${odd} is not a plain word`)
  return {
    fields: [...known].filter(field => field !== 'id'),
    unique,
    indexes,
    check(asked, by = 'id', limit = 1) {
      const strange = [...asked.map(({ field }) => field), by].find(field => !known.has(field))
      if (strange !== undefined) throw new TypeError(`${name}: ${strange} is not indexed`)
      if (asked.length > 0 && !asked.some(({ field }) => leading.has(field))) {
        throw new TypeError(`${name}: no index begins with a field asked for`)
      }
      for (const { field, by, value } of asked) {
        for (const each of by === 'in' ? (value as unknown[]) : [value]) scalar(field, each)
      }
      if (!Number.isInteger(limit) || limit < 1) throw new TypeError(`${name}: a limit is a whole number from 1`)
    },
  }
}

/** The value of an indexed field as engines keep it: text, a number, a truth value, or nothing. Throws TypeError for any other. */
export function scalar(field: string, value: unknown): string | number | boolean | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value))
    return value as string | number | boolean
  throw new TypeError(`${field}: an indexed field holds text, a number or a truth value`)
}
