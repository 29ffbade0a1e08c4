import type { Context } from 'koa'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import { recent } from '../accounts/freshness.ts'
import { originOf } from '../accounts/origin.ts'
import type { Owner } from '../api-keys/owner.ts'
import { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import { counted, reaches, strongestOf } from '../flows/assurance.ts'
import type { Closing } from '../flows/closing.ts'
import type { Resume } from '../flows/flow.ts'
import type { Change, Flows, NewFlow } from '../flows/flow-store.ts'
import type { Protection } from '../flows/protection.ts'
import type { CurrentSession, Sessions } from '../oidc/browser-sessions.ts'
import { beginFlow } from './flow-start.ts'
import { type Show, seeOther } from './show.ts'
import { doorkeeper, type SignedIn } from './visit.ts'

/** How long one proof of the strongest factor does for changes, in milliseconds. */
const fresh = 5 * 60_000
/** Where changes of what protects an account begin and end. */
export const home = '/account/security'

export interface Changes {
  protection: Protection
  closing: Closing
  sessions: Sessions
  owner: Pick<Owner, 'revokeAll'>
}

interface Services extends Changes {
  accounts: Accounts
  credentials: Credentials
  factors: readonly Factor[]
  flows: Flows
  resume: Resume
  show: Show
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  now: () => number
}

/** What asks for the strongest factor that is held. */
export interface Changing {
  /** Was it proved in this session a moment ago? */
  fresh(session: CurrentSession, held: readonly Credential[]): boolean
  /** Begins a flow of who is signed in, in their session. */
  begin(ctx: Context, person: SignedIn, begun: Omit<NewFlow, 'device' | 'locale'>): Promise<void>
  /** Makes a change at once where it was proved a moment ago, and asks for it first where it was not. */
  change(ctx: Context, wanted: Change): Promise<void>
}

/** Makes what asks for a fresh proof before a change. */
export function changing(services: Services): Changing {
  const { credentials, factors, protection, show, hold, now } = services
  const { who } = doorkeeper(services)

  const freshly: Changing['fresh'] = ({ acr, since }, held) => {
    const wanted = strongestOf(counted(factors, held, { hold, now: now() }).available)
    return reaches(acr, wanted) && recent(since, fresh, now())
  }
  const begin: Changing['begin'] = (ctx, { account, session }, begun) => {
    const { id, email, securityStamp } = account
    return beginFlow(ctx, services, { account: id, email, securityStamp, session: session.uid, next: home, ...begun })
  }
  const named = (ctx: Context, held: readonly Credential[], wanted: Change): string => {
    const credential = 'credential' in wanted ? held.find(each => each.id === wanted.credential) : undefined
    return credential ? (credential.label ?? show.say(ctx.state.locale, `factor.${credential.factor}.name`)) : ''
  }

  return {
    fresh: freshly,
    begin,
    change: async (ctx, wanted) => {
      const person = await who(ctx)
      const { id } = person.account
      await protection.check(id, wanted)
      const held = await credentials.of(id)
      if (!freshly(person.session, held)) {
        const reason = show.say(ctx.state.locale, `reason.${wanted.does}`, { what: named(ctx, held, wanted) })
        return begin(ctx, person, { purpose: 'change', change: wanted, reason })
      }
      await changed(ctx, services, person.account, wanted, person.session.uid)
      seeOther(ctx, wanted.does === 'close' ? '/closing' : home)
    },
  }
}

/** Makes a change, and ends what else is signed in where it changes a factor or closes the account. */
export async function changed(
  ctx: Context,
  { protection, closing, sessions, owner }: Changes,
  account: Account,
  change: Change,
  session: string | undefined,
): Promise<void> {
  const { visitor } = ctx.state
  if (change.does === 'close') {
    await closing.start(account, visitor)
    await sessions.endAllOf(account.id, 'closed', originOf(ctx))
    await sessions.end(ctx, 'closed')
    return owner.revokeAll(account.id, originOf(ctx))
  }
  // Its own page gives that, once it is proved.
  if (change.does === 'export') throw new Problem('not_offered')
  await protection.change(account, change, { ...visitor, session })
  if (change.does === 'remove' || change.does === 'restrict')
    await sessions.endOthers(ctx, 'protection-changed', account.id)
}
