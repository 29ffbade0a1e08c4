import { Problem } from '../errors.ts'
import type { Allowance, Ration, Throttle } from './throttle.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** One message that is about to be sent. */
export interface Stamped {
  channel: 'email' | 'sms'
  /** An address or an E.164 number. */
  to: string
  /** The address of who caused it. */
  from: string
  /** Who caused it has proved nothing about that number or mailbox: a sign-up, say. */
  unproven: boolean
}

/** How long a link is good that is mailed to a mailbox which had its share, in milliseconds: one such link goes out for each half of it. */
export const lateLife = 2 * hour

/** The part of a day's texts that may go to numbers nobody has proved yet: strangers must not use up what owners sign in by. */
const unprovenPart = 0.8

type Rule = [name: string, whose: (message: Stamped) => string, ...Allowance[]]

const each = (tries: number, window: number): Allowance => ({ tries, window })
/** The range that a number is in: those of a thousand, and of a hundred thousand, are bought and rented together. */
const range =
  (digits: number) =>
  ({ to }: Stamped) =>
    to.slice(0, -digits)
const destination = ({ channel, to }: Stamped): string => (channel === 'email' ? mailbox(to) : to)
const source = ({ from }: Stamped): string => from
const all = (): string => ''

const rules = (daily: number): Record<'any' | 'unproven', Record<Stamped['channel'], Rule[]>> => ({
  any: {
    sms: [
      ['sms.number', destination, each(6, 30 * minute), each(16, day)],
      ['sms.range', range(3), each(300, day)],
      ['sms.source', source, each(30, hour), each(150, day)],
      ['sms.daily', all, each(daily, day)],
    ],
    email: [['mail.source', source, each(30, hour), each(400, day)]],
  },
  unproven: {
    sms: [
      ['sms.number.unproven', destination, each(4, 30 * minute), each(10, day)],
      ['sms.range.unproven', range(3), each(30, day)],
      ['sms.prefix.unproven', range(5), each(300, day)],
      ['sms.daily.unproven', all, each(Math.ceil(daily * unprovenPart), day)],
    ],
    email: [['mail.box.unproven', destination, each(6, 30 * minute), each(20, day)]],
  },
})
/** What goes to a mailbox once a factor was proved has a share of its own: strangers must not use that up. */
const ofOwner: Rule = ['mail.box', destination, each(6, 30 * minute), each(40, day)]

export type Postage = ReturnType<typeof postage>

/**
 * Limits what is sent: to each number and mailbox across all accounts and purposes, to each range of numbers, from each source, and all SMS of a
 * day (`daily`).
 */
export function postage({ throttle, daily }: { throttle: Throttle; daily: number }) {
  const { any, unproven } = rules(daily)
  const rationsOf = (message: Stamped, list: readonly Rule[]): Ration[] =>
    list.flatMap(([what, whose, ...allowances]) =>
      allowances.map(allowance => ({
        what: allowance.window === day && allowances.length > 1 ? `${what}.day` : what,
        whose: whose(message),
        allowance,
      })),
    )

  return {
    /** Pays for one message that somebody asked for; resolves to what gives it back. Throws `slow_down`. */
    pay: (message: Stamped): Promise<() => Promise<void>> => {
      const { channel } = message
      const owners = channel === 'email' ? [ofOwner] : []
      return throttle.rations(rationsOf(message, [...(message.unproven ? unproven[channel] : owners), ...any[channel]]))
    },
    /** Pays for one text that tells somebody of what was done; false where it must not be sent. */
    mayText: (to: string) =>
      sent(
        throttle.rations([
          { what: 'sms.told', whose: to, allowance: each(20, day) },
          { what: 'sms.daily', whose: '', allowance: each(daily, day) },
        ]),
      ),
    /**
     * Decides how a link that anybody can ask for is mailed, and pays for it: `usual`; `late` once the mailbox has had its
     * share: one that is good for `lateLife`; undefined for not at all, because one that is good still is in the mailbox.
     * So nobody's link fails to arrive because a stranger asked for many. `whose` names what the link opens.
     */
    link: async (to: string, whose: string): Promise<'usual' | 'late' | undefined> => {
      const message: Stamped = { channel: 'email', to, from: '', unproven: true }
      if (await sent(throttle.rations(rationsOf(message, unproven.email)))) return 'usual'
      const late = throttle.ration('mail.link.late', whose, each(1, lateLife / 2))
      return (await sent(late)) ? 'late' : undefined
    },
  }
}

/** Tells whether it was paid for. */
async function sent(paid: Promise<unknown>): Promise<boolean> {
  try {
    await paid
    return true
  } catch (fault) {
    if (fault instanceof Problem && fault.code === 'slow_down') return false
    throw fault
  }
}

/** The mailbox that an address leads to: what follows a plus is its owner's to choose (RFC 5233), and so are dots at Gmail. */
export function mailbox(address: string): string {
  const at = address.lastIndexOf('@')
  if (at < 1) return address
  const domain = address.slice(at + 1).replace(/^googlemail\.com$/, 'gmail.com')
  const plus = address.indexOf('+', 1)
  const name = address.slice(0, plus > 0 && plus < at ? plus : at)
  return `${domain === 'gmail.com' ? name.replaceAll('.', '') : name}@${domain}`
}
