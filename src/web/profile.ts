import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Accounts } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { plain } from '../flows/details.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { field, submit } from './forms.ts'
import { languages } from './phrases.ts'
import { type Show, seeOther } from './show.ts'
import { doorkeeper, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What somebody says of themselves, for apps; posts to itself. Languages by their code, each in itself. */
    'account/profile': {
      name: string
      username: string
      language: string
      zone: string
      languages: Readonly<Record<string, string>>
      zones: readonly string[]
      saved: boolean
    }
  }
}

interface Services {
  accounts: Accounts
  sessions: Sessions
  show: Show
  emit: Emit
  now: () => number
}

const path = '/account/profile'
/** In characters; of what is typed, so much is read. */
const longest = { name: 80, username: 40, typed: 1_000 }
/** A short name: what looks like an address would be taken for one that was proved. */
const username = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$/u

/** As it stands in the form. */
interface Typed {
  name: string
  username: string
  language: string
  zone: string
}

/** Where people say of themselves what apps may know: all of it optional, none of it checked. */
export function profile(services: Services): Router<Visit> {
  const { accounts, show, emit, now } = services
  const router = new Router<Visit>()
  const { page, who } = doorkeeper(services)

  const form = (ctx: Context, { email }: Account, typed: Typed, problem?: Problem) => {
    const saved = ctx.method === 'GET' && ctx.query.done === 'saved'
    show.page(ctx, 'account/profile', { ...typed, saved, languages, zones: zones() }, { person: { email }, problem })
  }
  page(router, path, (ctx, { account }) => {
    const { name = '', username = '', zone = '' } = account.profile ?? {}
    form(ctx, account, { name, username, language: account.locale, zone })
  })

  router.post(path, async ctx => {
    const { account } = await who(ctx)
    const text = (name: keyof Typed) => field(ctx, name, longest.typed)
    const typed = { name: text('name'), username: text('username'), language: text('language'), zone: text('zone') }
    await submit(
      async () => {
        await accounts.patch(account.id, meant(typed, now()))
        await emit('profile.changed', { account: account.id }, ctx.state.visitor)
        seeOther(ctx, `${path}?done=saved`)
      },
      problem => form(ctx, account, typed, problem),
    )
  })
  return router
}

/** Every time zone, as the database names them. */
const zones = (): string[] => [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])]

/** What is meant by the form; what is left empty is told to nobody. Throws for the first field that is wrong. */
function meant({ language, ...typed }: Typed, at: number): Pick<Account, 'profile' | 'locale'> {
  const [name, short] = [typed.name, typed.username].map(text => text.normalize('NFC').replace(/\s+/g, ' ').trim())
  if (name && (name.length > longest.name || !plain(name))) throw new Problem('invalid_own_name', { field: 'name' })
  if (short && (short.length > longest.username || !plain(short) || !username.test(short)))
    throw new Problem('invalid_username', { field: 'username' })
  if (!Object.hasOwn(languages, language)) throw new Problem('invalid_language', { field: 'language' })
  if (typed.zone !== '' && !zones().includes(typed.zone)) throw new Problem('invalid_zone', { field: 'zone' })
  const profile = {
    ...(name && { name }),
    ...(short && { username: short }),
    ...(typed.zone && { zone: typed.zone }),
    at,
  }
  return { profile, locale: language }
}
