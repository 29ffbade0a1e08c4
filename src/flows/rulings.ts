import type { Acr } from '../factors/factor.ts'
import type { Ruling } from '../risk/verdict.ts'
import { type Purpose, reaches } from './assurance.ts'

/** Rulings that keep somebody out, for each purpose: who begins an account has no past, and who changes one is in already. */
const keepOut: Readonly<Record<Purpose, readonly Ruling[]>> = {
  'sign-up': [],
  'sign-in': ['hold', 'refuse', 'bar'],
  'step-up': ['hold', 'refuse', 'bar'],
  add: ['bar'],
  change: ['bar'],
  reset: ['hold', 'refuse', 'bar'],
  // An identity check takes the owner's own rules away: who has lost everything may have lost what they ask for.
  recover: ['hold', 'refuse'],
}

/**
 * What becomes of somebody who has proved enough, because of where they come from: `refuse`, `confirm` by the owner's mailbox, or
 * nothing. `acr` is what they proved, `moves` that the mailbox is lost.
 */
export function keptOut(
  purpose: Purpose,
  ruling: Ruling,
  { acr, moves }: { acr: Acr | undefined; moves?: boolean | undefined },
): 'refuse' | 'confirm' | undefined {
  if (!keepOut[purpose].includes(ruling)) return undefined
  if (ruling === 'bar') return 'refuse'
  // A passkey answers to no other site than ours: whoever shows one is kept out by the owner's own rules alone.
  if (reaches(acr, 'phr')) return undefined
  if (ruling === 'refuse') return 'refuse'
  // Nobody reads a mailbox that is lost. Every other address was told for a day, with a link that stops the check.
  return purpose === 'recover' && moves ? undefined : 'confirm'
}
