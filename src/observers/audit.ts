import { appendFileSync } from 'node:fs'
import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { canonical } from '../crypto/digest.ts'
import { type StatementSigner, statementSigner, verifyStatement } from '../crypto/jws.ts'
import type { Key } from '../crypto/keyring.ts'
import type { Observer } from '../events.ts'
import type { Store } from '../store/collection.ts'
import { beginning, type Entry, type Link } from './chain.ts'
import { ledger, ledgerEnd } from './ledger.ts'

/** What the heads of the audit log are signed as, and the purpose that their keys are derived for. */
export const auditHead = 'latchkey-audit-head'

const shape = z.object({
  sequence: z.int().nonnegative(),
  hash: z.string(),
  /** When it was signed, in milliseconds since the epoch. */
  at: z.number(),
  issuer: z.string(),
})

/** Where a log ended, and when: kept elsewhere, it shows later whether the log still leads there. */
export type Head = z.output<typeof shape>

/**
 * Signs heads. The keys derive from the operator's secrets and sign nothing else: they outlive those that sign tokens,
 * which come and go, and the store alone is not enough to make them. `keys` newest first.
 */
export const headSigner = (keys: readonly Key[]): Promise<StatementSigner> => statementSigner(keys, auditHead)

/** The lines of an export: each entry as canonical JSON (RFC 8785), and at last the signed head. */
export async function* exported(
  entries: AsyncIterable<Entry>,
  signed: (end: Link) => Promise<string>,
): AsyncGenerator<string> {
  let end = beginning
  for await (const entry of entries) {
    yield `${canonical(entry)}\n`
    end = entry
  }
  yield headLine(await signed({ sequence: end.sequence, hash: end.hash }))
}

/** The line of a file that holds this signed head. */
const headLine = (head: string): string => `${canonical({ head })}\n`

/** The head that a line of an export holds; undefined when it holds none that one of these keys signed. */
export async function headOf(line: string, jwks: JSONWebKeySet): Promise<Head | undefined> {
  const { head } = (parsed(line) ?? {}) as { head?: unknown }
  if (typeof head !== 'string') return undefined
  return shape.safeParse(await verifyStatement(head, jwks, auditHead)).data
}

/** The entry that a line of an export holds; undefined where it is not spelled as an export spells it. */
export function entryOf(line: string): unknown {
  const entry = parsed(line)
  try {
    // Spelled otherwise it might say two things at once: a name that stands twice, a number that readers round.
    return canonical(entry) === line ? entry : undefined
  } catch {
    return undefined
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

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

/** Keeps every event but the routine ones, for good. Awaited, so that nothing is done that could not be written down. */
export function audit({ store }: { store: Store }): Observer {
  const { append } = ledger({ store })
  return {
    awaited: true,
    observe({ name, level, at, data, origin: { address, agent, device, request } }) {
      if (level === 'routine') return
      return append({ at, name, level, data, origin: { address, agent, device, request } })
    },
  }
}
