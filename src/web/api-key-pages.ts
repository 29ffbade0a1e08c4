import type { Context } from 'koa'
import type { Typed } from '../api-keys/api-key-form.ts'
import { type ApiKey, limit, type Revealed, scopes } from '../api-keys/api-keys.ts'
import type { Problem } from '../errors.ts'
import { choices, field, queryField, submit } from './forms.ts'
import type { Services } from './services.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Posts to `/account/api-keys`, and to `<id>/rename`, `<id>/rotate` and `<id>/revoke` below it. `at` is the key that the problem is about. */
    'account/api-keys': {
      keys: readonly KeyLine[]
      /** The scopes to choose from. */
      scopes: readonly string[]
      typed: Typed
      at: string | undefined
      /** The flow in which it was proved for this form, or for the key `at`, who somebody is; and what was typed as the public key of `at`. */
      draft: string | undefined
      publicKey: string
      /** YYYY-MM-DD. */
      today: string
      /** Whether the account has as many as it can have. */
      full: boolean
    }
    /** A key that was just made or rotated. No secret where the owner keeps the private key. */
    'account/api-key': { key: KeyLine; secret: string | undefined }
  }
}

const day = 24 * 3_600_000
/** How long a key lives unless its owner says otherwise, in milliseconds. */
const usual = 90 * day
const home = '/account/api-keys'
/** Characters that are read of what was typed. */
const longest = { addresses: 4_000, public_key: 1_000, other: 100 }

/** Serves the page where people see, make, rename, rotate and revoke their API keys. A secret is shown once, as the answer to the post that made it. */
export function apiKeys(services: Services): void {
  const { router, actions, owner, show, now, requireSession, page, perform, provedIn, confirming, typedBefore } =
    services
  const { create, rotate, rename, revoke } = actions.apiKeys

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
    /** The finished flow in which they proved who they are. */
    draft?: string | undefined
    publicKey?: string
    problem?: Problem
  }
  const list = async (ctx: Context, { account }: SignedIn, { problem, ...shown }: Shown = {}) => {
    const keys = (await owner.keys(account.id)).map(each => lineOf(each, now()))
    const begun = { typed: blank(), at: undefined, draft: undefined, publicKey: '', ...shown }
    const locals = { keys, scopes, ...begun, today: dayOf(now()), full: keys.length >= limit }
    show.page(ctx, 'account/api-keys', locals, { person: { email: account.email }, problem })
  }

  const proof = (ctx: Context) => field(ctx, 'draft', 100) || undefined

  /** Performs what was posted; shows the same page with what was typed where something is wrong with it. */
  const act = (path: string, does: (ctx: Context, person: SignedIn) => Promise<unknown>) =>
    router.post(path, async ctx => {
      const person = await requireSession(ctx)
      const at: string | undefined = ctx.params.key
      await submit(
        () => does(ctx, person),
        problem => {
          const typed = typedKey(ctx)
          const shown = at === undefined ? { typed } : { at, publicKey: typed.public_key }
          return list(ctx, person, { ...shown, draft: proof(ctx), problem })
        },
      )
    })

  const reveal = (ctx: Context, { account }: SignedIn, made: Revealed | undefined) => {
    if (!made) return
    const { key, secret } = made
    const locals = { key: lineOf(key, now()), secret }
    show.page(ctx, 'account/api-key', locals, { person: { email: account.email } })
  }

  page(home, async (ctx, person) => {
    const draft = queryField(ctx, 'draft', 100)
    const flow = draft === undefined ? undefined : await provedIn(ctx, person, draft).catch(() => undefined)
    const { id, args } = flow?.action ?? {}
    if (id === create.id) return list(ctx, person, { draft, typed: create.args.parse(args) })
    if (id !== rotate.id) return list(ctx, person, { typed: (await typedBefore(ctx, person, create)) ?? blank() })
    const { key: at, public_key: publicKey } = rotate.args.parse(args)
    await list(ctx, person, { draft, at, publicKey })
  })

  act(home, async (ctx, person) =>
    reveal(ctx, person, await perform(ctx, person, create, typedKey(ctx), { proof: proof(ctx) })),
  )
  act(`${home}/:key/rotate`, async (ctx, person) => {
    const { public_key } = typedKey(ctx)
    const given = { key: ctx.params.key, public_key }
    reveal(ctx, person, await perform(ctx, person, rotate, given, { proof: proof(ctx) }))
  })
  act(`${home}/:key/rename`, (ctx, person) =>
    perform(ctx, person, rename, { key: ctx.params.key, name: typedKey(ctx).name }),
  )
  const named = (ctx: Context) => ({ key: String(ctx.params.key) })
  confirming(`${home}/:key/revoke`, revoke, named)
  act(`${home}/:key/revoke`, (ctx, person) => perform(ctx, person, revoke, named(ctx)))
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

/** An API key in words. Times in milliseconds since the epoch. */
export type KeyLine = ReturnType<typeof lineOf>

/** Returns a key as pages list it: nothing that signs. */
function lineOf({ id, name, scopes, addresses, createdAt, usedAt, usedFrom, ...key }: ApiKey, now: number) {
  const { algorithm, endsAt, former } = key
  return {
    ...{ id, name, scopes, addresses, createdAt, usedAt, usedFrom },
    /** Whether it signs with a private key that its owner keeps. */
    pair: algorithm === 'ed25519',
    /** The last moment at which it signs, so that the last day is named and not the one after. */
    endsAt: endsAt && endsAt - 1,
    ended: endsAt !== undefined && endsAt <= now,
    /** Until when the key that a rotation replaced still signs. */
    formerUntil: former && now < former.until ? former.until : undefined,
  }
}
