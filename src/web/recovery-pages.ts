/** The pages of who has forgotten or lost something, or was not the one who did it. */
export interface RecoveryPages {
  /** Asks for the address of who forgot their password; posts `email`. */
  'recovery/forgot': { email: string }
  /** The same for every address, as typed. */
  'recovery/sent': { email: string }
  /** Where a mailed link leads: its one button is posted to `action`. */
  'recovery/reset': { action: string }
  'recovery/not-me': { action: string }
  /** `email` is masked. */
  'recovery/disowned': { email: string }
  /** The account closes, for so many days yet. */
  'recovery/closing': { days: number }
  /** Where a mailed link leads that keeps an account which closes: its one button is posted to `action`. */
  'recovery/keep': { action: string; until: number }
  'recovery/kept': Record<never, never>
  'recovery/ways': Record<never, never>
  /** An identity check is asked for; posts `email` and `contact`, where somebody can be reached if that is another. */
  'recovery/identity': { email: string; contact: string }
  /** The same for every address, as typed. */
  'recovery/asked': { to: string }
  /** Takes `story` and up to `most` files `documents` of so many megabytes each, as multipart, to `action`. */
  'recovery/documents': { action: string; story: string; most: number; megabytes: number }
  /** How a case stands; once it is ready, a post to `action` mails the link again. */
  'recovery/case': { number: string; stage: CaseStage; until: number; action: string }
  /** Where the owner stops it, by a post to `action`. */
  'recovery/cancel': { action: string; number: string; at: number }
  /** Where somebody objects to it from an address that is new to the account, by a post to `action`; and what follows. */
  'recovery/dispute': { action: string; number: string; at: number }
  'recovery/disputed': Record<never, never>
  /** `notMe` leads to what locks the account, if it needs that. */
  'recovery/cancelled': { notMe: string }
  /** Begins to set everything up afresh, by a post to `action`. */
  'recovery/afresh': { action: string }
}

/** How a case stands, for who asked. */
export type CaseStage = 'waiting' | 'granted' | 'ready' | 'done' | 'closed'
