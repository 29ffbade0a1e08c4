import Router from '@koa/router'
import type { Context } from 'koa'
import type { Accounts } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import { recent } from '../accounts/freshness.ts'
import { keyOf, parseForm, type Typed } from '../api-keys/api-key-form.ts'
import { type ApiKey, limit, type Revealed, scopes } from '../api-keys/api-keys.ts'
import type { Drafts } from '../api-keys/drafts.ts'
import type { Owner } from '../api-keys/owner.ts'
import type { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import { counted, reaches, strongestOf } from '../flows/assurance.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flows } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { beginFlow } from './flow-start.ts'
import { choices, field, queryField, submit } from './forms.ts'
import { type Show, seeOther } from './show.ts'
import { doorkeeper, type SignedIn, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Posts to `/account/api-keys`, and to `<id>/rename`, `<id>/rotate` and `<id>/revoke` below it. `at` is the key that the problem is about. */
    'account/api-keys': {
      keys: readonly KeyLine[]
      /** What there is to choose from. */
      scopes: readonly string[]
      typed: { name: string; scope: readonly string[]; addresses: string; expires: string; public_key: string }
      at: string | undefined
      /** YYYY-MM-DD. */
      today: string
      /** The account has as many as it can have. */
      full: boolean
    }
    /** A key that was made or rotated a moment ago. No secret where the owner keeps the private key. */
    'account/api-key': { key: KeyLine; secret: string | undefined }
  }
}

/** An API key in words. Times in milliseconds since the epoch. */
export interface KeyLine {
  id: string
  name: string
  scopes: readonly string[]
  addresses: readonly string[]
  /** It signs with a private key that its owner keeps. */
  pair: boolean
  createdAt: number
  usedAt: number | undefined
  usedFrom: string | undefined
  /** The last moment that it signs. */
  endsAt: number | undefined
  ended: boolean
  /** Until when what a rotation replaced still signs. */
  formerUntil: number | undefined
}

const minute = 60_000
const day = 24 * 60 * minute
/** How long one proof does for making secrets, in milliseconds. */
const fresh = 10 * minute
/** How long a key lives unless its owner says otherwise, in milliseconds. */
const usual = 90 * day
const home = '/account/api-keys'
/** Characters that are read of what was typed. */
const longest = { addresses: 4_000, public_key: 1_000, other: 100 }

interface Services {
  accounts: Accounts
  flows: Flows
  resume: Resume
  sessions: Sessions
  owner: Owner
  drafts: Drafts
  credentials: Pick<Credentials, 'of'>
  factors: readonly Factor[]
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  show: Show
  now: () => number
}

/** The API keys of an account: to see, make, rename, rotate and revoke. A secret is shown once, to somebody who has just proved who they are. */
export function apiKeys(services: Services): Router<Visit> {
  const { owner, drafts, credentials, factors, hold, show, now } = services
  const router = new Router<Visit>()
  const { who, page } = doorkeeper(services)

  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
  const blank = (): Typed => ({
    name: '',
    scope: ['read'],
    addresses: '',
    expires: dayOf(now() + usual),
    public_key: '',
  })

  interface Shown {
    typed?: Typed
    /** The key that was to be changed. */
    at?: string
    problem?: Problem
  }
  const list = async (ctx: Context, { account }: SignedIn, { typed = blank(), at, problem }: Shown = {}) => {
    const keys = (await owner.keys(account.id)).map(each => lineOf(each, now()))
    const locals = { keys, scopes, typed, at, today: dayOf(now()), full: keys.length >= limit }
    show.page(ctx, 'account/api-keys', locals, { person: { email: account.email }, problem })
  }

  /** Does what was posted; what is wrong with it is said on the same page, where all that was typed still stands. */
  const act = (path: string, does: (ctx: Context, person: SignedIn) => Promise<void>) =>
    router.post(path, async ctx => {
      const person = await who(ctx)
      const at: string | undefined = ctx.params.key
      await submit(
        () => does(ctx, person),
        problem => list(ctx, person, { at, problem, ...(at === undefined && { typed: typedKey(ctx) }) }),
      )
    })

  /** What a key is worth to a thief is worth the strongest factor of its owner, as any other change is. */
  const wanted = async ({ account }: SignedIn) =>
    strongestOf(counted(factors, await credentials.of(account.id), { hold, now: now() }).available)
  const proved = async (person: SignedIn) =>
    reaches(person.session.acr, await wanted(person)) && recent(person.session.since, fresh, now())
  const prove = async (ctx: Context, person: SignedIn, next: string) => {
    const { account, session } = person
    const { id, email, securityStamp } = account
    const reason = show.say(ctx.state.locale, 'reason.key')
    const begun = { account: id, email, securityStamp, session: session.uid, next, reason }
    return beginFlow(ctx, services, { ...begun, purpose: 'step-up', acr: await wanted(person) })
  }
  const reveal = (ctx: Context, { account }: SignedIn, { key, secret }: Revealed) => {
    const locals = { key: lineOf(key, now()), secret }
    show.page(ctx, 'account/api-key', locals, { person: { email: account.email } })
  }

  page(router, home, async (ctx, person) => {
    const draft = queryField(ctx, 'draft', 100)
    await list(ctx, person, { typed: draft === undefined ? undefined : await drafts.get(draft, person.account.id) })
  })

  act(home, async (ctx, person) => {
    const shown = typedKey(ctx)
    const form = parseForm(shown, now())
    if (!(await proved(person)))
      return prove(ctx, person, `${home}?draft=${await drafts.keep(person.account.id, shown)}`)
    reveal(ctx, person, await owner.make(person.account, form, ctx.state.visitor))
  })

  act(`${home}/:key/rotate`, async (ctx, person) => {
    if (!(await proved(person))) return prove(ctx, person, home)
    const publicKey = keyOf(typedKey(ctx).public_key)
    reveal(ctx, person, await owner.rotate(person.account, ctx.params.key, publicKey, ctx.state.visitor))
  })

  act(`${home}/:key/rename`, async (ctx, { account }) => {
    await owner.rename(account, ctx.params.key, typedKey(ctx).name, ctx.state.visitor)
    seeOther(ctx, home)
  })

  act(`${home}/:key/revoke`, async (ctx, { account }) => {
    await owner.revoke(account, ctx.params.key, ctx.state.visitor)
    seeOther(ctx, home)
  })

  return router
}

/** Reads the form of a key, cut to what a page may show again. */
export function typedKey(ctx: Context): Typed {
  const text = (name: keyof Typed, max: number) => field(ctx, name, max).trim()
  return {
    name: text('name', longest.other),
    scope: choices(ctx, 'scope', longest.other)
      .flatMap(each => each.split(/\s+/))
      .filter(each => each !== ''),
    addresses: text('addresses', longest.addresses),
    expires: text('expires', longest.other),
    public_key: text('public_key', longest.public_key),
  }
}

/** A key as pages list it: nothing that signs. */
function lineOf(key: ApiKey, now: number): KeyLine {
  const { id, name, scopes, addresses, algorithm, createdAt, usedAt, usedFrom, endsAt, former } = key
  return {
    id,
    name,
    scopes,
    addresses,
    pair: algorithm === 'ed25519',
    createdAt,
    usedAt,
    usedFrom,
    // Its last moment, so that the last day is named and not the one after.
    endsAt: endsAt && endsAt - 1,
    ended: endsAt !== undefined && endsAt <= now,
    formerUntil: former && now < former.until ? former.until : undefined,
  }
}
