import Router from '@koa/router'
import { newest, type SessionBook, type SessionRecord } from '../accounts/session.ts'
import type { Risk } from '../risk/weigh.ts'
import { requiredField } from './forms.ts'
import type { Words } from './phrases.ts'
import { stepUp } from './step-up.ts'
import { requireSession, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Posts to `/account/sessions/end` (`session`) and `/account/sessions/end-others`. */
    /** `cut` says after how many the past ones end, where there are more. */
    'account/sessions': {
      current: readonly SessionLine[]
      past: readonly SessionLine[]
      cut: number | undefined
    }
  }
}

/** A session in words. Times in milliseconds since the epoch; 0 where nobody knows. */
interface SessionLine {
  id: string
  device: string
  /** Held in the hand. */
  phone: boolean
  place: string
  address: string
  /** What was proved. */
  how: readonly string[]
  apps: readonly string[]
  startedAt: number
  seenAt: number
  /** It is the one that this page is seen in. */
  here: boolean
  /** Why it stands out: each has a phrase, `risk.<id>`. */
  unusual: readonly string[]
  /** Its phrase is `session.why.<why>`. No time where it came to its own end. */
  ended: { at: number | undefined; why: string } | undefined
}

type Services = Parameters<typeof stepUp>[0] & {
  book: SessionBook
  risk: Risk
  /** The name of an app by its client id. */
  appName: (client: string) => Promise<string | undefined>
  words: Words
}

const path = '/account/sessions'

/** Proofs that are worth a word (RFC 8176); the others say the same again. */
const worded = ['pwd', 'otp', 'sms', 'pop']

/** Where somebody sees their sessions, on every device, and ends them. */
export function sessions(services: Services): Router<Visit> {
  const { sessions, book, risk, appName, words, show } = services
  const router = new Router<Visit>()
  const { page } = requireSession(services)
  const { post } = stepUp(services)

  const line = async (locale: string, record: SessionRecord): Promise<Omit<SessionLine, 'here' | 'unusual'>> => ({
    id: record.id,
    device: words.device(locale, record.agent),
    phone: ['iOS', 'Android'].includes(record.agent.system ?? ''),
    place: words.place(locale, record),
    address: record.address,
    how: record.amr.filter(each => worded.includes(each)).map(each => show.say(locale, `amr.${each}`)),
    apps: (await Promise.all(record.apps.map(appName))).filter(name => name !== undefined),
    startedAt: record.startedAt,
    seenAt: record.seenAt,
    ended: undefined,
  })

  page(router, path, async (ctx, { account, session }) => {
    const { locale } = ctx.state
    const [live, records] = await Promise.all([sessions.of(account.id), book.of(account.id)])
    const unusual = risk.unusual(records)
    // Whatever lives is shown, on record or not.
    const known = new Map(records.map(each => [each.id, each]))
    const living = await Promise.all(live.map(id => line(locale, known.get(id) ?? blank(id, account.id))))
    const current = living.map(each => ({
      ...each,
      here: each.id === session.uid,
      unusual: unusual.get(each.id) ?? [],
    }))
    const over = records
      .filter(each => !live.includes(each.id))
      .map(async each => ({
        ...(await line(locale, each)),
        here: false,
        unusual: unusual.get(each.id) ?? [],
        // What nobody ended came to its own end.
        ended: { at: each.endedAt, why: each.why ?? 'expired' },
      }))
    const past = await Promise.all(over)
    const { email } = account
    const cut = records.length < newest ? undefined : newest
    show.page(ctx, 'account/sessions', { current: current.sort(byInterest), past, cut }, { person: { email } })
  })

  const { end, endOthers } = services.actions.sessions
  post(router, `${path}/end`, end, ctx => ({ session: requiredField(ctx, 'session', 100) }))
  post(router, `${path}/end-others`, endOthers, () => ({}))

  return router
}

/** The unusual one first, then this one, then those that were used last. */
function byInterest(one: SessionLine, other: SessionLine): number {
  const rank = ({ unusual, here }: SessionLine): number => (unusual.length > 0 ? 0 : here ? 1 : 2)
  return rank(one) - rank(other) || (other.seenAt ?? 0) - (one.seenAt ?? 0)
}

function blank(id: string, account: string): SessionRecord {
  return { id, account, address: '', agent: {}, acr: '', amr: [], startedAt: 0, seenAt: 0, apps: [], expiresAt: 0 }
}
