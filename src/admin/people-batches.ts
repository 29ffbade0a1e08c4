import { accountsDeclaration } from '../accounts/account.ts'
import { claimsDeclaration } from '../accounts/address.ts'
import { sha256 } from '../crypto/digest.ts'
import { HashFault } from '../crypto/foreign-hash.ts'
import type { Store } from '../store/collection.ts'
import { type Fault, type Person, type Reading, readEntry } from './people-entry.ts'
import { type FormatName, formats, type Told } from './people-formats.ts'
import { type Layout, records } from './people-lines.ts'

/** People who are looked up, and written, together. */
const together = 250

/** What is wrong with one record. */
export interface LineFault extends Fault {
  line: number
}

export interface Source {
  path: string
  layout: Layout
  format: FormatName
  told: Told
  /** Fields that are left out, wherever they are. */
  ignore: ReadonlySet<string>
}

/** What a run came to. */
export interface Counts {
  /** Records that were read. */
  records: number
  /** People who can be, or were, made. */
  people: number
  /** People who were there already. */
  present: number
  /** Records with faults. */
  faulty: number
  /** Records that are no people, such as accounts of services. */
  others: number
  /** People without a second factor, who set one up at their next sign-in; without a password or passkey, who choose one by mail. */
  unguarded: number
  passwordless: number
  /** Numbers that were left out, because nobody proved them. */
  numbers: number
}

export interface Hearing {
  fault(fault: LineFault): void
  /** Hears how many records are through. */
  progress?(records: number): void
}

/** A person who was read. */
export interface Read {
  /** Counted from 0. */
  at: number
  line: number
  person: Person
}

/** Reads people from files, a batch at a time, with what is there of them already, and counts as it goes. */
export function peopleBatches({ store, reading }: { store: Store; reading: Reading }) {
  const accounts = store.collection(accountsDeclaration)
  const claims = store.collection(claimsDeclaration)

  async function* batches(source: Source, counts: Counts, { fault, progress }: Hearing) {
    const seen = { id: new Map<number, number>(), email: new Map<number, number>() }
    let batch: Read[] = []
    const faulty = (line: number, faults: readonly Fault[]): void => {
      counts.faulty++
      for (const each of faults) fault({ line, ...each })
    }
    /** The line that had this value before; notes it for those that follow. */
    const before = (field: 'id' | 'email', value: string | undefined, line: number): Fault[] => {
      if (value === undefined) return []
      const [key, rest] = digestOf(value)
      const first = seen[field].get(key)
      if (first === undefined) seen[field].set(key, rest * lines + line)
      else if (Math.floor(first / lines) === rest) return [{ field, what: `is that of line ${first % lines}, too` }]
      return []
    }
    for await (const { line, value, fault: unreadable } of records(source.path, source.layout)) {
      const at = counts.records++
      const { person, faults, other } = value ? read(value, source) : { faults: [], person: undefined, other: false }
      const doubled = person ? [...before('email', person.email, line), ...before('id', person.id, line)] : []
      if (unreadable !== undefined) faulty(line, [{ field: 'record', what: unreadable }])
      else if (other) counts.others++
      else if (!person || faults.length > 0 || doubled.length > 0) faulty(line, [...faults, ...doubled])
      else batch.push({ at, line, person })
      if (batch.length >= together) {
        yield await sorted(batch, counts, faulty)
        batch = []
        progress?.(counts.records)
      }
    }
    if (batch.length > 0) yield await sorted(batch, counts, faulty)
    progress?.(counts.records)
  }

  const read = (
    value: Record<string, unknown>,
    { format, told, ignore }: Source,
  ): { person?: Person; faults: Fault[]; other?: true } => {
    let fields: Record<string, unknown> | undefined
    try {
      fields = formats[format].read(value, told)
    } catch (thrown) {
      if (!(thrown instanceof HashFault)) throw thrown
      return { faults: [{ field: 'password_hash', what: `is refused: ${thrown.message}` }] }
    }
    if (!fields) return { faults: [], other: true }
    const said = Object.entries(fields).filter(
      ([name, each]) => each !== undefined && each !== null && !ignore.has(name),
    )
    return readEntry(Object.fromEntries(said), reading)
  }

  /** Parts a batch into people who are to be made and those who are there; says whose address or id is another's. */
  const sorted = async (batch: readonly Read[], counts: Counts, faulty: (line: number, faults: Fault[]) => void) => {
    const ids = batch.flatMap(({ person }) => person.id ?? [])
    const emails = batch.map(({ person }) => person.email)
    const limit = together
    const legacy = batch.flatMap(({ person }) => person.legacySub ?? [])
    const [byEmail, byId, claimed, byLegacy] = await Promise.all([
      accounts.find({ email: { in: emails } }, { limit }),
      accounts.find(reading.keepIds ? { id: { in: ids } } : { legacySub: { in: ids } }, { limit }),
      claims.find({ id: { in: emails.map(each => sha256(each)) } }, { limit }),
      legacy.length > 0 ? accounts.find({ legacySub: { in: legacy } }, { limit }) : [],
    ])
    const holders = new Map(byEmail.map(each => [each.email, each]))
    const former = new Map(byId.map(each => [reading.keepIds ? each.id : each.legacySub, each]))
    const reserved = new Set(claimed.map(each => each.id))
    const taken = new Set(byLegacy.map(each => each.legacySub))
    const wanted: Read[] = []
    for (const each of batch) {
      const { id, email, legacySub } = each.person
      const [holder, same] = [holders.get(email), id === undefined ? undefined : former.get(id)]
      if (same || (holder && id === undefined)) counts.present++
      else if (holder) faulty(each.line, [{ field: 'email', what: 'has an account, whose former id is another' }])
      else if (legacySub !== undefined && taken.has(legacySub))
        faulty(each.line, [{ field: 'legacy_sub', what: 'is that of another account' }])
      else if (reserved.has(sha256(email)))
        faulty(each.line, [{ field: 'email', what: 'is reserved for another account' }])
      else wanted.push(each)
    }
    return { wanted, through: (batch.at(-1)?.at ?? 0) + 1 }
  }

  return batches
}

/** Counts of nothing yet. */
export const none = (): Counts => ({
  ...{ records: 0, people: 0, present: 0, faulty: 0, others: 0 },
  ...{ unguarded: 0, passwordless: 0, numbers: 0 },
})

/** More lines than a file has. */
const lines = 2 ** 26

/** Two parts of a digest, of 52 and 26 bits: enough to tell millions of values apart, in two numbers for each. */
function digestOf(value: string): [key: number, rest: number] {
  const hex = sha256(value, 'hex')
  return [Number.parseInt(hex.slice(0, 13), 16), Number.parseInt(hex.slice(13, 20), 16) % lines]
}
