import { z } from 'zod'
import type { SentLog } from '../delivery/sent-log.ts'
import { operation, time, toAccount } from './operation.ts'

/** Messages that are listed of one person. */
const most = 100

/** Lists what was sent to a person, for staff who are asked where an email is. */
export function personMessages({ sentLog }: { sentLog: Pick<SentLog, 'of'> }) {
  const message = z.object({
    kind: z.string().describe('What it was about'),
    channel: z.enum(['email', 'sms']),
    state: z.enum(['waiting', 'sent', 'abandoned']).describe('sent: the next server took it'),
    reason: z.string().optional().describe('Why it was given up'),
    at: time,
    endedAt: z.number().optional().describe('When it was sent or given up'),
  })
  return operation({
    id: 'people.messages',
    means:
      'Lists the emails and text messages of the last 90 days to a person, newest first: what each was about and whether it was delivered, without address, code or content.',
    scope: 'admin:people.read',
    at: 'GET /people/{account}/messages',
    args: z.object(toAccount),
    result: z.object({ messages: z.array(message) }),
    run: async ({ account }) => ({
      messages: (await sentLog.of(account, most)).map(({ kind, channel, state, reason, at, endedAt }) => {
        return { kind, channel, state, reason, at, endedAt }
      }),
    }),
  })
}
