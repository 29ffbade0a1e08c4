import type { Context } from 'koa'
import { newest, type SessionRecord } from '../accounts/session.ts'
import { requiredField } from './forms.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** Posts to `/account/sessions/end` (`session`) and `/account/sessions/end-others`. `cut`: how many past ones are shown, where there are more. */
    'account/sessions': {
      current: readonly SessionLine[]
      past: readonly SessionLine[]
      cut: number | undefined
    }
  }
}

/** A session in words. Times in milliseconds since the epoch; 0 where they are unknown. */
export type SessionLine = Awaited<ReturnType<typeof lineOf>>

const path = '/account/sessions'

/** Proofs that are named (RFC 8176); the others repeat them. */
const worded = ['pwd', 'otp', 'sms', 'pop']

/** Serves the page where people see their sessions on all devices, and end them. */
export function sessions(services: Services): void {
  const { show, page, post, actions } = services
  page(path, async (ctx, { account, session }) => {
    const { current, past, cut } = await sessionLines(ctx, services, account.id, session.uid)
    const locals = { current, past: await past(), cut }
    show.page(ctx, 'account/sessions', locals, { person: { email: account.email } })
  })

  const { end, endOthers } = actions.sessions
  post(`${path}/end`, end, ctx => ({ session: requiredField(ctx, 'session', 100) }))
  post(`${path}/end-others`, endOthers, () => ({}))
}

/** Returns the sessions of an account as pages list them; `here` is the one that the page is seen in. */
export async function sessionLines(
  ctx: Context,
  services: Pick<Services, 'sessions' | 'book' | 'risk' | 'words' | 'show' | 'appName'>,
  account: string,
  here: string,
) {
  const { sessions, book, risk } = services
  const [live, records] = await Promise.all([sessions.of(account), book.of(account)])
  const stands = risk.unusual(records)
  const line = (record: SessionRecord, lives: boolean) =>
    lineOf(ctx, services, record, {
      here: record.id === here,
      unusual: stands.get(record.id) ?? [],
      // A session that nobody ended came to its own end.
      ended: lives ? undefined : { at: record.endedAt, why: record.why ?? 'expired' },
    })
  // Every session that lives is shown, on record or not.
  const known = new Map(records.map(each => [each.id, each]))
  const current = await Promise.all(live.map(id => line(known.get(id) ?? blank(id, account), true)))
  return {
    current: current.sort(byInterest),
    past: () => Promise.all(records.filter(each => !live.includes(each.id)).map(each => line(each, false))),
    cut: records.length < newest ? undefined : newest,
  }
}

/** Returns a session as pages list it. */
async function lineOf(
  ctx: Context,
  { words, show, appName }: Pick<Services, 'words' | 'show' | 'appName'>,
  { id, agent, address, startedAt, seenAt, ...record }: SessionRecord,
  state: {
    /** Whether this page is seen in it. */
    here: boolean
    /** Why it stands out: each has a phrase, `risk.<id>`. */
    unusual: readonly string[]
    /** Its phrase is `session.why.<why>`. No time where it came to its own end. */
    ended: { at: number | undefined; why: string } | undefined
  },
) {
  const { locale } = ctx.state
  return {
    ...{ id, address, startedAt, seenAt, ...state },
    /** Its device's id, where it is known. */
    key: record.device,
    device: words.device(locale, agent),
    /** Whether it is a device to hold in the hand. */
    phone: ['iOS', 'Android'].includes(agent.system ?? ''),
    place: words.place(locale, record),
    /** What was proved. */
    how: record.amr.filter(each => worded.includes(each)).map(each => show.say(locale, `amr.${each}`)),
    apps: (await Promise.all(record.apps.map(appName))).filter(name => name !== undefined),
  }
}

/** Sorts the unusual sessions first, then this one, then those that were used last. */
function byInterest(one: SessionLine, other: SessionLine): number {
  const rank = ({ unusual, here }: SessionLine): number => (unusual.length > 0 ? 0 : here ? 1 : 2)
  return rank(one) - rank(other) || other.seenAt - one.seenAt
}

function blank(id: string, account: string): SessionRecord {
  return { id, account, address: '', agent: {}, acr: '', amr: [], startedAt: 0, seenAt: 0, apps: [], expiresAt: 0 }
}
