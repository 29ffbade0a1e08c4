/**
 * A process that writes to a store until it is killed: `writer.ts URL NAME [TIMES]`. It prints
 * each write only once that is acknowledged. With TIMES it waits until there are two
 * of its kind, counts one counter so often, and ends.
 */
import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { openStore } from '../../src/store/open.ts'

export const written = {
  name: 'written',
  shape: z.object({ id: z.string(), at: z.number(), text: z.string() }),
  indexes: ['at'] as const,
}
export const tally = { name: 'tally', shape: z.object({ id: z.string(), n: z.number() }) }

async function main(url: string, name: string, times: number): Promise<void> {
  const store = await openStore(url, { now: Date.now })
  const counters = store.collection(tally)
  if (times > 0) {
    await counters.count('started', 'n', 1, { id: 'started', n: 0 })
    while (((await counters.get('started'))?.n ?? 0) < 2) await wait(1)
    for (let turn = 0; turn < times; turn++) await counters.count('shared', 'n', 1, { id: 'shared', n: 0 })
    return store.close()
  }
  const documents = store.collection(written)
  const writing = async (line: number): Promise<void> => {
    for (let turn = 0; ; turn++) {
      const id = `${name}.${line}.${turn}`
      // What is transient outlives a killed process, too.
      await documents.insert({ id, at: turn, text: 'x'.repeat(turn % 700) }, turn % 2 === 1)
      writeSync(1, `${id}\n`)
      const n = await counters.count(name, 'n', 1, { id: name, n: 0 })
      writeSync(1, `#${n}\n`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, line) => writing(line)))
}

const [url, name, times] = process.argv.slice(2)
if (import.meta.main && url && name) await main(url, name, Number(times ?? 0))
