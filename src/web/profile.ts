import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import { type TypedProfile, zones } from '../actions/profile-actions.ts'
import type { Problem } from '../errors.ts'
import { field, submit } from './forms.ts'
import { languages } from './phrases.ts'
import { stepUp } from './step-up.ts'
import { requireSession, type Visit } from './visit.ts'

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

type Services = Parameters<typeof stepUp>[0]

const path = '/account/profile'
/** Characters that are read of what was typed. */
const longest = 1_000

/** Where people say of themselves what apps may know: all of it optional, none of it checked. */
export function profile(services: Services): Router<Visit> {
  const { actions, show } = services
  const router = new Router<Visit>()
  const { page, who } = requireSession(services)
  const { perform } = stepUp(services)

  const form = (ctx: Context, { email }: Account, typed: TypedProfile, problem?: Problem) => {
    const saved = ctx.method === 'GET' && ctx.query.done === 'saved'
    show.page(ctx, 'account/profile', { ...typed, saved, languages, zones: zones() }, { person: { email }, problem })
  }
  page(router, path, (ctx, { account }) => {
    const { name = '', username = '', zone = '' } = account.profile ?? {}
    form(ctx, account, { name, username, language: account.locale, zone })
  })

  router.post(path, async ctx => {
    const person = await who(ctx)
    const text = (name: keyof TypedProfile) => field(ctx, name, longest)
    const typed = { name: text('name'), username: text('username'), language: text('language'), zone: text('zone') }
    await submit(
      () => perform(ctx, person, actions.profile.change, typed),
      problem => form(ctx, person.account, typed, problem),
    )
  })
  return router
}
