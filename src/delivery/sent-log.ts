import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'
import type { Tell } from './courier.ts'
import type { Outgoing } from './message.ts'

/** How long it is kept that a message was sent, in milliseconds. */
const remembered = 90 * 24 * 3_600_000

const shape = z.object({
  /** The message's own. */
  id: z.string(),
  account: z.string(),
  /** The name of the mail: what it was about, and nothing that it said. */
  kind: z.string(),
  channel: z.enum(['email', 'sms']),
  /** `waiting` until a server took it, or until it was given up. */
  state: z.enum(['waiting', 'sent', 'abandoned']),
  /** Why it was given up. */
  reason: z.string().optional(),
  at: z.number(),
  endedAt: z.number().optional(),
  expiresAt: z.number(),
})

/** What was sent to people: no addresses, no codes and no contents. */
export const sentDeclaration = declare({ name: 'sent_messages', shape, indexes: [['account', 'at']] })

export type SentLog = ReturnType<typeof sentLog>

/** Keeps for 90 days which messages were sent to the person of an account, and what became of them. `accountOf` names whose an address is. */
export function sentLog({
  store,
  accountOf,
  now,
}: {
  store: Store
  accountOf: (email: string) => Promise<string | undefined>
  now: () => number
}) {
  const kept = store.collection(sentDeclaration)
  return {
    /** Notes a message that is about to be sent; nothing where it is to nobody who has an account. */
    note: async ({ id, channel, to, at, purpose, kind = purpose, ...message }: Outgoing): Promise<void> => {
      const account = message.account ?? (channel === 'email' ? await accountOf(to) : undefined)
      if (account === undefined) return
      await kept.insert({ id, account, kind, channel, state: 'waiting', at, expiresAt: at + remembered })
    },
    /** Notes what became of a message. */
    settle: async (name: Parameters<Tell>[0], { message, channel, reason }: Parameters<Tell>[1]): Promise<void> => {
      if (name === 'message.delayed' || (channel !== 'email' && channel !== 'sms')) return
      const state = name === 'message.sent' ? 'sent' : 'abandoned'
      await kept.patch(message, { state, endedAt: now(), ...(reason !== undefined && { reason }) })
    },
    /** Lists the newest messages to the person of an account, newest first. */
    of: (account: string, limit: number) => kept.find({ account }, { sort: { by: 'at', descending: true }, limit }),
  }
}
