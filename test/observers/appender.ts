/**
 * A process that appends to the audit log of a store: `appender.ts URL NAME TIMES`. It waits until two of its kind have
 * begun, and then tells so many events, a few at a time.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { ledger } from '../../src/observers/ledger.ts'
import { openStore } from '../../src/store/open.ts'
import { entriesOf, happening } from '../support/audit.ts'

const [url = '', name = '', times = '0'] = process.argv.slice(2)
const store = await openStore(url, { now: Date.now, sweep: false })
const { append } = ledger({ store })
await append(happening(name))
while (new Set((await entriesOf(store)).map(each => each.data.account)).size < 2) await wait(5)

let left = Number(times) - 1
const line = async (): Promise<void> => {
  while (left > 0) await append(happening(name, { at: left-- }))
}
await Promise.all(Array.from({ length: 4 }, line))
await store.close()
