import type { Composer } from './compose.ts'
import type { Outbox } from './outbox.ts'

interface Mail<Data> {
  /** Paths of ours that it leads to, by the names that its views know. The first one there is stands for the mail in the development outbox. */
  links?: (data: Data) => Record<string, string | undefined>
  /** It can be texted, too: as a one-time code, or as a notice, of which a number is sent only so many. */
  text?: 'code' | 'notice'
}

const mail = <Data extends object = object>(declared: Mail<Data> = {}): Mail<Data> => declared

/** How long something is good: its views are told the `minutes` and `hours` that are left, and it is not sent any later. */
interface Expiring {
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** Where something was done from, in words. */
export interface Whence {
  device: string
  place: string
}

/** When and where something was done, in words. */
type Seen = Whence & { when: string }

interface ApiKeyNamed {
  /** What its owner calls it. */
  key: string
  id: string
}

const reset = { links: ({ bearer }: { bearer: string }) => ({ link: `/reset/${bearer}` }) }
const check = { links: ({ bearer }: { bearer: string }) => ({ link: `/recover/identity/${bearer}` }) }

/**
 * Every mail and text there is: what its sender must say, and where it leads. Each has its views in views/mail/<name>.*.ejs and its
 * phrases in `mail.<name>.*` (`subject`, `title`, `preview`, and `sms` for one that can be texted); nothing else names it but its sender.
 */
export const mails = {
  /** A code to enter, what it is for, and the app that the person is on the way to. */
  code: mail<Expiring & { code: string; purpose: 'enrol' | 'prove'; towards?: string | undefined }>({ text: 'code' }),
  /** To the owner of an address with which somebody tried to sign up again. */
  taken: mail(),
  /** To the owner of an address or number that an account had until recently, when somebody enters it. */
  reserved: mail({ text: 'notice' }),
  /** To somebody whose account was just made. */
  welcome: mail(),
  /** To the owner of an account that was changed: what was done, when and from where. */
  alert: mail<
    Whence & {
      what: string
      when: string
      /** Until when what was added counts for no more than what was proved for it, in words. */
      limit?: string | undefined
      /** What its owner called the credential that it is about. */
      named?: string | undefined
      /** The new address or number, masked. */
      became?: string | undefined
      /** It goes to an address that came to the account lately, from which nothing can be undone yet. */
      recent?: boolean
      /** Staff put another address in the place of this one, or this one in: the previous address undoes nothing. */
      support?: boolean
      /** The staff did it: nothing of it can be undone by mail, and where they were is not for the reader. */
      staff?: boolean
      /** What the "this wasn't me" link carries. */
      disown?: string | undefined
      /** What the link carries that keeps an account which closes, and until when, in words. */
      keep?: string | undefined
      until?: string | undefined
    }
  >({
    links: ({ keep, disown }) => ({ keep: keep && `/keep/${keep}`, link: disown && `/not-me/${disown}` }),
    text: 'notice',
  }),
  /** To somebody who asked for a new password. */
  reset: mail<Expiring & Whence & { bearer: string }>(reset),
  /** To somebody who asked for a new password where there is no account. */
  'no-account': mail(),
  /** To an address that was imported, where somebody asked for a new password before anybody proved it. */
  unproved: mail(),
  /** To somebody who said that it wasn't them: a link to a new password. */
  disowned: mail<Expiring & { bearer: string }>(reset),
  /** To the owner of an account that somebody unusual signs in to: the link lets them. */
  confirm: mail<Expiring & Whence & { bearer: string; when: string }>({
    links: ({ bearer }) => ({ link: `/confirm/${bearer}` }),
  }),
  /** To the owner of an account that somebody guesses at: a code, and a link with it, that opens a new device of theirs. */
  open: mail<Expiring & { code: string }>({
    // In capitals, which no log keeps of a path.
    links: ({ code }) => ({ link: `/open/${code.toUpperCase()}` }),
  }),
  /** To somebody whose account is gone. */
  closed: mail(),
  /** To somebody who wants to read once a week what happened on their account: how often, and on which `devices`, one after the other. */
  'weekly-summary': mail<{ signIns: number; devices: string; changes: number; warnings: number }>({
    links: () => ({ link: '/account/activity' }),
  }),
  /** To somebody whom an app asks for something while they are elsewhere. `message` is the app's own, or empty. */
  approval: mail<Expiring & { app: string; message: string }>({
    links: () => ({ link: '/account/approvals' }),
    text: 'notice',
  }),
  /** To the mailbox of somebody who asked for an identity check: the page for documents. */
  'check-begun': mail<{ bearer: string; hours: number }>(check),
  /** To the same: the documents are there. */
  'check-sent': mail<{ bearer: string; number: string }>(check),
  /** To the same: all can be set up afresh. */
  'check-ready': mail<{ bearer: string; number: string; days: number }>({
    links: ({ bearer }) => ({ link: `/recover/afresh/${bearer}` }),
  }),
  /** To the same: it ended without that. */
  'check-ended': mail<{ number: string }>(),
  /** To every address of the account that an identity check is about: what is under way, and the page that stops it. */
  'check-told': mail<{
    bearer: string
    number: string
    what: string
    when: string
    /** Where the person who asked can be reached, masked. */
    contact: string
    /** It goes to an address that is new to the account, from which the case can be disputed, and not stopped. */
    recent: boolean
  }>({ links: ({ bearer }) => ({ link: `/recover/cancel/${bearer}` }) }),
  /**
   * To one of the staff who decide: how much waits for them, how many identity checks and proposals that is, how many of the checks need one
   * more approval, since when the oldest waits (in words) and for how many days.
   */
  cases: mail<{ waiting: number; cases: number; second: number; proposals: number; since: string; days: number }>({
    links: ({ cases, proposals }) => ({
      link: proposals === 0 ? '/admin/recovery' : cases === 0 ? '/admin/proposals' : '/admin',
    }),
  }),
  /** To the owner of an API key, here and below: what it may do, and the addresses that it is bound to, or nothing. */
  'key-created': mail<ApiKeyNamed & Seen & { scopes: string; addresses: string }>(),
  'key-renamed': mail<ApiKeyNamed & Seen & { former: string }>(),
  /** Hours that the former secret still works. */
  'key-rotated': mail<ApiKeyNamed & Seen & { hours: number }>(),
  'key-revoked': mail<ApiKeyNamed & Partial<Seen>>(),
  /** The address at which it failed so often that it is closed there for a while, if that is known. */
  'key-misused': mail<ApiKeyNamed & { address: string }>(),
}

export type MailName = keyof typeof mails
/** What a mail's sender must say. */
type MailData<Name extends MailName> = (typeof mails)[Name] extends Mail<infer Data> ? Data : never

/** A mailbox, or a phone that is texted. Where the phone may be sent no more notices, the mailbox is written to, if there is one. */
export type Recipient = ({ email: string; textTo?: string | undefined } | { email?: undefined; textTo: string }) & {
  /** BCP 47. */
  locale: string
  /** The owner's own words, by which they know a mail of ours. Looked up by the address unless told. */
  antiPhishingPhrase?: string | undefined
  /** The account that the message belongs to, for the record of what was sent. For an email it is looked up by the address unless given; a text without one belongs to nobody. */
  account?: string | undefined
}

/** Writes to a person; resolves once it is kept for sending. */
export type SendMail = <Name extends MailName>(
  name: Name,
  to: Recipient,
  ...data: object extends MailData<Name> ? [] : [MailData<Name>]
) => Promise<void>

interface Services {
  composer: Composer
  outbox: Pick<Outbox, 'post'>
  /** The origin that links lead to. */
  issuer: string
  /** The words by which the owner of an address knows us. */
  antiPhishingPhraseOf: (to: string) => Promise<string | undefined>
  /** Tells whether a number may be sent one more notice. */
  mayText: (to: string) => Promise<boolean>
  now: () => number
}

/** What the rules below read of a mail's data. */
type Read = Partial<Expiring> & { code?: string; purpose?: string }

/** Returns what composes every mail and hands it to the outbox. */
export function mailing({ composer, outbox, issuer, antiPhishingPhraseOf, mayText, now }: Services): SendMail {
  const left = (until: number, unit: number): number => Math.max(1, Math.round((until - now()) / unit))
  const send = async (name: MailName, recipient: Recipient, data: Read = {}): Promise<void> => {
    const { links, text }: Mail<never> = mails[name]
    const { email: to, textTo, locale, antiPhishingPhrase, account } = recipient
    const { code, expiresAt, purpose = name } = data
    const paths = Object.entries(links?.(data as never) ?? {}).filter(([, path]) => path !== undefined)
    const urls = Object.fromEntries(paths.map(([key, path]) => [key, `${issuer}${path}`]))
    const lasts = expiresAt !== undefined && { minutes: left(expiresAt, 60_000), hours: left(expiresAt, 3_600_000) }
    const values = { ...lasts, ...data, ...urls, locale }
    const carried = { purpose, kind: name, account, code, link: Object.values(urls)[0], expiresAt }
    if (text && textTo !== undefined && (text === 'code' || (await mayText(textTo)))) {
      const body = { subject: '', text: composer.text(name, values, text) }
      await outbox.post({ channel: 'sms', to: textTo, ...body, ...carried })
    } else if (to !== undefined) {
      const composed = composer.mail(name, {
        ...values,
        to,
        antiPhishingPhrase: antiPhishingPhrase ?? (await antiPhishingPhraseOf(to)),
      })
      await outbox.post({ channel: 'email', to, ...composed, ...carried })
    }
  }
  return send as SendMail
}
