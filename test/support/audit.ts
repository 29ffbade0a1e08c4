import type { Entry, Happening } from '../../src/observers/chain.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'

/** Something that happened to an account. */
export function happening(account: string, more: Partial<Happening> = {}): Happening {
  return { at: 1_700_000_000_000, name: 'account.created', level: 'info', data: { account }, origin: {}, ...more }
}

/** Every entry of a store's audit log, in order. */
export async function entriesOf(store: Store): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const entry of ledger({ store }).entries()) all.push(entry)
  return all
}
