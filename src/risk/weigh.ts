import type { Account, Accounts } from '../accounts/account.ts'
import type { Admissions, Devices } from '../accounts/device.ts'
import type { Failures } from '../accounts/failures.ts'
import type { SessionBook, SessionRecord } from '../accounts/session.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Places } from './places.ts'
import { type Bar, barred } from './restrictions.ts'
import { type Sighting, type Signal, signals } from './signals.ts'
import { type Verdict, verdict } from './verdict.ts'

/** Where a sign-in comes from. */
interface Source {
  /** The device cookie's digest. */
  device: string
  address: string
}

/** What counts; all of it unless told. */
export interface How {
  /** The owner's own rules. */
  rules?: boolean
  /** That the mailbox was proved on the device. */
  mailbox?: boolean
}

interface Services {
  accounts: Pick<Accounts, 'get'>
  book: SessionBook
  devices: Devices
  admissions: Pick<Admissions, 'admitted'>
  throttle: Throttle
  failures: Pick<Failures, 'many'>
  places: Places
  /** What people guess at: the ids of all factors. */
  guessed: readonly string[]
  now: () => number
}

const ofPlace: readonly Signal[] = ['new-country', 'impossible-travel']

export type Risk = ReturnType<typeof risk>

/** Weighs sign-ins by what is known of an account's earlier ones. */
export function risk({
  accounts,
  book,
  devices,
  admissions,
  throttle,
  failures: inARow,
  places,
  guessed,
  now,
}: Services) {
  const sighting = ({ device, address, at }: Partial<Source> & Pick<Sighting, 'address' | 'at'>): Sighting => {
    const { country, points } = places.of(address)
    return { device, address, country, points, at }
  }
  const began = ({ startedAt: at, ...record }: SessionRecord): Sighting => sighting({ ...record, at })

  /** Resolves to the rules of the owner's own that a source does not meet. */
  const bars = async (
    { id, restrictions }: Pick<Account, 'id' | 'restrictions'>,
    { device, address }: Source,
  ): Promise<Bar[]> => {
    if (!restrictions) return []
    const chosen = restrictions.devices === true && (await devices.chosen(device, id))
    return barred(restrictions, { address, country: places.of(address).country }, chosen)
  }

  return {
    bars,
    /** Resolves to what to make of somebody who is about to be signed in. */
    weigh: async (
      account: string,
      { device, address }: Source,
      { rules = true, mailbox = true }: How = {},
    ): Promise<Verdict> => {
      const owner = await accounts.get(account)
      const why = owner && rules ? await bars(owner, { device, address }) : []
      if (why.length > 0) return { ruling: 'bar', why }
      const [sessions, seen, admitted, tries, many] = await Promise.all([
        book.of(account),
        devices.allOf(account),
        admissions.admitted(device, account),
        throttle.failures(account, guessed),
        inARow.many(account),
      ])
      // What was done on a device that the account no longer knows says nothing of its owner: it may have been disowned. But
      // an account that has only such a past is no newcomer.
      const theirs = sessions.filter(each => each.device === undefined || seen.has(each.device))
      const past = theirs.length > 0 ? theirs : sessions
      const known = seen.has(device)
      const { country = '', until = 0 } = owner?.travel ?? {}
      const expected = until > now() ? [country] : []
      const here = sighting({ device, address, at: now() })
      // A device on which the mailbox was proved is not kept out for wrong answers of others.
      const failures = admitted && mailbox ? 0 : tries
      return verdict(signals(here, past.map(began), { known, failures, guessed: many, expected }))
    },
    /** Returns what was out of the ordinary about each session's place when it began, by its id; nothing for those that were as usual. */
    unusual: (sessions: readonly SessionRecord[]): Map<string, Signal[]> => {
      const found = sessions.map((session): [string, Signal[]] => {
        const past = sessions.filter(each => each.startedAt < session.startedAt)
        const all = signals(began(session), past.map(began), { known: true, failures: 0, guessed: false, expected: [] })
        return [session.id, all.filter(each => ofPlace.includes(each))]
      })
      return new Map(found.filter(([, why]) => why.length > 0))
    },
  }
}
