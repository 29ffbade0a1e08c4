import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Accounts, Restrictions } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Change } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { allCountries } from '../risk/countries.ts'
import { blockOf } from '../risk/restrictions.ts'
import type { Risk } from '../risk/weigh.ts'
import { choices, field, requiredField, submit } from './forms.ts'
import type { Words } from './phrases.ts'
import type { Show } from './show.ts'
import { doorkeeper, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Rules of the owner's own; posts to itself. `all`: every country there is. `here`: where this page is seen. */
    'account/restrictions': {
      devices: boolean
      addresses: string
      countries: readonly string[]
      all: readonly { code: string; name: string }[]
      here: { address: string; place: string }
      /** Where the owner will be, posted as `country` and `until` (a day) to `/account/security/travel`; the first and the last day that one may say. */
      travel: { country: string; until: string; from: string; to: string }
    }
  }
}

/** Who may sign in, in words; empty lists where any may. */
export interface RestrictionsView {
  devices: boolean
  addresses: readonly string[]
  countries: readonly string[]
}

interface Services {
  accounts: Accounts
  sessions: Sessions
  risk: Risk
  words: Words
  show: Show
  now: () => number
  /** Makes a change of what protects an account, once its strongest factor is proved. */
  change: (ctx: Context, wanted: Change) => Promise<void>
}

const path = '/account/security/restrictions'
/** Blocks that one account may name, and characters that are read of what was typed. */
const most = { blocks: 50, typed: 4_000 }
const day = 24 * 3_600_000
/** For how many days ahead one may say where one will be. */
const ahead = 90

/** Where an owner says who may sign in at all: only trusted devices, only some addresses, only some countries. */
export function restrictions(router: Router<Visit>, services: Services): void {
  const { risk, words, show, now, change } = services
  const { page, who } = doorkeeper(services)

  const form = (ctx: Context, account: Account, shown: Typed, problem?: Problem): void => {
    const { locale, visitor } = ctx.state
    const travel = account.travel && account.travel.until > now() ? account.travel : undefined
    const all = allCountries().map(code => ({ code, name: words.place(locale, { country: code }) }))
    const locals = {
      ...shown,
      all: all.sort((a, b) => a.name.localeCompare(b.name, locale)),
      here: { address: visitor.address, place: words.whence(locale, { address: visitor.address, agent: {} }).place },
      travel: {
        country: travel?.country ?? '',
        until: travel ? dayOf(travel.until - 1) : '',
        from: dayOf(now()),
        to: dayOf(now() + ahead * day),
      },
    }
    show.page(ctx, 'account/restrictions', locals, { person: { email: account.email }, problem })
  }

  page(router, path, (ctx, { account }) => form(ctx, account, kept(account.restrictions)))

  router.post(path, async ctx => {
    const { account } = await who(ctx)
    const shown = typed(ctx)
    await submit(
      async () => {
        const to = meant(shown)
        // Said before anything is proved for it, and looked at again when it is made.
        const shut = await risk.bars({ ...account, restrictions: to }, ctx.state.visitor)
        if (shut.length > 0) throw new Problem('shuts_out', { field: shut[0]?.slice('only-'.length) })
        await change(ctx, { does: 'restrict', to })
      },
      problem => form(ctx, account, shown, problem),
    )
  })

  router.post('/account/security/travel', async ctx => {
    const { account } = await who(ctx)
    const country = requiredField(ctx, 'country', 10)
    const until = field(ctx, 'until', 40)
    if (country === '') return change(ctx, { does: 'travel', to: undefined })
    // To the end of the day.
    const end = /^\d{4}-\d\d-\d\d$/.test(until) ? Date.parse(until) + day : Number.NaN
    if (!allCountries().includes(country) || !(end > now() && end <= now() + (ahead + 1) * day)) {
      const problem = new Problem('invalid_travel', { field: 'until' })
      return form(ctx, account, kept(account.restrictions), problem)
    }
    await change(ctx, { does: 'travel', to: { country, until: end } })
  })
}

/** A day as forms have it; days begin at midnight, universal time. */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** The rules of an account in words, for its page of security. */
export function restrictionsOf(locale: string, words: Words, { restrictions }: Account): RestrictionsView {
  return {
    devices: restrictions?.devices === true,
    addresses: restrictions?.addresses ?? [],
    countries: (restrictions?.countries ?? []).map(country => words.place(locale, { country })),
  }
}

/** As it stands in the form. */
interface Typed {
  devices: boolean
  addresses: string
  countries: readonly string[]
}

function kept({ devices = false, addresses = [], countries = [] }: Restrictions = {}): Typed {
  return { devices, addresses: addresses.join('\n'), countries }
}

function typed(ctx: Context): Typed {
  return {
    devices: field(ctx, 'devices', 10) === 'yes',
    addresses: field(ctx, 'addresses', most.typed),
    countries: [...new Set(choices(ctx, 'countries', 10))].filter(each => allCountries().includes(each)),
  }
}

/** What is meant by it; what names nothing keeps nobody out. Throws `invalid_block`. */
function meant({ devices, addresses, countries }: Typed): Restrictions {
  const blocks = addresses
    .split(/[\s,;]+/)
    .filter(each => each !== '')
    .map(each => {
      const block = blockOf(each)
      if (block === undefined) throw new Problem('invalid_block', { field: 'addresses' })
      return block
    })
  if (blocks.length > most.blocks) throw new Problem('invalid_block', { field: 'addresses' })
  return {
    ...(devices && { devices }),
    ...(blocks.length > 0 && { addresses: [...new Set(blocks)] }),
    ...(countries.length > 0 && { countries: [...countries] }),
  }
}
