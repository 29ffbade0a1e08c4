import type { Addresses } from '../accounts/address.ts'
import type { Failures } from '../accounts/failures.ts'
import type { Postage } from '../accounts/postage.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor, Subject } from '../factors/factor.ts'
import type { Ceremonies } from './ceremonies.ts'
import type { Flow, Mode } from './flow-store.ts'
import type { Visitor } from './visitor.ts'

const minute = 60_000
/** How long to wait until a message may be sent again. */
export const pause = { tries: 1, window: minute / 2 }

interface Services {
  ceremonies: Ceremonies
  addresses: Pick<Addresses, 'whose' | 'numberReserved'>
  throttle: Throttle
  postage: Postage
  failures: Pick<Failures, 'closed'>
  sendMail: SendMail
  emit: Emit
}

/** Asks a factor's question; resolves to the address that was typed, if it asked for one. */
export type Ask = (asking: {
  flow: Flow
  mode: Mode
  factor: Factor
  subject: Subject<unknown>
  asked: Record<string, unknown>
  visitor: Visitor
}) => Promise<{ email?: string | undefined }>

/** Makes the one way in which questions are asked: messages are rationed, and an address that is taken, or a number that is reserved, looks like any other. */
export function asking({ ceremonies, addresses, throttle, postage, failures, sendMail, emit }: Services): Ask {
  return async ({ flow, mode, factor, subject, asked, visitor }) => {
    const fits = factor[mode].ask?.safeParse(asked)
    if (fits && !fits.success) throw new Problem('malformed')
    const input = fits?.data ?? {}
    const email = factor.identifies && typeof input.email === 'string' ? input.email : undefined
    const whose = mode === 'enrol' && email !== undefined ? await addresses.whose(email) : undefined
    const own = whose !== undefined && whose.account === flow.account
    if (own && whose.held) throw new Problem('already_enrolled', { field: 'email' })
    const phone = mode === 'enrol' && factor.channel && typeof input.phone === 'string' ? input.phone : undefined
    const reserved = phone !== undefined && (await addresses.numberReserved(phone, flow.account))
    const taken = (whose !== undefined && !own) || reserved
    if (mode === 'prove' && factor.channel && subject.account !== undefined) {
      const closed = await failures.closed(subject.account)
      if (closed.includes(factor.id)) throw new Problem('factor_closed', { field: 'code' })
    }

    const paid: (() => Promise<void>)[] = []
    try {
      if (factor.channel) {
        const { channel } = factor
        const to = destination(factor, subject, input)
        paid.push(await throttle.ration(`send.${factor.id}.pause.${mode}`, flow.id, pause))
        paid.push(await postage.pay({ channel, to, from: visitor.address, unproven: mode === 'enrol' }))
      }
      await ceremonies.begin({ flow: flow.id, mode, factor }, { ...subject, silent: taken || undefined }, input)
    } catch (fault) {
      // Nothing was sent.
      for (const back of paid) await back()
      throw fault
    }
    if (reserved) await sendMail('reserved', { textTo: phone, locale: flow.locale })
    if (taken && email !== undefined) await sendMail(whose?.held ? 'taken' : 'reserved', { email, locale: flow.locale })
    if (flow.purpose === 'sign-up' && email !== undefined) await emit('sign-up.started', { taken }, visitor)
    else if (factor.channel) {
      await emit('code.sent', { account: subject.account, factor: factor.id, channel: factor.channel }, visitor)
    }
    return { email }
  }
}

/** Where a message goes: to what was typed, or to what is held. */
function destination(
  factor: Factor,
  { held: [held], email = '' }: Subject<unknown>,
  input: Record<string, unknown>,
): string {
  const [typed] = Object.values(input)
  if (typeof typed === 'string') return typed
  const { email: to, phone } = held ? (factor.vouches?.(held.secret) ?? {}) : { email }
  return phone ?? to ?? ''
}
