import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { type Case, standing } from '../account-recovery/cases.ts'
import { endings } from '../account-recovery/identity-documents.ts'
import { type KnownAddress, needed } from '../account-recovery/staff-decisions.ts'
import type { Problem } from '../errors.ts'
import { field, queryField, submit } from './forms.ts'
import { notify } from './notices.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { desk, frame, type Member, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** A part of each list; whether it is the `first` one, and where the `rest` is. */
    'admin/recovery': Record<
      'waiting' | 'granted',
      { cases: readonly CaseLine[]; first: boolean; rest: string | undefined }
    >
    /** Posts `verdict` (`approve` or `refuse`) and `reason` to `base`; documents are at `<base>/documents/<id>`. */
    'admin/case': CaseLine & {
      state: string
      base: string
      contact: string
      story: string
      /** Undefined where the address has no account. */
      known:
        | ({ since: number; seenAt: number | undefined; factors: readonly FactorView[]; ruled: boolean } & {
            addresses: readonly KnownAddress[]
          })
        | undefined
      disputes: readonly { masked: string; at: number }[]
      rivals: readonly string[]
      documents: readonly { id: string; type: string; kilobytes: number }[]
      decided: readonly { by: string; verdict: string; reason: string; at: number }[]
      /** Why the one who looks may not decide. */
      bars: 'own_case' | 'already_decided' | 'not_permitted' | undefined
      open: boolean
      /** The reason as typed. */
      typed: string
    }
  }
}

/**
 * Pages of the staff: for accounts of a role, whose passkey was proved a short while ago. To anybody else who is signed in there is
 * nothing at these addresses. What is done here opens no account, and shows or sets no secret.
 */
export function admin(services: Services): void {
  const { actions, staffDecisions, show } = services
  const { decide } = actions.staff
  const { page, posting, member, prepared } = desk(services)

  page('/admin/recovery', 'admin:recovery.read', async (ctx, by) => {
    const after = { waiting: caseNumber(ctx, 'waiting'), granted: caseNumber(ctx, 'granted') }
    const queue = await staffDecisions.queue(after)
    /** Returns the query that shows the rest of one list, and the other list as it is. */
    const rest = (list: keyof typeof queue) => {
      const { next } = queue[list]
      if (next === undefined) return undefined
      const query = Object.entries({ ...after, [list]: next }).filter(([, value]) => value !== undefined)
      return `?${new URLSearchParams(query as [string, string][])}`
    }
    const part = (list: keyof typeof queue) => ({
      cases: queue[list].cases.map(each => lineOf(each, by.staff.id)),
      first: after[list] === undefined,
      rest: rest(list),
    })
    show.page(ctx, 'admin/recovery', { waiting: part('waiting'), granted: part('granted') }, frame(by))
  })

  const one = async (ctx: Context, by: Member, problem?: Problem): Promise<void> => {
    const seen = await staffDecisions.look(ctx.params.number ?? '', by.staff)
    const { found, story, known, rivals, decided } = seen
    const bars = by.scopes.has('admin:recovery.decide') ? seen.bars : ('not_permitted' as const)
    const locals = {
      ...lineOf(found, by.staff.id),
      state: found.state,
      base: `/admin/recovery/${found.id}`,
      contact: found.contact,
      story,
      known: known && { ...known, factors: known.factors.map(id => ({ id })) },
      disputes: (found.disputes ?? []).map(({ masked, at }) => ({ masked, at })),
      rivals: rivals.map(({ id }) => id),
      documents: found.documents.map(({ id, type, bytes }) => ({ id, type, kilobytes: Math.ceil(bytes / 1024) })),
      decided,
      bars,
      open: found.endedAt === undefined,
      typed: problem ? reasonOf(ctx) : '',
    }
    show.page(ctx, 'admin/case', locals, { ...frame(by), problem })
  }
  page('/admin/recovery/:number', 'admin:recovery.read', one)

  page('/admin/recovery/:number/documents/:document', 'admin:recovery.decide', async (ctx, { staff }) => {
    const { number = '', document: id = '' } = ctx.params
    const { document, content } = await staffDecisions.document(number, id, staff)
    // A stranger's file runs nowhere, is taken for no other type, and has a name that we chose.
    ctx.set('Content-Security-Policy', "sandbox; default-src 'none'")
    ctx.attachment(`${number}-${id.slice(0, 6)}${endings[document.type][0]}`)
    ctx.type = document.type
    ctx.length = document.bytes
    ctx.body = Readable.from(content)
  })

  posting('/admin/recovery/:number', async (ctx, person) => {
    const verdict = field(ctx, 'verdict', 20) as 'approve' | 'refuse'
    const given = { number: ctx.params.number ?? '', verdict, reason: reasonOf(ctx) }
    const ready = await prepared(ctx, person, decide, given)
    if (!ready) return
    await submit(
      async () => {
        const notice = await actions.told(decide, ready.args, ready.actor, key => show.say(ctx.state.locale, key))
        await actions.run(decide, ready.args, ready.actor)
        if (notice) notify(ctx, decide.leadsTo, person.account.id, notice)
        seeOther(ctx, decide.leadsTo)
      },
      async problem => one(ctx, await member(ctx, person), problem),
    )
  })
}

/** An identity check as the staff list it. Times in milliseconds since the epoch. */
type CaseLine = ReturnType<typeof lineOf>

/** Returns an identity check as one of the staff sees it in a list. */
function lineOf(found: Case, staff: string) {
  return {
    number: found.id,
    at: found.createdAt,
    /** The address that was typed. */
    email: found.email,
    /** How many said yes, and how many must. */
    yes: standing(found).filter(each => each.verdict === 'approve').length,
    needed,
    /** Whether this one of the staff has decided. */
    mine: standing(found).some(each => each.staff === staff),
    /** When its delay is over, once it was agreed to. */
    until: found.until,
    /** Whether somebody objects to it from an address that is new to the account. */
    disputed: found.disputes !== undefined,
  }
}

/** Reads a case's number from the address. */
function caseNumber(ctx: Context, name: string): string | undefined {
  const typed = queryField(ctx, name, 21)
  return typed !== undefined && /^[\d-]{1,20}$/.test(typed) ? typed : undefined
}
