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
}
