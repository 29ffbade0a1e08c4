import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Emit } from '../../src/events.ts'
import { eventFile } from '../../src/feeds/event-file.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { happening } from './audit.ts'
import { testStore } from './store.ts'

/** A log, a folder and processes that copy the log to a file there, anew for each test of a suite. */
export function eventFiles() {
  let store: Store
  let folder: string
  let told: [string, unknown][]
  let time: number
  beforeEach(async () => {
    store = await testStore()
    folder = mkdtempSync(join(tmpdir(), 'latchkey-events-'))
    told = []
    time = 1_700_000_000_000
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const fileOf = (...path: string[]) => join(folder, ...path, 'events.ndjson')
  const emit = (async (name: string, data: unknown) => void told.push([name, data])) as unknown as Emit
  return {
    fileOf,
    store: () => store,
    told: () => told,
    pass: (ms: number) => {
      time += ms
    },
    process: (file = fileOf(), of = store) => eventFile(file, { store: of, emit, now: () => time }),
    append: (...accounts: string[]) => {
      const book = ledger({ store })
      return Promise.all(accounts.map(each => book.append(happening(each))))
    },
    /** The accounts of all whole lines. */
    written: (file = fileOf()): string[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line).data.account),
    /** The store, one of whose verbs fails for the positions of files from its nth call on. */
    without: (verb: 'get' | 'patch', from: number): Store => ({
      ...store,
      collection: declared => {
        const collection = store.collection(declared)
        let calls = 0
        const called = async (...asked: [never, never, never]) => {
          if (++calls >= from) throw new Error('the store is away')
          return collection[verb](...asked)
        }
        return declared.name === 'event_files' ? { ...collection, [verb]: called } : collection
      },
    }),
  }
}
