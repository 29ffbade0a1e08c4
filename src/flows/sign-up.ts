import { Problem } from '../errors.ts'
import type { Enrolled, Factor } from '../factors/factor.ts'
import { Conflict } from '../store/collection.ts'
import { discard } from './committing.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow } from './flow-store.ts'

/** What was enrolled before there is an account to hold it. */
export interface Pending extends Enrolled<unknown> {
  factor: string
}

type Taken = 'accounts' | 'credentials' | 'announcements' | 'addresses' | 'sealer' | 'sendMail' | 'now'

export type SignUp = ReturnType<typeof signUp>

/** Keeps what a sign-up enrols, and makes the account of it once it is complete. */
export function signUp({
  accounts,
  credentials,
  announcements,
  addresses,
  sealer,
  sendMail,
  now,
}: Pick<FlowServices, Taken>) {
  const context = (flow: Flow) => `pending:${flow.id}`
  const open = (flow: Flow, sealed: string | undefined): Pending[] =>
    sealed === undefined ? [] : JSON.parse(sealer.open(sealed, context(flow)))

  return {
    /** Returns the flow's sealed list with one more enrolment in it. */
    add: (flow: Flow, factor: Factor, enrolled: Enrolled<unknown>): string =>
      sealer.seal(JSON.stringify([...open(flow, flow.pending), { factor: factor.id, ...enrolled }]), context(flow)),
    /** Returns what a sealed list holds. */
    open,
    /** Creates the account and all that it holds. Its row comes last: until then there is no account, half or complete. Throws `conflict`. */
    commit: async (flow: Flow, pending: string, factors: readonly Factor[]): Promise<void> => {
      const account = flow.account
      if (account === undefined) throw new Problem('attempt_expired')
      const enrolled = open(flow, pending)
      const contacts = enrolled.map(each =>
        factors.find(({ id }) => id === each.factor)?.verifiedContact?.(each.secret),
      )
      const { email, phone }: { email?: string; phone?: string } = Object.assign({}, ...contacts)
      if (email === undefined) throw new Problem('attempt_expired')
      const events = [{ name: 'account.created' as const, data: { account } }]
      const announcement = { id: account, account, events, origin: {} }
      // First of all: its sweep removes what a crash leaves behind from here on.
      await announcements.prepare(announcement)
      await addresses.claim(email, account).catch(fault => {
        throw fault instanceof Conflict ? new Problem('conflict') : fault
      })
      const holds: string[] = []
      for (const each of enrolled) holds.push(await credentials.add({ account, ...each }))
      const at = now()
      try {
        await accounts.insert({
          id: account,
          email,
          phone,
          locale: flow.locale,
          zone: flow.zone,
          status: 'active',
          holds,
          createdAt: at,
          updatedAt: at,
        })
      } catch (fault) {
        // Any other fault may have come after the account was there.
        if (!(fault instanceof Conflict)) throw fault
        await discard(credentials, holds)
        await addresses.drop(account)
        throw new Problem('conflict')
      }
      await announcements.tell(announcement)
      await sendMail('welcome', { email, locale: flow.locale })
    },
  }
}
