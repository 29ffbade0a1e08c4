import { expect } from 'chai'
import mongoose from 'mongoose'
import { z } from 'zod'
import type { Store } from '../../src/store/collection.ts'
import { openMongo } from '../../src/store/mongo.ts'
import { openStore } from '../../src/store/open.ts'
import { type Line, lineTo } from '../support/line.ts'
import { dropMongo, freshMongo } from '../support/store.ts'
import { contract } from './contract.ts'

const url = freshMongo()
if (url === undefined) console.log('  skipped: the store on MongoDB, because LATCHKEY_TEST_MONGO names no server')
else {
  contract('MongoDB', async now => {
    const fresh = freshMongo() as string
    const store = await openStore(fresh, { now, sweep: false })
    return { ...store, close: () => store.close().then(() => dropMongo(fresh)) }
  })
  describe('MongoDB', () => onServer(url))
}

function onServer(url: string): void {
  const shape = z.object({
    id: z.string(),
    email: z.string().optional(),
    account: z.string().optional(),
    at: z.number().optional(),
    expiresAt: z.number().optional(),
  })
  const declaration = {
    name: 'things',
    shape,
    unique: ['email'] as const,
    indexes: ['account', ['account', 'at'], 'email', 'expiresAt'] as const,
  }
  const telephone = (): Promise<Line> => lineTo(new URL(url), /\p{Cc}(hello|isMaster|ismaster)\p{Cc}/u)
  const stores: Store[] = []
  const open = async (at = url): Promise<Store> => {
    const store = await openMongo(at, { now: Date.now })
    stores.push(store)
    return store
  }
  const raw = async <R>(look: (things: mongoose.mongo.Collection) => Promise<R>): Promise<R> => {
    const connection = await mongoose.createConnection(url).asPromise()
    try {
      return await look(connection.collection('things') as unknown as mongoose.mongo.Collection)
    } finally {
      await connection.close()
    }
  }
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await dropMongo(url)
  })

  it('keeps an id as _id, and a time to expire as a date', async () => {
    const expiresAt = Date.now() + 60_000
    await (await open()).collection(declaration).insert({ id: 'a', at: 5, expiresAt })
    expect(await raw(things => things.findOne())).to.deep.equal({ _id: 'a', at: 5, expiresAt: new Date(expiresAt) })
  })

  it('makes plain indexes: unique ones sparse, and one by which the server itself sweeps', async () => {
    await (await open()).collection(declaration).insert({ id: 'a' })
    await (await open()).collection(declaration).insert({ id: 'b' })
    const made = (await raw(things => things.indexes())).map(({ key, unique, sparse, expireAfterSeconds }) => ({
      key: Object.keys(key).join(),
      ...(unique && { unique }),
      ...(sparse && { sparse }),
      ...(expireAfterSeconds !== undefined && { expireAfterSeconds: Number(expireAfterSeconds) }),
    }))
    expect(made).to.have.deep.members([
      { key: '_id' },
      { key: 'expiresAt', expireAfterSeconds: 0 },
      { key: 'email', unique: true, sparse: true },
      { key: 'account' },
      { key: 'account,at' },
    ])
  })

  it('asks for a majority and its journal with each write', async () => {
    const line = await telephone()
    const things = (await open(line.url)).collection(declaration)
    await things.insert({ id: 'a' })
    for (const act of [
      () => things.insert({ id: 'b' }),
      () => things.patch('b', { at: 1 }),
      () => things.take('b'),
      () => things.remove({}),
    ]) {
      const from = line.said().length
      await act()
      expect(line.said().slice(from)).to.include('majority\0\bj\0\u0001')
    }
    await line.cut()
  })

  it('says unavailable soon while no server is there', async () => {
    const since = performance.now()
    const fault = await openMongo('mongodb://127.0.0.1:1/x', { now: Date.now }).catch((thrown: unknown) => thrown)
    expect(fault).to.include({ code: 'unavailable', status: 503, retryAfter: 1 })
    expect(performance.now() - since).to.be.below(3_000)
  })

  it('says unavailable within five seconds while the server stalls, though it answers heartbeats', async () => {
    const line = await telephone()
    const things = (await open(line.url)).collection(declaration)
    await things.insert({ id: 'a' })
    line.stall(true)
    const since = performance.now()
    const stalled = await Promise.allSettled([
      things.get('a'),
      things.insert({ id: 'b' }),
      things.patch('a', { at: 1 }),
    ])
    for (const each of stalled)
      expect(each).to.have.nested.include({ status: 'rejected', 'reason.code': 'unavailable' })
    expect(performance.now() - since).to.be.below(5_000)
    line.stall(false)
    while (!(await things.get('a').catch(() => undefined)));
    await line.cut()
  })

  it('asks for no index where a collection has none, which servers refuse, and commands work without sweeping', async () => {
    const line = await telephone()
    const store = await openMongo(line.url, { now: Date.now, sweep: false })
    stores.push(store)
    const plain = store.collection({ name: 'plain', shape: z.object({ id: z.string() }) })
    await plain.insert({ id: 'a' })
    expect(await plain.get('a')).to.deep.equal({ id: 'a' })
    expect(line.said()).to.not.include('createIndexes')
    await store.collection(declaration).insert({ id: 'a' })
    expect(line.said()).to.include('createIndexes')
    await line.cut()
  })

  it('says unavailable while the server is away, and is well by itself within two seconds of its return', async () => {
    const line = await telephone()
    const store = await open(line.url)
    const things = store.collection(declaration)
    await things.insert({ id: 'a' })
    await line.cut()
    const away = await Promise.allSettled([things.get('a'), things.insert({ id: 'b' })])
    for (const each of away) expect(each).to.have.nested.include({ status: 'rejected', 'reason.code': 'unavailable' })
    await line.mend()
    const since = performance.now()
    while (!(await things.get('a').catch(() => undefined)));
    expect(performance.now() - since).to.be.below(2_000)
    await things.insert({ id: 'b' })
    await line.cut()
  })
}
