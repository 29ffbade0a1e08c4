import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import { browserZone, knownZone, zones } from '../accounts/time-zone.ts'
import type { TypedProfile } from '../actions/profile-actions.ts'
import type { Problem } from '../errors.ts'
import { isLocale, type Language, languages } from '../languages.ts'
import { field, submit } from './forms.ts'
import { chooseLocale, chosenLocale } from './language.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** What people say about themselves, for apps; posts to itself. Languages by their code, each named in itself. */
    'account/profile': TypedProfile & {
      languages: Readonly<Record<string, Language>>
      zones: readonly string[]
      /** The time zone of their browser, which holds where they choose none. */
      browserZone: string | undefined
    }
  }
}

const path = '/account/profile'
/** Characters that are read of what was typed. */
const longest = 1_000

/** Serves the page where people tell apps about themselves: all of it is optional, and nothing is checked. */
export function profile({ router, actions, show, page, requireSession, perform }: Services): void {
  const form = (ctx: Context, { email, zone }: Account, typed: TypedProfile, problem?: Problem) => {
    const listed = [...new Set([...zones(), ...(knownZone(typed.zone) ? [typed.zone] : [])])].sort()
    const locals = { ...typed, languages, zones: listed, browserZone: knownZone(zone) ?? browserZone(ctx) }
    show.page(ctx, 'account/profile', locals, { person: { email }, problem })
  }
  page(path, (ctx, { account }) => {
    const { name = '', username = '', zone = '' } = account.profile ?? {}
    form(ctx, account, { name, username, language: account.locale, zone })
  })

  router.post(path, async ctx => {
    const person = await requireSession(ctx)
    const text = (name: keyof TypedProfile) => field(ctx, name, longest)
    const typed = { name: text('name'), username: text('username'), language: text('language'), zone: text('zone') }
    await submit(
      async () => {
        await perform(ctx, person, actions.profile.change, typed)
        // The latest choice wins over one that was made in this browser earlier.
        if (chosenLocale(ctx) && isLocale(typed.language)) chooseLocale(ctx, typed.language)
      },
      problem => form(ctx, person.account, typed, problem),
    )
  })
}
