import type { Context } from 'koa'
import type { z } from 'zod'
import type { AdminScope } from '../accounts/role.ts'
import type { Action } from '../actions/action.ts'
import type { Operator } from '../admin/operation.ts'
import { Problem } from '../errors.ts'
import { submit } from './forms.ts'
import { notify, sayNotice } from './notices.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** For staff who hold no passkey. */
    'admin/passkey': Record<never, never>
  }
}

/** What a post of the staff does, and where it leads. */
interface Posted {
  /** The id of the operation. */
  operation: string
  given: Record<string, unknown>
  /** Where the browser goes when it is done, and where it comes back to after a proof. */
  next: string
  back: string
  /** What is said there: `admin.done.<done>`. */
  done: string
}

type Desk = Pick<
  Services,
  'router' | 'actions' | 'credentials' | 'factors' | 'roles' | 'show' | 'findSession' | 'beginProof'
>

/**
 * Returns what pages of the staff share: they open for accounts of a role whose passkey was proved a short while ago, and change something
 * only after a fresh proof. To anybody else who is signed in there is nothing at these addresses.
 */
export function desk({ router, actions, credentials, factors, roles, show, findSession, beginProof }: Desk) {
  const { look, confirm } = actions.staff

  /** Returns what a page of the staff stands in: who reads it, and what they may do. */
  const frame = async ({ account }: SignedIn) => ({
    person: { email: account.email },
    staff: [...(await roles.scopes(account.id))],
  })

  /** Returns this member of the staff as operations know them. */
  const operator = async (ctx: Context, { account }: SignedIn): Promise<Operator> => ({
    staff: account,
    scopes: await roles.scopes(account.id),
    origin: { request: ctx.state.request },
  })

  /** Prepares an action of the staff. Where their passkey is due first, asks for it and resolves to undefined; staff without a passkey are told to add one. */
  const prepared = async <A extends Action>(
    ctx: Context,
    person: SignedIn,
    action: A,
    given: z.input<A['args']>,
    next: string = ctx.path,
  ) => {
    const ready = await actions.prepare(ctx, person, action, given)
    if (!ready.asked) return ready
    const held = await credentials.of(person.account.id)
    const passkey = factors.find(({ id, multiFactor }) => multiFactor && held.some(each => each.factor === id))
    if (passkey) return void (await beginProof(ctx, person, action, ready, { next, wants: passkey.id }))
    ctx.status = 403
    show.page(ctx, 'admin/passkey', {}, { person: { email: person.account.email } })
  }

  const opening =
    (action: typeof look) =>
    (path: string, scope: AdminScope, shows: (ctx: Context, person: SignedIn) => Promise<void>) =>
      router.get(path, async ctx => {
        const person = await findSession(ctx)
        // For every address alike: nobody learns who is of the staff, or which cases there are.
        if (!person) return seeOther(ctx, `/sign-in?next=${encodeURIComponent(ctx.path)}`)
        if (!(await prepared(ctx, person, action, { scope }, ctx.url))) return
        sayNotice(ctx, person.account.id)
        await shows(ctx, person)
      })

  return {
    frame,
    operator,
    prepared,
    /** Serves a page to staff whose role has this scope. */
    page: opening(look),
    /** Serves a page that asks before something is changed. */
    asks: opening(confirm),
    /** Performs the operation that is posted to a path. `again` shows its page with the Problem that stopped it. */
    posts: (
      path: string,
      posted: (ctx: Context) => Posted | Promise<Posted>,
      again: (ctx: Context, person: SignedIn, problem: Problem) => Promise<void>,
    ) =>
      router.post(path, async ctx => {
        const person = await findSession(ctx)
        if (!person) throw new Problem('not_found')
        const { operation, given, next, back, done } = await posted(ctx)
        const action = actions.operations[operation]
        if (!action) throw new Problem('not_found')
        await submit(
          async () => {
            const ready = await prepared(ctx, person, action, given, back)
            if (!ready) return
            await actions.run(action, ready.args, ready.actor)
            notify(ctx, next, person.account.id, { key: `admin.done.${done}` })
            seeOther(ctx, next)
          },
          problem => again(ctx, person, problem),
        )
      }),
  }
}
