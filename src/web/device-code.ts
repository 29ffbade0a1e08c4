import type { Context } from 'koa'
import { agentOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import { typedCode } from '../factors/typed.ts'
import type { Waiting } from '../oidc/remote-approvals.ts'
import { apart } from '../risk/places.ts'
import { choices, field, queryField, submit } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { type ToldAttribute, toldAttributes } from './told-attributes.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks for the code that a device shows; posts `user_code` to `/device`. */
    'device/enter': { code: string }
    /**
     * Shows who asks and from where, beside where the person is; posts `user_code` to `/device/approve` and `/device/refuse`; `mine=yes`
     * where the two are apart, and `compared`, the code once more, where they are in two countries.
     */
    'device/confirm': {
      code: string
      there: { device: string; place: string; address: string }
      here: { place: string; address: string }
      apart: 'near' | 'far' | 'abroad'
      scopes: readonly string[]
      resources: readonly { name: string; scopes: readonly string[] }[]
      /** What the app would be told of the person; each is posted with the approval as `attribute`. */
      told: readonly ToldAttribute[]
      email: string
    }
    'device/connected': Record<never, never>
    'device/refused': Record<never, never>
  }
}

const home = '/device'
const hour = 3_600_000
/** How many characters of a typed code are read. */
const longest = 100
/** Wrong codes by one account, from one address, and in all: of 20^8 codes that live five minutes, nobody hits one (RFC 8628, 5.1). */
const guesses = {
  account: { tries: 10, window: hour },
  address: { tries: 30, window: hour },
  all: { tries: 1_000, window: hour },
}

/** Serves the pages where people let in a device that shows them a code (RFC 8628, 3.3): they sign in first, then see who asks and from where. */
export function deviceCode(services: Services): void {
  const { router, approvals, throttle, places, words, show, findSession, requireSession, perform, actions } = services
  const { approve, refuse } = actions.approvals
  const toldOf = toldAttributes(services)

  /** Resolves to what a code stands for; only wrong codes count as guesses. Throws `unknown_user_code` and `slow_down`. */
  const look = async (ctx: Context, { account }: SignedIn, code: string): Promise<Waiting> => {
    const { address } = ctx.state.visitor
    // A refused account or address does not use up the tries of all: nobody alone closes this page to everybody.
    const backs = [
      await throttle.ration('user-code.account', account.id, guesses.account),
      await throttle.ration('user-code.address', address, guesses.address),
      await throttle.ration('user-code.all', '', guesses.all),
    ]
    const found = code === '' ? undefined : await approvals.entered(code, account.id)
    if (!found) throw new Problem('unknown_user_code', { field: 'user_code' })
    for (const back of backs) await back()
    return found
  }
  const between = ({ address }: Waiting, here: string) =>
    apart({ address, country: places.of(address).country }, { address: here, country: places.of(here).country })

  const enter = (ctx: Context, code: string, problem?: Problem): void => {
    show.page(ctx, 'device/enter', { code }, { problem })
  }
  const confirm = async (ctx: Context, { account }: SignedIn, code: string, waiting: Waiting, problem?: Problem) => {
    const { locale, visitor } = ctx.state
    const { app, scopes, resources, address, agent } = waiting
    const there = { address, ...words.whence(locale, { address, agent: agentOf(agent) }) }
    const here = { address: visitor.address, ...words.whence(locale, { address: visitor.address, agent: {} }) }
    const distance = between(waiting, visitor.address)
    const told = await toldOf(ctx, app.id, account, waiting.attributes)
    const locals = { told, code, there, here, apart: distance, scopes, resources, email: account.email }
    show.page(ctx, 'device/confirm', locals, { towards: { name: app.name, tile: app.tile }, problem })
  }

  router.get(home, async ctx => {
    const code = spelled(queryField(ctx, 'user_code', longest) ?? '')
    if (code === '') return enter(ctx, '')
    const person = await findSession(ctx)
    if (!person) return seeOther(ctx, `/sign-in?next=${encodeURIComponent(`${home}?user_code=${code}`)}`)
    await submit(
      async () => confirm(ctx, person, code, await look(ctx, person, code)),
      problem => enter(ctx, code, problem),
    )
  })
  router.post(home, ctx => {
    const code = typedIn(ctx, 'user_code')
    if (code === '') return enter(ctx, '', new Problem('unknown_user_code', { field: 'user_code' }))
    seeOther(ctx, `${home}?user_code=${code}`)
  })

  router.post(`${home}/approve`, async ctx => {
    const person = await requireSession(ctx)
    const code = typedIn(ctx, 'user_code')
    const waiting = await look(ctx, person, code)
    const far = between(waiting, ctx.state.visitor.address)
    const again = (problem: Problem) => confirm(ctx, person, code, waiting, problem)
    if (far === 'abroad' && typedIn(ctx, 'compared') !== code)
      return again(new Problem('not_compared', { field: 'compared' }))
    if (far !== 'near' && field(ctx, 'mine', 10) !== 'yes') return again(new Problem('not_compared', { field: 'mine' }))
    const attributes = choices(ctx, 'attribute', longest)
    await perform(ctx, person, approve, { request: waiting.id, attributes }, { next: `${home}/connected` })
  })
  router.post(`${home}/refuse`, async ctx => {
    const person = await requireSession(ctx)
    const { id: request } = await look(ctx, person, typedIn(ctx, 'user_code'))
    await perform(ctx, person, refuse, { request, reported: false }, { next: `${home}/refused` })
  })
  router.get(`${home}/connected`, ctx => show.page(ctx, 'device/connected', {}))
  router.get(`${home}/refused`, ctx => show.page(ctx, 'device/refused', {}))
}

/** Reads a code from a posted form. */
const typedIn = (ctx: Context, name: string) => spelled(field(ctx, name, longest))

/** Spells a code as devices show it, however it was typed (RFC 8628, 6.1). */
function spelled(typed: string): string {
  const letters = typedCode(typed)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
  return letters.slice(0, 20).replace(/^(.{4})(.+)$/, '$1-$2')
}
