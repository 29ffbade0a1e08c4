import type { Emit, Origin } from '../events.ts'
import type { Account, Accounts } from './account.ts'

interface Services {
  accounts: Pick<Accounts, 'get' | 'patch'>
  emit: Emit
  /** How long apps are told to wait, in milliseconds; 0 turns holds off. */
  hold: number
  now: () => number
}

/** Has apps wait with this account's money, by the claim `hold_until`. */
export type Hold = (account: string, origin: Origin) => Promise<void>

/** Starts holds; one that already lasts longer stays as it is. */
export function holding({ accounts, emit, hold, now }: Services): Hold {
  return async (account, origin) => {
    if (hold === 0) return
    const at = now()
    const until = Math.max(at + hold, (await accounts.get(account))?.holdUntil ?? 0)
    await accounts.patch(account, { holdUntil: until, updatedAt: at })
    await emit('hold.started', { account, until }, origin)
  }
}

/** Until when apps are told to wait with what cannot be undone, in seconds, where they are; `now` in milliseconds. */
export function heldUntil({ holdUntil = 0 }: Pick<Account, 'holdUntil'>, now: number): { hold_until?: number } {
  return holdUntil > now ? { hold_until: Math.ceil(holdUntil / 1000) } : {}
}
