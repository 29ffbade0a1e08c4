import { z } from 'zod'
import { canonical, sha256 } from '../crypto/digest.ts'

/** What happened, as it is kept for good. `at` in milliseconds since the epoch. */
const happening = z.object({
  at: z.number(),
  name: z.string(),
  level: z.enum(['info', 'notice', 'warning']),
  data: z.record(z.string(), z.unknown()),
  origin: z.object({
    address: z.string().optional(),
    agent: z.string().optional(),
    device: z.string().optional(),
    request: z.string().optional(),
  }),
})

/** An entry in its place: the hash of the one before it is part of what its own is made of. */
export const entryShape = happening.extend({
  /** Counted from 1, with no gap. */
  sequence: z.int().positive(),
  /** The `hash` of the entry before; zeros before the first. */
  previous: z.string(),
  /** SHA-256, in hexadecimal, of everything else here as canonical JSON (RFC 8785). */
  hash: z.string(),
})

export type Happening = z.output<typeof happening>
export type Entry = z.output<typeof entryShape>

/** A place in the chain. */
export type Link = Pick<Entry, 'sequence' | 'hash'>

/** The place before the first entry. */
export const beginning: Link = { sequence: 0, hash: '0'.repeat(64) }

/** Puts what happened, plain, behind a place in the chain. */
export function chain(happened: Happening, { sequence, hash: previous }: Link): Entry {
  const entry = { ...happened, sequence: sequence + 1, previous }
  return { ...entry, hash: sha256(canonical(entry), 'hex') }
}

/** What happened as every engine gives it back: no absent fields, and no text that UTF-8 cannot spell. Throws TypeError for what is not JSON. */
export function plain(happened: Happening): Happening {
  const text = JSON.stringify(happened)
  // Half a surrogate pair is the one thing that JSON spells out so; most text has none, and is read the quick way.
  if (!text.includes('\\ud')) return JSON.parse(text)
  return JSON.parse(text, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
}

/**
 * What is wrong with a chain, at the first entry where it shows. `changed`: it is not what its hash was made of.
 * `missing`, `cut`: entries up to `through` are not there, in the middle or at the end. `moved`: it stands elsewhere.
 * `rewritten`: it is not the entry that the next one, or a signed head, was made after. `beyond`: it comes after the signed head.
 */
export interface Fault {
  what: 'changed' | 'missing' | 'moved' | 'rewritten' | 'cut' | 'beyond'
  sequence: number
  through?: number
}

/** The last sound entry, and what is wrong behind it. */
export interface Walked {
  head: Link
  fault: Fault | undefined
}

/**
 * Walks a chain from its first entry. With a place that was vouched for, the chain must lead there, and with `whole` end
 * there. Somebody who can write every entry can forge a chain that is sound by itself: only such a place, kept elsewhere, shows it.
 */
export async function walk(
  entries: AsyncIterable<unknown> | Iterable<unknown>,
  vouched?: Link,
  whole = false,
): Promise<Walked> {
  let head = beginning
  let fault: Fault | undefined
  for await (const entry of entries) {
    // The entry that is missing may still come: then it was moved.
    if (fault?.what === 'missing' && sequenceOf(entry) === fault.sequence)
      fault = { what: 'moved', sequence: fault.sequence }
    fault ??= misfit(entry, head)
    if (fault) {
      if (fault.what === 'missing') continue
      return { head, fault }
    }
    const { sequence, hash } = entry as Entry
    if (sequence === vouched?.sequence && hash !== vouched.hash) return { head, fault: { what: 'rewritten', sequence } }
    if (whole && vouched && sequence > vouched.sequence) return { head, fault: { what: 'beyond', sequence } }
    head = { sequence, hash }
  }
  if (!fault && vouched && head.sequence < vouched.sequence)
    fault = { what: 'cut', sequence: head.sequence + 1, through: vouched.sequence }
  return { head, fault }
}

function misfit(entry: unknown, head: Link): Fault | undefined {
  const due = head.sequence + 1
  if (!sound(entry)) return { what: 'changed', sequence: due }
  if (entry.sequence > due) return { what: 'missing', sequence: due, through: entry.sequence - 1 }
  if (entry.sequence < due) return { what: 'moved', sequence: entry.sequence }
  if (entry.previous === head.hash) return undefined
  return { what: 'rewritten', sequence: Math.max(head.sequence, 1) }
}

/** Tells whether it is an entry with exactly the fields that its hash was made of: one more counts as much as one less. */
function sound(entry: unknown): entry is Entry {
  if (!entryShape.safeParse(entry).success) return false
  const { hash, ...rest } = entry as Entry
  try {
    return sha256(canonical(rest), 'hex') === hash
  } catch {
    return false
  }
}

const sequenceOf = (entry: unknown): unknown => (entry as Partial<Entry> | null)?.sequence
