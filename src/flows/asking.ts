import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { type Factor, numberIn, type Subject } from '../factors/factor.ts'
import { type Challenges, pause } from './challenge.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow, Mode } from './flow-store.ts'

interface Asking {
  flow: Flow
  mode: Mode
  factor: Factor
  subject: Subject<unknown>
  asked: Record<string, unknown>
  visitor: Visitor
}

type Services = Pick<FlowServices, 'addresses' | 'throttle' | 'postage' | 'failures' | 'sendMail' | 'emit'> & {
  challenges: Challenges
}

export type Ask = ReturnType<typeof asking>

/**
 * Asks a flow's questions: messages are rationed, and an address that is taken, or a number that is reserved, looks like any other. Resolves to the
 * address that was typed, if the question asked for one, and to what its page shows.
 */
export function asking({ challenges, addresses, throttle, postage, failures, sendMail, emit }: Services) {
  return async ({ flow, mode, factor, subject, asked, visitor }: Asking) => {
    const fits = factor[mode].ask?.safeParse(asked)
    if (fits && !fits.success) throw new Problem('malformed')
    const input = fits?.data ?? {}
    const email = factor.identifies && typeof input.email === 'string' ? input.email : undefined
    const whose = mode === 'enrol' && email !== undefined ? await addresses.whose(email) : undefined
    const own = whose !== undefined && whose.account === flow.account
    if (own && whose.current) throw new Problem('already_enrolled', { field: 'email' })
    const phone = mode === 'enrol' && factor.channel && typeof input.phone === 'string' ? input.phone : undefined
    const reserved = phone !== undefined && (await addresses.numberReserved(phone, flow.account))
    const taken = (whose !== undefined && !own) || reserved
    if (mode === 'prove' && factor.channel && subject.account !== undefined) {
      const closed = await failures.closed(subject.account)
      if (closed.includes(factor.id)) throw new Problem('factor_closed', { field: 'code' })
    }

    const question = { flow: flow.id, mode, factor }
    // Before anything is paid for: when the next one may be sent is not when this one goes on.
    if (factor.channel) await challenges.refuseClosed(question)
    const paid: (() => Promise<void>)[] = []
    let shown: Record<string, unknown>
    try {
      if (factor.channel) {
        const { channel } = factor
        const to = destination(factor, subject, input)
        paid.push(await throttle.ration(`send.${factor.id}.pause.${mode}`, flow.id, pause))
        const [held] = subject.credentials
        const unproven = mode === 'enrol' || (held !== undefined && factor.unproved?.(held.secret) !== undefined)
        paid.push(await postage.pay({ channel, to, from: visitor.address, unproven }))
      }
      shown = await challenges.begin(question, { ...subject, silent: taken || undefined }, input)
    } catch (fault) {
      // Nothing was sent.
      for (const back of paid) await back()
      throw fault
    }
    if (reserved) await sendMail('reserved', { textTo: phone, locale: flow.locale })
    if (taken && email !== undefined)
      await sendMail(whose?.current ? 'taken' : 'reserved', { email, locale: flow.locale })
    if (flow.purpose === 'sign-up' && email !== undefined) await emit('sign-up.started', { taken }, visitor)
    else if (factor.channel) {
      await emit('code.sent', { account: subject.account, factor: factor.id, channel: factor.channel }, visitor)
    }
    return { email, shown }
  }
}

/** Returns where a message goes: to what was typed, or to the credential that is asked for. */
function destination(
  factor: Factor,
  { credentials: [credential], email = '' }: Subject<unknown>,
  input: Record<string, unknown>,
): string {
  const [typed] = Object.values(input)
  if (typeof typed === 'string') return typed
  if (!credential) return email
  return numberIn(factor, credential.secret) ?? factor.verifiedContact?.(credential.secret).email ?? ''
}
