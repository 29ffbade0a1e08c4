import { z } from 'zod'
import { type Accounts, owned } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Commit, Wanted } from '../flows/committing.ts'
import { retry } from '../store/collection.ts'
import { type Actor, action, freshFor } from './action.ts'

const proved = { assurance: 'strongest', freshFor: freshFor.changes, leadsTo: '/account/security' } as const

/** Parses typed text into one line without control characters, cut to so many characters. */
export function oneLine(most: number) {
  const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return z.string().overwrite(text => [...plain(text)].slice(0, most).join(''))
}

/** Replaces settings that no sign-in under way depends on, whichever changes come first. Throws `busy`. */
export type Settle = (actor: Actor, wanted: Omit<Wanted, 'quiet'>) => Promise<void>

/** Makes what replaces settings. */
export function settling({ accounts, commit }: { accounts: Pick<Accounts, 'get'>; commit: Commit }): Settle {
  return async ({ account, visitor }, wanted) => {
    await retry(async () => {
      const owner = await accounts.get(account.id)
      if (!owned(owner)) throw new Problem('conflict')
      return commit(owner, { ...wanted, quiet: true }, visitor)
    })
  }
}

/** What people decide about how they hear from us. */
export function alertActions(services: Parameters<typeof settling>[0]) {
  const settle = settling(services)
  return {
    antiPhishingPhrase: action({
      ...proved,
      id: 'anti-phishing-phrase.change',
      args: z.object({ to: oneLine(60) }),
      run: ({ to }, actor) => {
        const events = [{ name: 'phrase.changed' as const, data: { account: actor.account.id } }]
        return settle(actor, { settings: { antiPhishingPhrase: to || undefined }, events })
      },
      event: 'phrase.changed',
    }),
    smsAlerts: action({
      ...proved,
      id: 'sms-alerts.change',
      args: z.object({ on: z.boolean() }),
      choice: { name: 'texts', of: ({ phone, smsAlerts = false }) => (phone === undefined ? undefined : smsAlerts) },
      run: ({ on }, actor) => {
        const events = [{ name: 'texts.changed' as const, data: { account: actor.account.id, on } }]
        return settle(actor, { settings: { smsAlerts: on || undefined }, events })
      },
      event: 'texts.changed',
    }),
  }
}
