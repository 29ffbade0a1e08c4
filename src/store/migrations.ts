import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { Problem } from '../errors.ts'
import { Conflict, declare, type Store } from './collection.ts'
import { listHeld } from './held-lists.ts'

/** One step forward, the same in every engine. It may be interrupted and run again, so it must bear being repeated. */
export interface Migration {
  /** What it does, for the operator. */
  means: string
  up(store: Store): Promise<void>
}

/** Every migration there is, in order; a store's schema version is how many of them it has seen. Only ever add to the end. */
export const migrations: readonly Migration[] = [
  { means: 'lists in every account which credentials are in force', up: listHeld },
]

/** The store was kept by a newer program, which may have changed what this one would misread. */
export class StoreTooNew extends Error {
  readonly version: number
  constructor(version: number, known: number) {
    super(
      `The store has schema version ${version}; this program knows ${known}. Start the newer Latchkey that kept it, or restore a backup.`,
    )
    this.name = 'StoreTooNew'
    this.version = version
  }
}

const versions = declare({
  name: 'schema',
  shape: z.object({
    id: z.string(),
    version: z.number().optional(),
    holder: z.string().optional(),
    expiresAt: z.number().optional(),
  }),
})

/** Milliseconds for which a process that has fallen silent keeps the others from migrating. */
const LEASE = 30_000
/** Milliseconds that a process waits for the migrations of another. */
const PATIENCE = 10 * 60_000

let holders = 0

/** Brings the store to this program's schema, once even when several processes start together. Throws StoreTooNew. */
export async function migrate(
  store: Store,
  { now }: { now: () => number },
  list: readonly Migration[] = migrations,
): Promise<void> {
  const schema = store.collection(versions)
  const version = async (): Promise<number | undefined> => {
    const found = (await schema.get('version'))?.version
    if (found !== undefined && found > list.length) throw new StoreTooNew(found, list.length)
    return found
  }
  const holder = `${hostname()}:${process.pid}:${performance.timeOrigin}:${holders++}`
  const lease = () => ({ id: 'lock', holder, expiresAt: now() + LEASE })

  for (const since = performance.now(); (await version()) !== list.length; ) {
    try {
      await schema.insert(lease())
    } catch (fault) {
      if (!(fault instanceof Conflict)) throw fault
      if (performance.now() - since > PATIENCE) throw new Problem('unavailable', { cause: fault })
      await wait(50)
      continue
    }
    const renewal = setInterval(() => void schema.patch('lock', lease(), { holder }).catch(() => undefined), LEASE / 5)
    try {
      if ((await version()) === undefined) await schema.insert({ id: 'version', version: 0 })
      for (let at = (await version()) ?? 0; at < list.length; at++) {
        await list[at]?.up(store)
        // Lost: this process was silent for so long that another took over and is further on.
        if (!(await schema.patch('version', { version: at + 1 }, { version: at }))) break
      }
    } finally {
      clearInterval(renewal)
      await schema.patch('lock', { expiresAt: 0 }, { holder })
    }
  }
}
