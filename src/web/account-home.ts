import type { Account } from '../accounts/account.ts'
import { guards, limitedUntil } from '../flows/assurance.ts'
import { entriesOfRows, type Row, rows, wording } from './activity-words.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    'account/overview': {
      /** As they call themselves; empty where they did not say. */
      name: string
      email: string
      /** Masked. */
      phone: string | undefined
      /** Until then apps are told to wait with anything that cannot be undone. */
      holdUntil: number | undefined
      /** How many apps wait for an answer. */
      waiting: number
      /** A recovery code was used lately, and what is lost may still be set up. */
      lost?: boolean
      /** How many recovery codes are left, where they are few. */
      codes: number | undefined
      protection: ReturnType<typeof protectionOf>
      apps: readonly Launched[]
      signals: ReturnType<typeof signalsOf>
      /** What happened last. */
      lately: readonly Row[]
    }
    'sign-in/signed-out': { app: string | undefined; everywhere: boolean }
  }
}

/** An app to open. `usedAt` in milliseconds since the epoch; undefined where it was not used lately. */
interface Launched {
  id: string
  name: string
  tile: string
  logo: string | undefined
  home: string
  usedAt: number | undefined
}

/** How many recovery codes are few, and how many events are the last. */
const [few, last] = [3, 5]
/** How many entries of the log the last events are looked for in first: most of them are steps on the way to a sign-in. */
const enough = 20
const week = 7 * 24 * 3_600_000

/** Serves a person's own front page, and signs them out. */
export function account(services: Services): void {
  const { router, actions, activity, approvals, roles, sessions, show, now, page, post } = services
  const inWords = wording(services)

  page('/account', async (ctx, { account }) => {
    const { id, email, profile, holdUntil = 0 } = account
    const [factors, waiting, newest, apps] = await Promise.all([
      listed(services, id),
      approvals.of(id),
      activity.page(id, {}, undefined, enough),
      launcher(services, id),
    ])
    const { entries } = newest
    const happened =
      entriesOfRows(entries, last) ?? (newest.older === undefined ? entries : (await activity.page(id, {})).entries)
    const hint = (factor: string) => factors.find(each => each.factor.id === factor)?.hint
    const codes = Number(hint('recovery-code') ?? 0)
    const locals = {
      name: profile?.name ?? '',
      email,
      phone: hint('sms'),
      holdUntil: holdUntil > now() ? holdUntil : undefined,
      waiting: waiting.length,
      lost: mayBeLost(services, factors),
      codes: codes > few ? undefined : codes,
      protection: protectionOf(services, account, factors, codes),
      apps,
      signals: signalsOf(services, account, factors),
      lately: rows(await Promise.all(happened.map(each => inWords(ctx, each, factors)))).slice(0, last),
    }
    const staff = (await roles.held(id)).length > 0
    show.page(ctx, 'account/overview', locals, { person: { email, staff } })
  })

  router.post('/sign-out', async ctx => {
    await sessions.end(ctx, 'signed-out')
    seeOther(ctx, '/signed-out')
  })

  post('/sign-out/everywhere', actions.sessions.signOutEverywhere, () => ({}))

  for (const [path, everywhere] of [
    ['/signed-out', false],
    ['/signed-out/everywhere', true],
  ] as const)
    router.get(path, ctx => show.page(ctx, 'sign-in/signed-out', { app: undefined, everywhere }))
}

/**
 * What protects an account besides what every account has: what of it is there, and the best thing to do next. That recovery codes are few
 * is told apart.
 */
function protectionOf(
  { factors }: Pick<Services, 'factors'>,
  { antiPhishingPhrase }: Account,
  held: readonly CredentialLine[],
  codes: number,
) {
  const ways = held.flatMap(each => factors.find(({ id }) => id === each.factor.id) ?? []).filter(guards)
  const steps = {
    passkey: ways.some(each => each.strength === 'phr'),
    // People who lose the only one are left with recovery codes.
    spare: ways.length > 1,
    codes: codes > few,
    phrase: antiPhishingPhrase !== undefined,
  }
  const all = Object.entries(steps)
  const next = all.find(([step, done]) => !done && step !== 'codes')?.[0]
  return { done: all.filter(([, done]) => done).length, of: all.length, next }
}

