import mongoose from 'mongoose'
import type { Collection, Declaration, Doc, Opening, Store } from './collection.ts'
import { type Askable, askable } from './conditions.ts'
import { mongoCollection, type Native, reaching } from './mongo-collection.ts'
import { field, namesOf } from './mongo-shape.ts'

/**
 * Opens a MongoDB server. A write is acknowledged once a majority has it in its journal. Throws Problem `unavailable`
 * while the server cannot be reached, after about two seconds, or hangs, after four, and is well again by itself when the server is.
 */
export async function openMongo(url: string, { now, sweep = true }: Opening): Promise<Store> {
  const connection = mongoose.createConnection(url, {
    serverSelectionTimeoutMS: 2_000,
    connectTimeoutMS: 2_000,
    waitQueueTimeoutMS: 2_000,
    heartbeatFrequencyMS: 2_000,
    w: 'majority',
    journal: true,
    readPreference: 'primary',
    bufferCommands: false,
    autoIndex: false,
    autoCreate: false,
  })
  await reaching(() => connection.asPromise())
  const collections = new Map<unknown, unknown>()

  return {
    collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
      const known = collections.get(declaration)
      if (known) return known as Collection<T>
      const asks = askable(declaration)
      const native = connection.collection(declaration.name) as unknown as Native
      // Servers refuse an empty list.
      const make = async (wanted: mongoose.mongo.IndexDescription[]): Promise<unknown> =>
        wanted.length === 0 ? undefined : native.createIndexes(wanted)
      let indexing: Promise<unknown> | undefined
      const indexed = (): Promise<unknown> => {
        indexing ??= make(indexes(asks, sweep)).catch(fault => {
          indexing = undefined
          throw fault
        })
        return indexing
      }
      const made = mongoCollection(native, declaration, asks, now, indexed)
      collections.set(declaration, made)
      return made
    },
    commitsTogether: false,
    names: () => reaching(async () => namesOf(await connection.listCollections())),
    close: () => connection.close(),
  }
}

// Sparse: an absent value is no value, and takes no place. The server's own sweep goes by its own clock.
function indexes({ unique, indexes }: Askable, sweep: boolean): mongoose.mongo.IndexDescription[] {
  const alone = indexes.filter(index => index.join() !== 'expiresAt')
  return [
    // Who does not sweep leaves it to others: of two indexes on one field, one that sweeps and one that does not, the server refuses the second.
    ...(sweep ? [{ key: { expiresAt: 1 as const }, expireAfterSeconds: 0 }] : []),
    ...unique.map(each => ({ key: { [field(each)]: 1 as const }, unique: true, sparse: true })),
    ...alone.map(index => ({ key: new Map(index.map(each => [field(each), 1 as const])) })),
  ]
}
