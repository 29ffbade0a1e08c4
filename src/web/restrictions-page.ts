import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Restrictions } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import { allCountries } from '../risk/countries.ts'
import { blockOf } from '../risk/restrictions.ts'
import { choices, field, requiredField, submit } from './forms.ts'
import type { Words } from './phrases.ts'
import { stepUp } from './step-up.ts'
import { requireSession, type Visit } from './visit.ts'

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

type Services = Parameters<typeof stepUp>[0] & { words: Words; now: () => number }

const path = '/account/security/restrictions'
/** Blocks that one account may name, and characters that are read of what was typed. */
const most = { blocks: 50, typed: 4_000 }
const day = 24 * 3_600_000
/** For how many days ahead one may say where one will be. */
const ahead = 90

/** Where an owner says who may sign in at all: only trusted devices, only some addresses, only some countries. */
export function restrictions(router: Router<Visit>, services: Services): void {
  const { words, show, now } = services
  const { restrict, travel } = services.actions.restrictions
  const { page, who } = requireSession(services)
  const { perform } = stepUp(services)

  const form = (ctx: Context, account: Account, shown: Typed, problem?: Problem): void => {
    const { locale, visitor } = ctx.state
    const away = account.travel && account.travel.until > now() ? account.travel : undefined
    const all = allCountries().map(code => ({ code, name: words.place(locale, { country: code }) }))
    const locals = {
      ...shown,
      all: all.sort((a, b) => a.name.localeCompare(b.name, locale)),
      here: { address: visitor.address, place: words.whence(locale, { address: visitor.address, agent: {} }).place },
      travel: {
        country: away?.country ?? '',
        until: away ? dayOf(away.until - 1) : '',
        from: dayOf(now()),
        to: dayOf(now() + ahead * day),
      },
    }
    show.page(ctx, 'account/restrictions', locals, { person: { email: account.email }, problem })
  }

  page(router, path, (ctx, { account }) => form(ctx, account, kept(account.restrictions)))

  router.post(path, async ctx => {
    const person = await who(ctx)
    const shown = typed(ctx)
    await submit(
      async () => perform(ctx, person, restrict, { to: meant(shown) }),
      problem => form(ctx, person.account, shown, problem),
    )
  })

  router.post('/account/security/travel', async ctx => {
    const person = await who(ctx)
    const country = requiredField(ctx, 'country', 10)
    const until = field(ctx, 'until', 40)
    await submit(
      () => perform(ctx, person, travel, { to: country === '' ? undefined : journey(country, until, now()) }),
      problem => form(ctx, person.account, kept(person.account.restrictions), problem),
    )
  })
}

/** Reads where somebody will be, to the end of a day. Throws `invalid_travel`. */
function journey(country: string, until: string, now: number): { country: string; until: number } {
  const end = /^\d{4}-\d\d-\d\d$/.test(until) ? Date.parse(until) + day : Number.NaN
  if (!allCountries().includes(country) || !(end > now && end <= now + (ahead + 1) * day))
    throw new Problem('invalid_travel', { field: 'until' })
  return { country, until: end }
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
