import { z } from 'zod'
import { type Account, type Accounts, active, owned } from '../accounts/account.ts'
import { type Agent, agentOf } from '../accounts/device.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Commit, Wanted } from '../flows/committing.ts'
import { type Activity, kindOf } from '../observers/activity.ts'
import { retry } from '../store/collection.ts'
import { type Actor, action, freshFor } from './action.ts'

const proved = { assurance: 'strongest', freshFor: freshFor.changes, leadsTo: '/account/security' } as const

/** Parses typed text into one line without control characters, cut to so many characters. */
export function oneLine(most: number) {
  const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return z.string().overwrite(text => [...plain(text)].slice(0, most).join(''))
}

/** Returns what is said of a setting that was switched on or off, and how it is switched back. */
const switched = (name: string) =>
  ({
    done: async ({ on }: { on: boolean }) => ({
      key: `done.${name}.${on ? 'on' : 'off'}`,
      undo: { id: `${name}.change`, args: { on: !on } },
    }),
    undoes: true,
  }) as const

/** Replaces settings that no sign-in under way depends on, whichever changes come first. Throws `busy`. */
export type Settle = (actor: Actor, wanted: Omit<Wanted, 'quiet'>) => Promise<void>

/** Returns a function that replaces settings in one write. */
export function settling({ accounts, commit }: { accounts: Pick<Accounts, 'get'>; commit: Commit }): Settle {
  return async ({ account, visitor }, wanted) => {
    await retry(async () => {
      const owner = await accounts.get(account.id)
      if (!owned(owner)) throw new Problem('conflict')
      return commit(owner, { ...wanted, quiet: true }, visitor)
    })
  }
}

interface Services {
  accounts: Pick<Accounts, 'get' | 'patch' | 'due'>
  commit: Commit
  activity: Pick<Activity, 'all'>
  sendMail: SendMail
  words: {
    whence(locale: string, from: { address?: string | undefined; agent: Agent }): { device: string; place: string }
  }
  now: () => number
}

const week = 7 * 24 * 3_600_000
/** Devices that one summary names; the activity has the others. */
const mostDevices = 10

/** What people decide about how they hear from us. */
export function alertActions({ accounts, activity, sendMail, words, now, ...services }: Services) {
  const settle = settling({ accounts, ...services })

  const summaryOf = async ({ id, locale }: Account, from: number, until: number) => {
    const devices = new Set<string>()
    const counts = { signIns: 0, changes: 0, warnings: 0 }
    for await (const { name, level, origin } of activity.all(id, { from, until })) {
      if (name === 'session.started') {
        const { device, place } = words.whence(locale, { address: origin.address, agent: agentOf(origin.agent) })
        devices.add(`${device}, ${place}`)
        counts.signIns += 1
      } else if (level === 'warning') counts.warnings += 1
      else if (kindOf(name) === 'security') counts.changes += 1
    }
    return { ...counts, devices: [...devices].slice(0, mostDevices).join('; ') }
  }
  const summarise = async (): Promise<void> => {
    for await (const owner of accounts.due('summaryAt', now())) {
      const { id, email, locale, summaryAt = now() } = owner
      const summary = await summaryOf(owner, summaryAt - week, summaryAt)
      // A week in which nothing ran is left out.
      const next = summaryAt + week * Math.ceil((now() + 1 - summaryAt) / week)
      // Of several processes one writes; where it fails right here, a mail is left out rather than sent twice.
      const ours = await accounts.patch(id, { summaryAt: next }, { summaryAt })
      if (active(ours)) await sendMail('weekly-summary', { email, locale }, summary)
    }
  }

  return {
    antiPhishingPhrase: action({
      ...proved,
      id: 'anti-phishing-phrase.change',
      args: z.object({ to: oneLine(60) }),
      run: ({ to }, actor) => {
        const events = [{ name: 'phrase.changed' as const, data: { account: actor.account.id } }]
        return settle(actor, { settings: { antiPhishingPhrase: to || undefined }, events })
      },
      done: async ({ to }, { account }) => ({
        key: `done.anti-phishing-phrase.${to === '' ? 'off' : 'on'}`,
        undo: { id: 'anti-phishing-phrase.change', args: { to: account.antiPhishingPhrase ?? '' } },
      }),
      undoes: true,
      event: 'phrase.changed',
      typedAt: '/account/security',
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
      ...switched('sms-alerts'),
      event: 'texts.changed',
    }),
    weeklySummary: action({
      ...proved,
      id: 'weekly-summary.change',
      args: z.object({ on: z.boolean() }),
      choice: { name: 'weekly-summary', of: ({ summaryAt }) => summaryAt !== undefined },
      run: ({ on }, actor) => {
        const events = [{ name: 'weekly-summary.changed' as const, data: { account: actor.account.id, on } }]
        return settle(actor, { fields: { summaryAt: on ? now() + week : undefined }, events })
      },
      ...switched('weekly-summary'),
      sweep: summarise,
      event: 'weekly-summary.changed',
    }),
  }
}
