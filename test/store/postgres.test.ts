import { once } from 'node:events'
import { expect } from 'chai'
import pg from 'pg'
import { z } from 'zod'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { openPostgres, sweepTable } from '../../src/store/postgres.ts'
import { lineTo } from '../support/line.ts'
import { dropPostgres, freshPostgres } from '../support/store.ts'
import { contract } from './contract.ts'
import { refusal } from './ground.ts'
import { killAtRandom, write } from './killing.ts'
import { tally } from './writer.ts'

const url = freshPostgres()
if (url === undefined) console.log('  skipped: the store on PostgreSQL, because LATCHKEY_TEST_POSTGRES names no server')
else {
  contract('PostgreSQL', async now => {
    const fresh = freshPostgres() as string
    const store = await openStore(fresh, { now, sweep: false })
    return { ...store, close: () => store.close().then(() => dropPostgres(fresh)) }
  })
  describe('PostgreSQL', () => onServer(url))
}

function onServer(url: string): void {
  const shape = z.object({
    id: z.string(),
    email: z.string().optional(),
    account: z.string().optional(),
    at: z.number().optional(),
    note: z.string().optional(),
    expiresAt: z.number().optional(),
  })
  const declaration = {
    name: 'things',
    shape,
    unique: ['email'] as const,
    indexes: ['account', ['account', 'at'], 'expiresAt'] as const,
  }
  const stores: Store[] = []
  const open = async (at = url): Promise<Store> => {
    const store = await openPostgres(at, { now: Date.now, sweep: false })
    stores.push(store)
    return store
  }
  const asked = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  const option = (more: string): string => {
    const changed = new URL(url)
    changed.searchParams.set('options', `${changed.searchParams.get('options')} ${more}`)
    return changed.href
  }
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await dropPostgres(url)
  })

  it('keeps a document as jsonb that people can query, and the time to expire beside it', async () => {
    const things = (await open()).collection(declaration)
    await things.insert({ id: 'a', email: 'ada@example.com', at: -1.5, expiresAt: 4_000_000_000_000 })
    expect(
      await asked("SELECT id, doc ->> 'email' AS email, (doc -> 'at')::float8 AS at, expires FROM things"),
    ).to.deep.equal([{ id: 'a', email: 'ada@example.com', at: -1.5, expires: 4_000_000_000_000 }])
  })

  it('gives every number and text its place in an order', async () => {
    const things = (await open()).collection(declaration)
    const numbers = [-1e300, -5, -1.5, -1e-9, 0, 5e-324, 0.1, 2, 1_700_000_000_000, 1e300]
    await Promise.all(numbers.map((at, n) => things.insert({ id: `n${n}`, account: 'x', at })))
    const sorted = await things.find({ account: 'x' }, { sort: { by: 'at' } })
    expect(sorted.map(each => each.at)).to.deep.equal(numbers)
    for (const at of numbers) expect(await things.find({ account: 'x', at })).to.have.length(1)
    const texts = ['', '\0', '\0a', '\u0001', 'Z', 'a', 'é', '\ue000', '𝒳']
    await Promise.all(texts.map((account, n) => things.insert({ id: `t${n}\0\u0001\ud800`, account: `y${account}` })))
    const found = await things.find({ account: { gte: 'y' } }, { sort: { by: 'account' } })
    expect(found.map(each => each.account?.slice(1))).to.deep.equal(texts)
    expect(await things.get('t0\0\u0001\ud800')).to.deep.include({ account: 'y' })
  })

  it('answers from an index', async () => {
    const things = (await open()).collection(declaration)
    await things.insert({ id: 'a' })
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      await client.query('SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off')
      const explained = async (sql: string) => JSON.stringify((await client.query(`EXPLAIN ${sql}`)).rows)
      for (const way of ['ASC NULLS FIRST, id ASC', 'DESC NULLS LAST, id DESC'])
        expect(
          await explained(`SELECT doc FROM things WHERE ".account" = 'sx' ORDER BY ".at" ${way} LIMIT 10`),
        ).to.include('things:account+at')
      expect(await explained(`SELECT doc FROM things WHERE ".email" = 'sx'`)).to.include('things:email!')
    } finally {
      await client.end()
    }
  })

  it('lets an older program and a newer one, which declares more, write to one table', async () => {
    const older = (await open()).collection({ name: 'things', shape })
    await older.insert({ id: 'a', account: 'x', email: 'e' })
    const newer = (await open()).collection(declaration)
    expect(await newer.find({ account: 'x' })).to.have.length(1)
    await older.insert({ id: 'b', account: 'x' })
    expect(await newer.find({ account: 'x' })).to.have.length(2)
    await newer.insert({ id: 'c', email: 'f' })
    expect(await newer.find({ email: 'f' })).to.deep.equal([{ id: 'c', email: 'f' }])
  })

  it('makes its tables once, when several programs start together', async () => {
    const together = await Promise.all([open(), open(), open(), open()])
    await Promise.all(together.map((store, n) => store.collection(declaration).insert({ id: `${n}` })))
    expect(await (together[0] as Store).collection(declaration).find({})).to.have.length(4)
  })

  it('opens where another program makes the same schema at this moment', async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const [{ path } = {}] = await asked("SELECT current_setting('search_path') AS path")
      await client.query(`BEGIN; CREATE SCHEMA ${path}`)
      const opening = open()
      while ((await asked("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")).length === 0);
      await client.query('COMMIT')
      await (await opening).collection(declaration).insert({ id: 'a' })
    } finally {
      await client.end()
    }
  })

  it('removes what has expired, in small steps, and nothing else', async () => {
    const things = (await open()).collection(declaration)
    await things.insert({ id: 'stays' })
    await things.insert({ id: 'lives', expiresAt: Date.now() + 60_000 })
    await asked(
      `INSERT INTO things (id, doc) SELECT 'x' || n, jsonb_build_object('id', 'x' || n, 'expiresAt', 1) FROM generate_series(1, 1200) n`,
    )
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const changes: number[] = []
    const query = async (sql: string, values: readonly unknown[]) => {
      const { rows, rowCount } = await client.query(sql, [...values])
      changes.push(rowCount ?? 0)
      return { rows, changed: rowCount ?? 0 }
    }
    await sweepTable({ name: 'things', ready: async () => {} }, query, Date.now, new AbortController().signal)
    await client.end()
    expect(changes).to.deep.equal([500, 500, 200])
    expect(await asked('SELECT id FROM things ORDER BY id')).to.deep.equal([{ id: 'lives' }, { id: 'stays' }])
  })

  it('refuses a database that acknowledges before it has written, and one whose schema cannot be told', async () => {
    const said = async (more: string) => String(await refusal(open(option(more))))
    expect(await said('-c synchronous_commit=off')).to.include('(synchronous_commit is off): set it to on')
    expect(await said('-c search_path=No-such')).to.include('no schema of its search_path')
  })

  it('puts no name into a statement that is not a plain word', async () => {
    const things = (await open()).collection(declaration)
    await things.insert({ id: 'a' })
    const when = { "note') OR true OR ('1": undefined }
    expect(await refusal(things.patch('a', { at: 1 }, when as object))).to.be.instanceOf(TypeError)
    expect(await things.get('a')).to.deep.equal({ id: 'a' })
  })

  it('waits for the disk with what lasts, and not with what is added or counted as transient', async () => {
    const kept = (await open()).collection({ ...tally, name: 'added' })
    await kept.get('x')
    await asked(`CREATE TABLE waited (transient boolean, how text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO waited VALUES (NEW.id LIKE 't%', current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE TRIGGER noting AFTER INSERT OR UPDATE ON added FOR EACH ROW EXECUTE FUNCTION note()`)
    const ids = Array.from({ length: 8 }, (_, n) => n)
    const adding = ids.map(n => Promise.all([kept.insert({ id: `t${n}`, n }, true), kept.put({ id: `l${n}`, n })]))
    const counting = (id: string, transient: boolean) => ids.map(() => kept.count(id, 'n', 1, { id, n: 0 }, transient))
    await Promise.all([...adding, ...counting('t', true), ...counting('l', false)])
    const seen = await asked('SELECT transient, how, count(*)::int AS times FROM waited GROUP BY 1, 2 ORDER BY 1')
    expect(seen).to.deep.equal([
      { transient: false, how: 'on', times: 16 },
      { transient: true, how: 'off', times: 16 },
    ])
  })

  it('says unavailable soon while no server is there', async () => {
    const since = performance.now()
    const fault = await refusal(openPostgres('postgres://127.0.0.1:1/x', { now: Date.now }))
    expect(fault).to.include({ code: 'unavailable', status: 503, retryAfter: 1 })
    expect(performance.now() - since).to.be.below(3_000)
  })

  it('says unavailable within five seconds while the server stalls, and works by itself once it does not', async () => {
    const line = await lineTo(new URL(url))
    const things = (await open(line.url)).collection(declaration)
    await things.insert({ id: 'a' })
    line.stall(true)
    const since = performance.now()
    const acts = [things.get('a'), things.insert({ id: 'b' }), things.patch('a', { at: 1 })]
    for (const each of await Promise.allSettled(acts))
      expect(each).to.have.nested.include({ status: 'rejected', 'reason.code': 'unavailable' })
    expect(performance.now() - since).to.be.below(5_000)
    line.stall(false)
    expect(await things.get('a')).to.include({ id: 'a' })
    await line.cut()
  })

  it('says unavailable while the server is away, and works within two seconds of its return', async () => {
    const line = await lineTo(new URL(url))
    const things = (await open(line.url)).collection(declaration)
    await things.insert({ id: 'a' })
    await line.cut()
    for (const each of await Promise.allSettled([things.get('a'), things.insert({ id: 'b' })]))
      expect(each).to.have.nested.include({ status: 'rejected', 'reason.code': 'unavailable' })
    await line.mend()
    const since = performance.now()
    while (!(await things.get('a').catch(() => undefined)));
    expect(performance.now() - since).to.be.below(2_000)
    await things.insert({ id: 'b' })
    await line.cut()
  })

  it('works again after one answer that did not come, however many connections a network has forgotten', async () => {
    const line = await lineTo(new URL(url))
    const things = (await open(line.url)).collection(declaration)
    await things.insert({ id: 'a' })
    await Promise.all(Array.from({ length: 20 }, () => things.get('a')))
    line.lose()
    expect(await refusal(things.get('a'))).to.include({ code: 'unavailable' })
    expect(await things.get('a')).to.deep.equal({ id: 'a' })
    await things.insert({ id: 'b' }, true)
    await line.cut()
  })

  it('has every acknowledged write after five kills of the process that wrote', async () => {
    const { acknowledged, lost } = await killAtRandom(url, 5)
    expect(lost).to.deep.equal([])
    expect(acknowledged).to.be.at.least(5)
  })

  it('is shared by two processes, which lose no count', async () => {
    await Promise.all(['one', 'two'].map(name => once(write(url, name, 200), 'close')))
    expect(await (await open()).collection(tally).get('shared')).to.deep.equal({ id: 'shared', n: 400 })
  })
}