/** Returns the apps that people open from here, the one that was used last first. */
async function launcher({ suite, book }: Pick<Services, 'suite' | 'book'>, account: string): Promise<Launched[]> {
  const apps = suite().filter(({ home }) => home !== undefined)
  if (apps.length === 0) return []
  const records = await book.of(account)
  return apps
    .flatMap(({ id, name, tile, logo, home, firstParty }): Launched[] => {
      const uses = records.filter(each => each.apps.includes(id)).map(each => each.endedAt ?? each.seenAt)
      const usedAt = uses.length > 0 ? Math.max(...uses) : undefined
      return home !== undefined && (firstParty || usedAt !== undefined) ? [{ id, name, tile, logo, home, usedAt }] : []
    })
    .sort((one, other) => (other.usedAt ?? 0) - (one.usedAt ?? 0))
}

/** Returns what password managers are told of an account: its passkeys, so that they keep no others (WebAuthn Level 3, 5.1.10), and its name. */
export function signalsOf(
  { rpId }: Pick<Services, 'rpId'>,
  { id: user, email: name }: Account,
  held: readonly CredentialLine[],
) {
  return { rpId, user, name, passkeys: held.flatMap(({ lookup }) => lookup ?? []) }
}

/** A credential as account pages list it. Times in milliseconds since the epoch. */
export type CredentialLine = Awaited<ReturnType<typeof listed>>[number]

/** Returns the credentials of an account as its pages list them: in order of preference, then of age. */
export async function listed(services: Pick<Services, 'credentials' | 'factors' | 'hold' | 'now'>, account: string) {
  const { credentials, factors, hold, now } = services
  const rank = (factor: string) => factors.findIndex(({ id }) => id === factor)
  const clock = { hold, now: now() }
  return (await credentials.of(account))
    .sort((a, b) => rank(a.factor) - rank(b.factor))
    .map(each => {
      const factor = factors.find(({ id }) => id === each.factor)
      const { id, label, lookup, createdAt, usedAt } = each
      const until = factor && limitedUntil(each, factor, clock)
      const line = {
        id,
        factor: { id: each.factor },
        label,
        lookup,
        hint: factor?.hint?.(each.secret),
        createdAt,
        usedAt,
      }
      /** `until`: when it begins to count for more than the proof that authorised it. */
      return { ...line, ...(until !== undefined && { until }) }
    })
}

/** Returns the second steps and passkeys that were there when the last recovery code was used; all of them where none was used. */
export function olderThanTheCode(
  { factors }: Pick<Services, 'factors'>,
  held: readonly CredentialLine[],
): CredentialLine[] {
  const used = codeUsedAt(held) ?? Number.POSITIVE_INFINITY
  const kept = factors.filter(guards).map(({ id }) => id)
  return held.filter(({ factor, createdAt }) => kept.includes(factor.id) && createdAt < used)
}

function codeUsedAt(held: readonly CredentialLine[]): number | undefined {
  return held.find(({ factor }) => factor.id === 'recovery-code')?.usedAt
}

/**
 * Says whether a recovery code was used within a week, something new was set up then, and something older is still there that was not used since:
 * its owner may have lost it.
 */
function mayBeLost(services: Pick<Services, 'factors' | 'now'>, held: readonly CredentialLine[]): boolean {
  const used = codeUsedAt(held)
  if (used === undefined || used < services.now() - week) return false
  const old = olderThanTheCode(services, held)
  const anew = held.some(({ factor, createdAt }) => old.some(each => each.factor.id === factor.id) && createdAt >= used)
  return anew && old.some(({ usedAt = 0 }) => usedAt < used)
}
