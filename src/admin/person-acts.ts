import { z } from 'zod'
import type { Submissions } from '../account-recovery/submission.ts'
import { type Account, type Accounts, active, owned, raised, withoutKeys } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import type { Owner } from '../api-keys/owner.ts'
import { Problem } from '../errors.ts'
import type { Emit, Visitor } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import type { Commit, Wanted } from '../flows/committing.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { retry } from '../store/collection.ts'
import { forReason, nothing, type Operator, operation, recordOf, toAccount } from './operation.ts'

interface Services {
  accounts: Pick<Accounts, 'get' | 'patch' | 'raiseStamp'>
  credentials: Pick<Credentials, 'of'>
  factors: readonly Factor[]
  sessions: Pick<Sessions, 'endAllOf'>
  owner: Pick<Owner, 'revokeAll'>
  submissions: Pick<Submissions, 'start'>
  commit: Commit
  emit: Emit
  now: () => number
}

const args = z.object({ ...toAccount, ...forReason })

/** Returns what finds a person to act on. Throws `not_found`. */
export const ownedBy =
  (accounts: Pick<Accounts, 'get'>) =>
  async (id: string): Promise<Account> => {
    const found = await accounts.get(id)
    if (!owned(found)) throw new Problem('not_found')
    return found
  }

/** Nobody's browser: what staff do is not undone along with what somebody did at one. */
const nowhere = {} as Visitor

/** What one of the staff does by themselves to guard a person: nothing here makes it easier to get in. */
export function personActs({ accounts, credentials, factors, sessions, owner, submissions, ...services }: Services) {
  const { commit, emit, now } = services
  const person = ownedBy(accounts)
  const end = (account: string) => sessions.endAllOf(account, 'staff')

  /** Changes what protects an account, so that its owner can undo nothing of it by a mailed link. Throws `conflict` where `wanted` returns nothing to do. */
  const secure = async (id: string, wanted: (account: Account) => Promise<Wanted | undefined>): Promise<void> => {
    await retry(async () => {
      const account = await person(id)
      const change = await wanted(account)
      if (!change) throw new Problem('conflict')
      return commit(account, { history: account.changes ?? [], ...change }, nowhere)
    })
    await end(id)
  }

  /** Locks or unlocks, by one guarded write. Throws `conflict` where that is done already. */
  const lock = (on: boolean) => async (given: z.output<typeof args>, by: Operator) => {
    const { id, securityStamp, lock: before } = await person(given.account)
    const at = now()
    const changes = { lock: on ? { at } : undefined, ...raised(securityStamp), updatedAt: at }
    if ((before !== undefined) === on || !(await accounts.patch(id, changes, { securityStamp, lock: before })))
      throw new Problem('conflict')
    await emit(on ? 'account.locked' : 'account.unlocked', { account: id, ...recordOf(by, given.reason) }, by.origin)
    await end(id)
    return {}
  }

  return {
    endSessions: operation({
      id: 'people.end-sessions',
      means: 'Ends all sessions of a person; apps are told, and their tokens are dead.',
      scope: 'admin:people.sessions',
      at: 'POST /people/{account}/end-sessions',
      args,
      result: nothing,
      event: 'sessions.ended',
      run: async ({ account, reason }, by) => {
        const { id, securityStamp } = await person(account)
        if (!(await accounts.raiseStamp(id, securityStamp))) throw new Problem('conflict')
        await emit('sessions.ended', { account, ...recordOf(by, reason) }, by.origin)
        await end(id)
        return {}
      },
    }),
    lock: operation({
      id: 'people.lock',
      means:
        'Locks an account: its sessions end, its API keys stop working, and nobody signs in to it until staff unlock it.',
      scope: 'admin:people.protect',
      at: 'POST /people/{account}/lock',
      args,
      result: nothing,
      event: 'account.locked',
      run: lock(true),
    }),
    unlock: operation({
      id: 'people.unlock',
      means: 'Unlocks an account: its owner signs in again as before.',
      scope: 'admin:people.protect',
      at: 'POST /people/{account}/unlock',
      args,
      result: nothing,
      event: 'account.unlocked',
      run: lock(false),
    }),
    requirePassword: operation({
      id: 'people.require-password',
      means:
        'Makes the password of a person useless: they choose a new one by the link that they ask for, after their second factor.',
      scope: 'admin:people.protect',
      at: 'POST /people/{account}/require-password',
      args,
      result: nothing,
      event: 'password.required',
      run: async ({ account: id, reason }, by) => {
        const known = factors.filter(({ kind }) => kind === 'knowledge').map(each => each.id)
        const data = { account: id, ...recordOf(by, reason) }
        await secure(id, async account => {
          const went = (await credentials.of(account.id))
            .filter(each => known.includes(each.factor))
            .map(each => each.id)
          return went.length > 0 ? { went, events: [{ name: 'password.required', data }] } : undefined
        })
        return {}
      },
    }),
    startRecovery: operation({
      id: 'people.start-recovery',
      means:
        'Starts an identity check for a person who cannot: the link for documents is emailed to their address, or to `contact`. Two others of the staff decide it.',
      scope: 'admin:recovery.decide',
      at: 'POST /people/{account}/start-recovery',
      args: args.extend({ contact: z.string().max(320).default('') }),
      result: z.object({ case: z.string() }),
      event: 'identity.asked',
      run: async ({ account, contact, reason }, by) => {
        const found = await person(account)
        // What is closing is kept first, and what is locked unlocked: nothing comes of a check otherwise.
        if (!active(found)) throw new Problem('conflict')
        return { case: await submissions.start(found, contact, recordOf(by, reason), by.origin) }
      },
    }),
    compromise: operation({
      id: 'people.compromise',
      means:
        'Marks an account as compromised: sessions, tokens and API keys end, apps are told to wait with withdrawals, and the owner is told.',
      scope: 'admin:people.protect',
      at: 'POST /people/{account}/compromise',
      args,
      result: nothing,
      event: 'account.compromised',
      run: async ({ account: id, reason }, by) => {
        const data = { account: id, ...recordOf(by, reason) }
        await secure(id, async account => ({
          loosens: true,
          fields: withoutKeys(account),
          events: [{ name: 'account.compromised', data }],
        }))
        await owner.revokeAll(id, by.origin)
        return {}
      },
    }),
  }
}
