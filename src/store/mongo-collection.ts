import mongoose from 'mongoose'
import { Problem } from '../errors.ts'
import { type Collection, Conflict, type Declaration, type Doc, type Page } from './collection.ts'
import { type Askable, questions, scalar } from './conditions.ts'
import { beyond, expired, field, fromRaw, live, matching, type Raw, toRaw } from './mongo-shape.ts'

/** The few calls of the driver that are made, on documents whose id is text. */
export type Native = mongoose.mongo.Collection<Raw & { _id: string }>

/** Milliseconds after which nobody waits for an operation any longer: a server that hangs must not hang everybody with it. */
const PATIENCE = 4_000
/** Beyond so many races lost in a row, something is wrong with the database. */
const TRIES = 20
const DUPLICATE = 11_000
const NOT_A_NUMBER = 14

const { MongoError, MongoServerError } = mongoose.mongo
const has = (fault: unknown, code: number): boolean => fault instanceof MongoServerError && fault.code === code

/** Runs a step; what the driver throws becomes Problem `unavailable`. */
export async function reaching<R>(step: () => Promise<R>): Promise<R> {
  try {
    return await step()
  } catch (fault) {
    if (has(fault, NOT_A_NUMBER)) throw new TypeError('only a number can be counted')
    if (!(fault instanceof MongoError || fault instanceof mongoose.Error)) throw fault
    throw new Problem('unavailable', { retryAfter: 1, cause: fault })
  }
}

/** Waits so long for an operation; throws Problem `unavailable` then. The driver has no such limit that counts for all that it does. */
async function within<R>(patience: number, operation: Promise<R>): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const cause = new Error(`the server did not answer in ${patience} ms`)
    timer = setTimeout(() => reject(new Problem('unavailable', { retryAfter: 1, cause })), patience)
  })
  try {
    return await Promise.race([operation, late])
  } finally {
    clearTimeout(timer)
  }
}

/** One collection on a MongoDB server. `ready` settles once its indexes are there. */
export function mongoCollection<T extends Doc>(
  native: Native,
  declaration: Declaration<T>,
  askable: Askable,
  now: () => number,
  ready: () => Promise<unknown>,
): Collection<T> {
  const { name, shape } = declaration
  const { unique } = askable
  const reach = <R>(step: () => Promise<R>): Promise<R> =>
    reaching(async () => {
      // No limit: an index on a large collection takes long.
      await ready()
      return within(PATIENCE, step())
    })

  const sound = (doc: T): Raw => {
    const fit = shape.parse(doc)
    checkIndexed(fit)
    return toRaw(fit)
  }
  const checkIndexed = (doc: object): void => {
    for (const each of askable.fields) scalar(each, (doc as Raw)[each])
  }

  /** Tries a write until no expired document is in its way; throws Conflict when a live one is. */
  const storing = async <R>(doc: Raw, fields: readonly string[], run: () => Promise<R>): Promise<R> => {
    for (let tries = 1; ; tries++) {
      try {
        return await run()
      } catch (fault) {
        if (!has(fault, DUPLICATE) || tries === TRIES) throw fault
        await makeRoom(doc, fields)
      }
    }
  }
  const makeRoom = async (doc: Raw, fields: readonly string[]): Promise<void> => {
    for (const each of fields) {
      const key = field(each)
      const value = doc[key]
      if (value === undefined || value === null) continue
      const others = key === '_id' ? { _id: value } : { [key]: { $eq: value }, _id: { $ne: doc._id } }
      const time = now()
      if (await native.findOne({ $and: [others, live(time)] } as object, { projection: { _id: 1 } }))
        throw new Conflict(name, each)
      await native.deleteMany({ $and: [others, expired(time)] } as object)
    }
  }

  return {
    insert: async doc => {
      const raw = sound(doc)
      await reach(() => storing(raw, ['id', ...unique], () => native.insertOne(raw as Raw & { _id: string })))
    },
    put: async doc => {
      const { _id, ...rest } = sound(doc)
      await reach(() =>
        storing({ _id, ...rest }, unique, () => native.replaceOne({ _id: doc.id }, rest, { upsert: true })),
      )
    },
    get: id =>
      reach(async () => {
        const raw = await native.findOne({ _id: id, ...live(now()) } as object)
        return raw ? fromRaw<T>(raw) : undefined
      }),
    find: async (where, { sort, limit = 100, after }: Page<T> = {}) => {
      const asked = questions(where)
      const by = sort?.by ?? 'id'
      const descending = sort?.descending ?? false
      askable.check(asked, by, limit)
      return reach(async () => {
        const filter = [matching(asked, now())]
        if (after !== undefined) {
          const last =
            by === 'id'
              ? { _id: after }
              : await native.findOne({ _id: after, ...live(now()) } as object, { projection: { [field(by)]: 1 } })
          if (last === null) throw new Problem('not_found')
          filter.push(beyond(by, descending, after, (last as Raw)[field(by)] ?? null))
        }
        const way = descending ? -1 : 1
        const found = native.find({ $and: filter } as object, { sort: { [field(by)]: way, _id: way }, limit })
        return (await found.toArray()).map(raw => fromRaw<T>(raw))
      })
    },
    patch: async (id, changes, when) => {
      const asked = questions(when)
      if ((changes.id ?? id) !== id) throw new TypeError(`${name}: an id does not change`)
      const { id: _, ...rest } = changes
      checkIndexed(rest)
      const $set = toRaw(rest)
      const gone = Object.entries(rest).filter(([, value]) => value === undefined)
      const $unset = Object.fromEntries(gone.map(([key]) => [field(key), 1 as const]))
      const update = { ...(Object.keys($set).length > 0 && { $set }), ...(gone.length > 0 && { $unset }) }
      return reach(() =>
        storing({ _id: id, ...$set }, unique, async () => {
          const filter = { $and: [{ _id: id }, matching(asked, now())] } as object
          // The driver refuses an update that changes nothing.
          const raw =
            Object.keys(update).length === 0
              ? await native.findOne(filter)
              : await native.findOneAndUpdate(filter, update as object, { returnDocument: 'after' })
          return raw ? fromRaw<T>(raw) : undefined
        }),
      )
    },
    count: async (id, counted, by, born) => {
      const start = Number((born as Raw)[counted] ?? 0) + by
      const key = field(counted)
      return reach(async () => {
        let fresh: Raw | undefined
        return storing({ _id: id, ...toRaw(born) }, unique, async () => {
          const filter = { _id: id, ...live(now()) } as object
          const options = { returnDocument: 'after', projection: { [key]: 1 } } as const
          const raw = await native.findOneAndUpdate(filter, { $inc: { [key]: by } } as object, options)
          if (raw) return raw[key] as number
          fresh ??= sound({ ...born, id, [counted]: start })
          await native.deleteOne({ _id: id, ...expired(now()) } as object)
          await native.insertOne(fresh as Raw & { _id: string })
          return start
        })
      })
    },
    take: id =>
      reach(async () => {
        const raw = await native.findOneAndDelete({ _id: id, ...live(now()) } as object)
        return raw ? fromRaw<T>(raw) : undefined
      }),
    remove: async where => {
      const asked = questions(where)
      askable.check(asked)
      return reach(async () => (await native.deleteMany(matching(asked, now()) as object)).deletedCount)
    },
  }
}
