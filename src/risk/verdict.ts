import { allBars, type Bar } from './restrictions.ts'
import { allSignals, type Signal } from './signals.ts'

/** What a sign-in is worth waiting for, rising: nothing; a word to the owner; their confirmation by email; nothing would do; not even a passkey. */
export const rulings = ['allow', 'tell', 'hold', 'refuse', 'bar'] as const
export type Ruling = (typeof rulings)[number]

/** Reasons for a ruling: each has a phrase, `risk.<reason>`. */
export const allReasons = [...allSignals, ...allBars] as const
export type Reason = Signal | Bar

/** A ruling, and the reasons for it. */
export interface Verdict {
  ruling: Ruling
  why: Reason[]
}

interface Row {
  /** Signals that must all be there. */
  when: readonly Signal[]
  ruling: Ruling
}

/**
 * The first row that fits decides. A device that the account knows is held for one reason only: somebody who has it, and both
 * factors, is the owner as far as anybody can tell, unless the second factor was guessed at until the answer was right.
 */
const rows: readonly Row[] = [
  { when: ['new-device', 'new-network', 'impossible-travel', 'many-failures'], ruling: 'refuse' },
  { when: ['new-device', 'new-network', 'impossible-travel'], ruling: 'hold' },
  { when: ['new-device', 'new-country'], ruling: 'hold' },
  { when: ['new-device', 'new-network', 'many-failures'], ruling: 'hold' },
  { when: ['many-guesses'], ruling: 'hold' },
  { when: ['new-device'], ruling: 'tell' },
  // Once: from then on the network is known, and so is somebody who travels by VPN.
  { when: ['new-network', 'impossible-travel'], ruling: 'tell' },
  { when: ['new-country'], ruling: 'tell' },
]

/** What follows from the signals. Its test is the table. */
export function verdict(found: Signal[]): Verdict {
  const row = rows.find(({ when }) => when.every(each => found.includes(each)))
  return { ruling: row?.ruling ?? 'allow', why: row ? found : [] }
}
