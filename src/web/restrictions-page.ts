import type { Context } from 'koa'
import type { Account, Restrictions } from '../accounts/account.ts'
import { dayOf } from '../accounts/time-zone.ts'
import { Problem } from '../errors.ts'
import { allCountries } from '../risk/countries.ts'
import { keptBlock } from '../risk/restrictions.ts'
import { choices, field, requiredField, submit } from './forms.ts'
import type { Words } from './phrases.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** Rules that an owner sets; posts to itself. `all`: every country. `here`: where this page is seen. */
    'account/restrictions': Typed & {
      all: readonly { code: string; name: string }[]
      here: { address: string; place: string }
      /** Where the owner will be, posted as `country` and `until` (a day) to `/account/security/travel`; and the first and the last day to choose. */
      travel: { country: string; until: string; from: string; to: string }
    }
  }
}

const path = '/account/security/restrictions'
/** How many blocks one account may name, and how many characters of them are read. */
const most = { blocks: 50, typed: 4_000 }
const day = 24 * 3_600_000
/** How many days ahead people may announce a journey. */
const ahead = 90

/** Serves the page where owners restrict sign-ins: to trusted devices, to addresses, to countries. */
export function restrictions({
  typedBefore,
  router,
  words,
  show,
  now,
  page,
  requireSession,
  perform,
  actions,
}: Services): void {
  const { restrict, travel } = actions.restrictions

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

  page(path, async (ctx, person) => {
    const typed = await typedBefore(ctx, person, restrict)
    form(ctx, person.account, kept(typed?.to ?? person.account.restrictions))
  })

  router.post(path, async ctx => {
    const person = await requireSession(ctx)
    const shown = typed(ctx)
    await submit(
      async () => perform(ctx, person, restrict, { to: meant(shown) }),
      problem => form(ctx, person.account, shown, problem),
    )
  })

  router.post('/account/security/travel', async ctx => {
    const person = await requireSession(ctx)
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

/** Who may sign in, in words; empty lists where anybody may from anywhere. */
export type RestrictionsView = ReturnType<typeof restrictionsOf>

/** Returns the rules of an account in words, for the page that sums up its security. */
export function restrictionsOf(locale: string, words: Words, { restrictions }: Account) {
  return {
    devices: restrictions?.devices === true,
    addresses: restrictions?.addresses ?? [],
    countries: (restrictions?.countries ?? []).map(country => words.place(locale, { country })),
  }
}

/** The form as it was typed. */
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

/** Reads the restrictions that a form asks for; empty fields restrict nothing. Throws `invalid_block`. */
function meant({ devices, addresses, countries }: Typed): Restrictions {
  const blocks = addresses
    .split(/[\s,;]+/)
    .filter(each => each !== '')
    .map(each => {
      const block = keptBlock(each)
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
