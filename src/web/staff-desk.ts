import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { AdminScope } from '../accounts/role.ts'
import type { Action } from '../actions/action.ts'
import type { Operator } from '../admin/operation.ts'
import { Problem } from '../errors.ts'
import type { callingCodes } from './calling-codes.ts'
import { field, submit } from './forms.ts'
import { notify, sayNotice } from './notices.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** For staff who hold no passkey. */
    'admin/passkey': Record<never, never>
    /** Asks before something is done: posts `reason` and `fields` to `action`. */
    'admin/act': Asked & {
      action: string
      /** The reason as typed. */
      typed: string
    }
  }
}

/** What is asked before something is done; its title is the phrase `admin.act.<act>`. */
interface Asked {
  act: string
  /** The address of the person, or the name of the app, that it is done to. */
  about: string
  /** Where it is cancelled to. */
  back: string
  fields: readonly (readonly [name: string, value: string])[]
  /** Addresses that are typed along with the reason, by the name of their field and of their phrase `admin.act.<name>`. */
  asks?: readonly { name: string; value: string; optional: boolean }[]
  /** Where one is a phone number: the countries that it can be of, and the chosen one. */
  dialled?: ReturnType<typeof callingCodes>
  country?: string | undefined
  /** Whether it is only proposed. */
  two: boolean
  /** What its button says, where that is not the title. */
  button?: string
}

/** One of the staff, as operations know them. */
export type Member = Operator & { staff: Account }

/** The operation that a post of the staff performs. */
interface Performed {
  operation: string
  given: Record<string, unknown>
  /** Where the browser comes back to after a proof. */
  back: string
}

/** What a post of the staff does, and where it leads. */
interface Posted extends Performed {
  /** Where the browser goes when it is done. */
  next: string
  /** What is said there: `admin.done.<done>`. */
  done: string
}

/** Shows a page to one of the staff: with what was typed, where a Problem stopped a post. */
type Shows = (ctx: Context, by: Member, problem?: Problem) => Promise<void>
/** Shows a page after a Problem stopped a post; `back` is where it is. */
type Again = (ctx: Context, person: SignedIn, back: string, problem: Problem) => Promise<void>

type Desk = Pick<
  Services,
  'router' | 'actions' | 'credentials' | 'factors' | 'roles' | 'show' | 'findSession' | 'beginProof'
>

/** Returns the reason that was typed. */
export const reasonOf = (ctx: Context): string => field(ctx, 'reason', 500)

/** Returns what every page of the staff shows around its content: who reads it, and what they may do. */
export const frame = ({ staff, scopes }: Member) => ({ person: { email: staff.email }, staff: [...scopes] })

/**
 * Returns what pages of the staff share: they open for accounts of a role whose passkey was proved a short while ago, and change something
 * only after a fresh proof. To anybody else who is signed in there is nothing at these addresses.
 */
export function desk({ router, actions, credentials, factors, roles, show, findSession, beginProof }: Desk) {
  const { look, confirm } = actions.staff

  /** Returns this member of the staff as operations know them. */
  const member = async (ctx: Context, { account }: SignedIn): Promise<Member> => ({
    staff: account,
    scopes: await roles.scopes(account.id),
    origin: { request: ctx.state.request },
  })

  /** Returns this member of the staff for what a script of a page asks. Throws what the page would not open for, and `sign_in_needed` where it would ask for the passkey first. */
  const reader = async (ctx: Context, person: SignedIn, scope: AdminScope): Promise<Member> => {
    const { asked } = await actions.prepare(ctx, person, look, { scope })
    if (asked) throw new Problem('sign_in_needed')
    return member(ctx, person)
  }

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

  /**
   * Serves a page to staff whose role has this scope. Returns a function that shows it again, only to those for whom it opens: a post may
   * be refused before anything is proved.
   */
  const opening =
    (action: typeof look) =>
    (path: string, scope: AdminScope, shows: Shows): Again => {
      router.get(path, async ctx => {
        const person = await findSession(ctx)
        // For every address alike: nobody learns who is of the staff, or which cases there are.
        if (!person) return seeOther(ctx, `/sign-in?next=${encodeURIComponent(ctx.path)}`)
        if (!(await prepared(ctx, person, action, { scope }, ctx.url))) return
        sayNotice(ctx, person.account.id)
        await shows(ctx, await member(ctx, person))
      })
      return async (ctx, person, back, problem) => {
        if (await prepared(ctx, person, look, { scope }, back)) await shows(ctx, await member(ctx, person), problem)
      }
    }
  const asks = opening(confirm)

  /** Serves what somebody who is signed in posts to a path. */
  const posting = (path: string, act: (ctx: Context, person: SignedIn) => Promise<void>) =>
    router.post(path, async ctx => {
      const person = await findSession(ctx)
      if (!person) throw new Problem('not_found')
      await act(ctx, person)
    })

  /** Performs the operation that is posted to a path; `answer` gets its outcome. */
  const performs = <P extends Performed>(
    path: string,
    posted: (ctx: Context, person: SignedIn) => P | Promise<P>,
    again: Again,
    answer: (ctx: Context, person: SignedIn, out: unknown, posted: P) => unknown,
  ) =>
    posting(path, async (ctx, person) => {
      const asked = await posted(ctx, person)
      const action = actions.operations[asked.operation]
      if (!action) throw new Problem('not_found')
      await submit(
        async () => {
          const ready = await prepared(ctx, person, action, asked.given, asked.back)
          if (ready) await answer(ctx, person, await actions.run(action, ready.args, ready.actor), asked)
        },
        problem => again(ctx, person, asked.back, problem),
      )
    })

  /** Says on the next page that it is done. */
  const said = (ctx: Context, { account }: SignedIn, _: unknown, { next, done }: Posted): void => {
    notify(ctx, next, account.id, { key: `admin.done.${done}` })
    seeOther(ctx, next)
  }
  /** Performs the operation that is posted to a path, and says on the next page that it is done. */
  const posts = (path: string, posted: (ctx: Context) => Posted | Promise<Posted>, again: Again) =>
    performs(path, posted, again, said)

  /** Serves the page that asks for a reason before something is done, and does what is posted to it. */
  const asksFirst = (
    path: string,
    scope: AdminScope,
    about: (ctx: Context, by: Member) => Promise<Asked & { title?: string }>,
    posted: (ctx: Context, person: SignedIn) => Posted,
    answer = said,
  ) => {
    const again = asks(path, scope, async (ctx, by, problem) => {
      const asked = await about(ctx, by)
      const { title = show.say(ctx.state.locale, `admin.act.${asked.act}`), ...locals } = asked
      const typed = problem ? reasonOf(ctx) : ''
      show.page(ctx, 'admin/act', { ...locals, action: ctx.path, typed }, { ...frame(by), title, problem })
    })
    performs(path, posted, again, answer)
  }

  return {
    member,
    reader,
    prepared,
    page: opening(look),
    /** Serves a page that asks before something is changed, as `page` does. */
    asks,
    asksFirst,
    posting,
    performs,
    posts,
  }
}
