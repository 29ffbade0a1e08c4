import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { type Case, checks, standing } from '../account-recovery/cases.ts'
import { endings, isPicture } from '../account-recovery/identity-documents.ts'
import { type KnownAddress, needed } from '../account-recovery/staff-decisions.ts'
import { Problem } from '../errors.ts'
import { field, queryField, submit } from './forms.ts'
import { notify } from './notices.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { desk, frame, type Member, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** A part of each list; whether it is the `first` one, and where the `rest` is. */
    'admin/recovery': Record<
      'waiting' | 'granted' | 'closed',
      { cases: readonly CaseLine[]; first: boolean; rest: string | undefined }
    >
    /** All documents of a case side by side, and where each is; those that are not `shown` cannot be. */
    'admin/documents': { number: string; base: string; documents: readonly (DocumentLine & { at: string })[] }
    /** Posts `verdict` (`approve` or `refuse`), `reason` and `check-<check>` to `base`; documents are at `<base>/documents`. */
    'admin/case': CaseLine & {
      base: string
      contact: string
      story: string
      /** Undefined where the address has no account. */
      known:
        | ({ since: number; seenAt: number | undefined; factors: readonly FactorView[]; ruled: boolean } & {
            addresses: readonly KnownAddress[]
            /** Devices and countries that it is used from, most often first. */
            devices: readonly string[]
            places: readonly string[]
          })
        | undefined
      /** Where the documents were handed in from, and whether the account was used from there; undefined once the case is closed. */
      from: { device: string; place: string; address: string; known: { device: boolean; place: boolean } } | undefined
      disputes: readonly { masked: string; at: number }[]
      rivals: readonly string[]
      documents: readonly DocumentLine[]
      decided: readonly {
        by: string
        verdict: string
        reason: string
        checks?: readonly string[] | undefined
        at: number
      }[]
      /** What has to be checked before an approval, and what is ticked. */
      checks: readonly { id: string; ticked: boolean }[]
      /** Why the one who looks may not decide. */
      bars: 'own_case' | 'own_start' | 'already_decided' | 'not_permitted' | undefined
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
  const { actions, staffDecisions, words, places, show, now } = services
  const { decide } = actions.staff
  const { page, posting, member, prepared } = desk(services)

  page('/admin/recovery', 'admin:recovery.read', async (ctx, by) => {
    const lists = ['waiting', 'granted', 'closed'] as const
    const after: Parameters<typeof staffDecisions.queue>[0] = {}
    for (const list of lists) after[list] = caseNumber(ctx, list)
    const queue = await staffDecisions.queue(after)
    /** Returns the query that shows the rest of one list, and the others as they are. */
    const rest = (list: keyof typeof queue) => {
      const { next } = queue[list]
      if (next === undefined) return undefined
      const query = Object.entries({ ...after, [list]: next }).filter(([, value]) => value !== undefined)
      return `?${new URLSearchParams(query as [string, string][])}`
    }
    const part = (list: keyof typeof queue) => ({
      cases: queue[list].cases.map(each => lineOf(each, by.staff.id, now())),
      first: after[list] === undefined,
      rest: rest(list),
    })
    const parts = { waiting: part('waiting'), granted: part('granted'), closed: part('closed') }
    show.page(ctx, 'admin/recovery', parts, frame(by))
  })

  type Used = NonNullable<Awaited<ReturnType<typeof staffDecisions.look>>['known']>['sessions']
  /** Names the devices and the countries that an account is used from, most often first. */
  const usual = ({ state: { locale } }: Context, sessions: Used) => ({
    devices: oftenest(sessions.map(({ agent }) => words.device(locale, agent))),
    places: oftenest(sessions.flatMap(({ country }) => (country ? words.place(locale, { country }) : []))),
  })
  /** Names where a case was handed in from, and compares it with where the account is used from. */
  const whence = ({ state: { locale } }: Context, { from }: Case, sessions: Used) => {
    if (!from) return { from: undefined }
    const { country } = places.of(from.address)
    const device = sessions.some(
      ({ agent: { browser, system } }) => browser === from.agent.browser && system === from.agent.system,
    )
    const known = { device, place: sessions.some(each => each.country === country) }
    return { from: { ...words.whence(locale, from), address: from.address, known } }
  }

  const one = async (ctx: Context, by: Member, problem?: Problem): Promise<void> => {
    const seen = await staffDecisions.look(ctx.params.number ?? '', by.staff)
    const { found, story, known, rivals, decided } = seen
    const bars = by.scopes.has('admin:recovery.decide') ? seen.bars : ('not_permitted' as const)
    const locals = {
      ...lineOf(found, by.staff.id, now()),
      base: `/admin/recovery/${found.id}`,
      contact: found.contact,
      story,
      ...whence(ctx, found, known?.sessions ?? []),
      known: known && { ...known, ...usual(ctx, known.sessions), factors: known.factors.map(id => ({ id })) },
      disputes: (found.disputes ?? []).map(({ masked, at }) => ({ masked, at })),
      rivals: rivals.map(({ id }) => id),
      documents: documentsOf(found),
      decided,
      bars,
      open: found.endedAt === undefined,
      checks: checks.map(id => ({ id, ticked: problem !== undefined && checksOf(ctx).includes(id) })),
      typed: problem ? reasonOf(ctx) : '',
    }
    show.page(ctx, 'admin/case', locals, { ...frame(by), problem })
  }
  page('/admin/recovery/:number', 'admin:recovery.read', one)

  page('/admin/recovery/:number/documents', 'admin:recovery.decide', async (ctx, by) => {
    const { found, bars } = await staffDecisions.look(ctx.params.number ?? '', by.staff)
    if (bars === 'own_case') throw new Problem('not_found')
    const base = `/admin/recovery/${found.id}`
    const documents = documentsOf(found).map(each => ({ ...each, at: `${base}/documents/${each.id}` }))
    show.page(ctx, 'admin/documents', { number: found.id, base, documents }, frame(by))
  })

  page('/admin/recovery/:number/documents/:document', 'admin:recovery.decide', async (ctx, { staff }) => {
    const { number = '', document: id = '' } = ctx.params
    const { document, content } = await staffDecisions.document(number, id, staff)
    // A stranger's file runs nowhere, is taken for no other type, has a name that we chose, and is drawn in our page.
    ctx.set('Content-Security-Policy', "sandbox; default-src 'none'")
    ctx.attachment(`${number}-${id.slice(0, 6)}${endings[document.type][0]}`, { type: 'inline' })
    ctx.type = document.type
    ctx.length = document.bytes
    ctx.body = Readable.from(content)
  })

  posting('/admin/recovery/:number', async (ctx, person) => {
    const verdict = field(ctx, 'verdict', 20) as 'approve' | 'refuse'
    const given = { number: ctx.params.number ?? '', verdict, reason: reasonOf(ctx), checks: checksOf(ctx) }
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

const day = 24 * 3_600_000

/** An identity check as the staff list it. Times in milliseconds since the epoch. */
type CaseLine = ReturnType<typeof lineOf>

/** Returns an identity check as one of the staff sees it in a list. */
function lineOf(found: Case, staff: string, now: number) {
  const [stands, { until = 0 }] = [standing(found), found]
  const decision = found.disputes && stands.length === 0 ? 'again' : stands.length === 0 ? 'first' : 'second'
  return {
    number: found.id,
    state: found.state,
    at: found.createdAt,
    endedAt: found.endedAt,
    /** For how many whole days it has been there. */
    days: Math.floor((now - found.createdAt) / day),
    /** What happens next: a decision of the staff, the end of its delay, or what the person does then. */
    waits: found.state === 'waiting' ? decision : found.state === 'granted' && until <= now ? 'person' : 'delay',
    /** The address that was typed. */
    email: found.email,
    /** How many must say yes. */
    needed,
    /** Whether this one of the staff has decided. */
    mine: stands.some(each => each.staff === staff),
    /** When its delay is over, once it was agreed to. */
    until: found.until,
    /** Whether somebody objects to it from an address that is new to the account. */
    disputed: found.disputes !== undefined,
  }
}

/** Returns what was ticked of what has to be checked. */
function checksOf(ctx: Context) {
  return checks.filter(each => field(ctx, `check-${each}`, 10) === 'yes')
}

/** A document as pages list it: one that is not `shown` was handed in as a PDF, when that was still possible. */
type DocumentLine = ReturnType<typeof documentsOf>[number]

/** Returns the documents of a case as pages list them. */
function documentsOf({ documents }: Case) {
  return documents.map(each => ({
    ...{ id: each.id, type: each.type as string, shown: isPicture(each) },
    kilobytes: Math.ceil(each.bytes / 1024),
  }))
}

/** Returns the three that come up most often, most often first. */
function oftenest(all: readonly string[]): string[] {
  const times = (name: string) => all.filter(each => each === name).length
  return [...new Set(all)].sort((a, b) => times(b) - times(a)).slice(0, 3)
}

/** Reads a case's number from the address. */
function caseNumber(ctx: Context, name: string): string | undefined {
  const typed = queryField(ctx, name, 21)
  return typed !== undefined && /^[\d-]{1,20}$/.test(typed) ? typed : undefined
}
