import type { KnownAddress } from '../account-recovery/deciding.ts'
import type { FactorView } from './account-pages.ts'

/** An identity check as the staff list it. Times in milliseconds since the epoch. */
export interface CaseLine {
  number: string
  at: number
  /** The address that was typed. */
  email: string
  /** How many said yes, and how many must. */
  yes: number
  needed: number
  /** Whoever looks has decided. */
  mine: boolean
  /** When its delay is over, once it was agreed to. */
  until: number | undefined
  /** Somebody objects to it from an address that is new to the account. */
  disputed: boolean
}

/** The pages of the staff. */
export interface AdminPages {
  /** `more` wait than are counted. */
  'admin/home': { waiting: number; more: boolean }
  /** Some of each list; `first` of it, and where the `rest` is. */
  'admin/recovery': Record<
    'waiting' | 'granted',
    { cases: readonly CaseLine[]; first: boolean; rest: string | undefined }
  >
  /** Posts `verdict` (`approve` or `refuse`) and `reason` to `base`; documents are at `<base>/documents/<id>`. */
  'admin/case': CaseLine & {
    state: string
    base: string
    contact: string
    story: string
    /** Undefined where the address has no account. */
    known:
      | ({ since: number; seenAt: number | undefined; factors: readonly FactorView[]; ruled: boolean } & {
          addresses: readonly KnownAddress[]
        })
      | undefined
    disputes: readonly { masked: string; at: number }[]
    rivals: readonly string[]
    documents: readonly { id: string; type: string; kilobytes: number }[]
    decided: readonly { by: string; verdict: string; reason: string; at: number }[]
    /** Why whoever looks may not decide. */
    bars: 'own_case' | 'already_decided' | undefined
    open: boolean
    /** The reason as typed. */
    typed: string
  }
  /** For staff who hold no passkey. */
  'admin/passkey': Record<never, never>
}
