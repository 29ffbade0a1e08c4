import { z } from 'zod'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { knownZone } from '../accounts/time-zone.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { plain } from '../flows/approval-details.ts'
import { action, freshFor } from './action.ts'

interface Services {
  accounts: Pick<Accounts, 'patch'>
  throttle: Pick<Throttle, 'ration'>
  /** The languages that pages speak, by their code (BCP 47). */
  languages: Readonly<Record<string, unknown>>
  emit: Emit
  now: () => number
}

/** Each change stays in the audit log for ever. */
const changesAnHour = { tries: 60, window: 3_600_000 }
const longest = { name: 80, username: 40 }
/** A short name: what looks like an address would be taken for one that was proved. */
const username = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$/u
const typed = z.object({ name: z.string(), username: z.string(), language: z.string(), zone: z.string() })
export type TypedProfile = z.output<typeof typed>

/** What people say of themselves, for apps that ask: all of it optional, none of it checked, so a session is enough. */
export function profileActions({ accounts, throttle, languages, emit, now }: Services) {
  /** Returns what is meant by the form; what is left empty is told to nobody. Throws for the first field that is wrong. */
  const meant = ({ language, zone, ...more }: TypedProfile): Pick<Account, 'profile' | 'locale'> => {
    const [name, short] = [more.name, more.username].map(text => text.normalize('NFC').replace(/\s+/g, ' ').trim())
    if (name && (name.length > longest.name || !plain(name))) throw new Problem('invalid_own_name', { field: 'name' })
    if (short && (short.length > longest.username || !plain(short) || !username.test(short)))
      throw new Problem('invalid_username', { field: 'username' })
    if (!Object.hasOwn(languages, language)) throw new Problem('invalid_language', { field: 'language' })
    if (zone !== '' && knownZone(zone) === undefined) throw new Problem('invalid_zone', { field: 'zone' })
    const profile = { ...(name && { name }), ...(short && { username: short }), ...(zone && { zone }), at: now() }
    return { profile, locale: language }
  }
  return {
    change: action({
      id: 'profile.change',
      args: typed,
      assurance: 'session',
      freshFor: freshFor.session,
      check: async form => meant(form),
      run: async (form, { account, visitor }) => {
        const changes = meant(form)
        await throttle.ration('profile', account.id, changesAnHour)
        await accounts.patch(account.id, changes)
        await emit('profile.changed', { account: account.id }, visitor)
      },
      event: 'profile.changed',
      done: async (_, { account: { profile = {}, locale: language } }) => {
        const { name = '', username = '', zone = '' }: Partial<TypedProfile> = profile
        return { undo: { id: 'profile.change', args: { name, username, language, zone } } }
      },
      undoes: true,
      leadsTo: '/account/profile',
    }),
  }
}
