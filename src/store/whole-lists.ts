import type { Collection, Doc, Where } from './collection.ts'

/** Documents read at a time. */
const stride = 500

/** Every document that meets a filter, in the order of their ids, read a page at a time: however many there are, none is left out. */
export async function* every<T extends Doc>(
  collection: Pick<Collection<T>, 'find'>,
  where: Where<T>,
  atOnce = stride,
): AsyncGenerator<T> {
  for (let after: string | undefined; ; ) {
    const found = await collection.find(where, { limit: atOnce, ...(after !== undefined && { after }) })
    yield* found
    if (found.length < atOnce) return
    after = found.at(-1)?.id
  }
}

/** All documents that meet a filter, in the order of their ids. */
export async function allOf<T extends Doc>(collection: Pick<Collection<T>, 'find'>, where: Where<T>): Promise<T[]> {
  const found = await collection.find(where, { limit: stride })
  for (let read = found.length; read === stride; ) {
    const page = await collection.find(where, { limit: stride, after: found.at(-1)?.id })
    found.push(...page)
    read = page.length
  }
  return found
}
