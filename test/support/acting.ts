import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account, Accounts } from '../../src/accounts/account.ts'
import type { Credentials } from '../../src/accounts/credential.ts'
import type { Action } from '../../src/actions/action.ts'
import { alertActions, settling } from '../../src/actions/alert-actions.ts'
import { credentialActions } from '../../src/actions/credential-actions.ts'
import { performing } from '../../src/actions/performing.ts'
import { restrictionActions } from '../../src/actions/restriction-actions.ts'
import type { Emit, Visitor } from '../../src/events.ts'
import type { Factor } from '../../src/factors/factor.ts'
import type { Commit } from '../../src/flows/committing.ts'

interface Services {
  accounts: Accounts
  credentials: Credentials
  factors: readonly Factor[]
  commit: Commit
  emit: Emit
  now: () => number
}

/** Performs actions on what protects an account, for somebody who has just proved everything, without a browser. */
export function acting(services: Services) {
  const silent = {
    activity: { all: async function* () {} },
    sendMail: async () => {},
    words: { whence: () => ({ device: '', place: '' }) },
  }
  const made = {
    ...{ ...credentialActions(services), ...alertActions({ ...services, ...silent }) },
    ...restrictionActions({ ...services, risk: { bars: async () => [] }, settle: settling(services) }),
  }
  const sessions = { endOthers: async () => {}, endAllOf: async () => {}, end: async () => {} }
  const { prepare, run } = performing({ ...services, sessions, hold: 0 }, Object.values(made))
  const perform = async <A extends Action>(
    action: A,
    account: Account,
    given: z.input<A['args']>,
    visitor: Visitor,
  ) => {
    const session = { uid: visitor.session ?? '', acr: 'phr', since: services.now() } as const
    const ctx = { state: { visitor } } as unknown as Context
    const { args, actor } = await prepare(ctx, { account, session }, action, given)
    await run(action, args, actor)
  }
  return { ...made, perform }
}
