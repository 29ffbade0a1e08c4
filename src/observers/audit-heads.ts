import { appendFileSync } from 'node:fs'
import type { Key } from '../crypto/keyring.ts'
import type { Store } from '../store/collection.ts'
import { type Head, headLine, headSigner } from './audit-export.ts'
import { ledgerEnd } from './ledger.ts'

interface Options {
  store: Store
  /** The keys that heads are signed by, newest first. */
  keys: readonly Key[]
  issuer: string
  /** Where heads go. */
  heads: 'log' | 'off' | { file: string }
  /** Writes a head as a line of the log. */
  log(head: string): void
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Signs where the audit log ends and writes it where `heads` says, unless nothing was added since the last time. What it
 * wrote tells later whether the log still leads there: an attacker who can write the store cannot write it.
 */
export async function auditHeads({ store, keys, issuer, heads, log, now }: Options): Promise<() => Promise<void>> {
  if (heads === 'off') return async () => {}
  const { sign } = await headSigner(keys)
  let last = 0
  return async () => {
    const { sequence, hash } = await ledgerEnd(store)
    if (sequence === last) return
    const head = await sign({ sequence, hash, at: now(), issuer } satisfies Head)
    if (heads === 'log') log(head)
    else appendFileSync(heads.file, headLine(head), { mode: 0o600 })
    last = sequence
  }
}
