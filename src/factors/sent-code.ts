import { z } from 'zod'
import { same } from '../crypto/digest.ts'
import { digits, token } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { type Code, Problem } from '../errors.ts'
import { dialledCountries, emailAddress, maskedEmail, maskedPhone, phoneCountry, phoneNumber } from './contacts.ts'
import { type Begun, type Factor, filled, refused, type Subject } from './factor.ts'
import { sixDigits } from './typed.ts'

/** For how long a code is good, in milliseconds; ceremonies see to it. */
const lifetime = 10 * 60_000
/** Milliseconds until another may be asked for. */
const pause = 30_000

/** A code on its way to somebody. */
export interface Sending {
  channel: 'email' | 'sms'
  to: string
  code: string
  purpose: 'enrol' | 'prove'
  /** BCP 47. */
  locale: string
  /** The app that the person is on the way to. */
  towards?: string | undefined
  /** The account that it is for; absent where there is none yet. */
  account?: string | undefined
  /** Milliseconds since the epoch. */
  expiresAt: number
}

interface Services extends Pick<Sealer, 'blind'> {
  /** Resolves when the message is kept for sending, not when it has arrived. */
  send(sending: Sending): Promise<void>
}

const secret = z.object({ to: z.string(), unproved: z.boolean().optional() })
const answer = z.object({ code: z.string().max(256) })

type Secret = z.output<typeof secret>
type Answer = z.output<typeof answer>
/** Where the code went, and its keyed digest bound to that and to its purpose. */
interface State {
  to: string
  digest: string
  credential?: string
}
type SentCode = Factor<Secret, State, Answer, State, Answer>

interface Channel {
  channel: Sending['channel']
  /** The field that asks for the destination, and the Problem of one that is none. */
  field: 'email' | 'phone'
  invalid: Code
  read(typed: string, country?: string): string | undefined
  mask(to: string): string
  /** Tells whether anything is sent there at all. */
  serves?(to: string): boolean
}

/** A code by mail. It proves the address at sign-up; as a second step it is worth `mfa`, since mail is also the way to a new password. */
export function emailCode(services: Services): SentCode {
  const channel: Channel = {
    channel: 'email',
    field: 'email',
    invalid: 'invalid_email',
    read: emailAddress,
    mask: maskedEmail,
  }
  return {
    id: 'email',
    amr: ['otp'],
    strength: 'mfa',
    identifies: true,
    verifiedContact: ({ to }) => ({ email: to }),
    ...sentCode(channel, services),
  }
}

/** A code by SMS: a restricted way (NIST SP 800-63B-4, 3.2.9), and the one that everybody has. */
export function smsCode({
  countries,
  ...services
}: Services & { countries?: readonly string[] | undefined }): SentCode {
  const channel: Channel = {
    channel: 'sms',
    field: 'phone',
    invalid: 'invalid_phone',
    read: phoneNumber,
    mask: maskedPhone,
    serves: to => countries === undefined || countries.includes(phoneCountry(to) ?? ''),
  }
  return {
    id: 'sms',
    amr: ['sms'],
    strength: 'aal2',
    mandatory: true,
    verifiedContact: ({ to, unproved }): { phone?: string } => (unproved ? {} : { phone: to }),
    unproved: ({ to, unproved }) => (unproved ? to : undefined),
    countries: () => dialledCountries().filter(({ code }) => countries === undefined || countries.includes(code)),
    ...sentCode(channel, services),
  }
}

function sentCode({ channel, field, invalid, read, mask, serves = () => true }: Channel, { blind, send }: Services) {
  const digestsOf = (code: string, to: string, purpose: Sending['purpose']) =>
    blind(JSON.stringify([to, code]), `sent-code:${channel}:${purpose}`)

  const begin = async (to: string, purpose: Sending['purpose'], who: Subject<Secret>, silent: boolean) => {
    const code = digits(6)
    // Nobody is told this one, and six digits never match it.
    const digest = digestsOf(silent ? token() : code, to, purpose)[0]
    if (!silent)
      await send({
        channel,
        to,
        code,
        purpose,
        locale: who.locale,
        towards: who.towards,
        account: who.account,
        expiresAt: who.now + lifetime,
      })
    return { state: { to, digest }, resendAt: who.now + pause }
  }

  const check = (typed: string, { to, digest }: State, purpose: Sending['purpose'], who: Subject<Secret>) => {
    const right = digestsOf(sixDigits(typed), to, purpose).map(each => same(each, digest))
    if (!right.includes(true)) throw refused('wrong_code', 'code', who)
  }

  const complete = ({ code }: Answer) => {
    filled('code', code)
    sixDigits(code)
  }

  return {
    kind: 'possession',
    positions: ['second'],
    channel,
    limit: 1,
    secret,
    hint: ({ to }) => mask(to),
    enrol: {
      // Well-formed ones come out in their one spelling, so that flows can look them up and count them; `begin` refuses the others.
      ask: z.object({ [field]: z.string().max(1024), country: z.string().max(2).optional() }).transform(asked => {
        const typed = String(asked[field])
        return { [field]: read(typed, asked.country) ?? typed }
      }),
      begin: async (who, asked): Promise<Begun<State>> => {
        const typed = asked[field]
        const to = typeof typed === 'string' ? read(typed) : undefined
        if (typeof typed === 'string') filled(field, typed)
        if (to === undefined) throw new Problem(invalid, { field })
        if (!serves(to)) throw new Problem('phone_not_served', { field })
        const { state, resendAt } = await begin(to, 'enrol', who, who.silent === true)
        // In full: who typed it a moment ago sees a slip of the finger here or never.
        return { state, page: { to, resendAt } }
      },
      answer,
      complete,
      finish: async ({ code }, state, who) => {
        check(code, state, 'enrol', who)
        return { secret: { to: state.to } }
      },
    },
    prove: {
      begin: async (who): Promise<Begun<State>> => {
        const [credential] = who.credentials
        const to = credential?.secret.to ?? ''
        if (credential && !serves(to)) throw new Problem('phone_not_served')
        const { state, resendAt } = await begin(to, 'prove', who, !credential || who.silent === true)
        return { state: { ...state, credential: credential?.id }, page: { to: mask(to), resendAt } }
      },
      answer,
      complete,
      finish: async ({ code }, state, who) => {
        check(code, state, 'prove', who)
        const credential = who.credentials.find(each => each.id === state.credential && each.secret.to === state.to)
        if (!credential) throw refused('wrong_code', 'code', who)
        return { credential: credential.id, ...(credential.secret.unproved && { secret: { to: state.to } }) }
      },
    },
  } satisfies Partial<SentCode>
}
