import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { canonical } from '../crypto/digest.ts'
import { type StatementSigner, statementSigner, verifyStatement } from '../crypto/jws.ts'
import type { Key } from '../crypto/keyring.ts'
import { beginning, type Entry, type Link } from './chain.ts'

/** What the heads of the audit log are signed as, and the purpose that their keys are derived for. */
export const auditHead = 'latchkey-audit-head'

const shape = z.object({
  sequence: z.int().nonnegative(),
  hash: z.string(),
  /** When it was signed, in milliseconds since the epoch. */
  at: z.number(),
  issuer: z.string(),
})

/** Where a log ended, and when: whoever keeps it can tell later whether the log still leads there. */
export type Head = z.output<typeof shape>

/**
 * Signs heads. The keys derive from the operator's secrets and sign nothing else: they outlive those that sign tokens,
 * which come and go, and whoever has the store alone cannot make them. `keys` newest first.
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
export const headLine = (head: string): string => `${canonical({ head })}\n`

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
