import type { Addressed, CheckMails, Composer, KeyMails, Mails } from './compose.ts'
import type { Message } from './message.ts'
import type { Outbox } from './outbox.ts'

/** A code on its way to a person. */
interface CodeLetter {
  channel: 'email' | 'sms'
  to: string
  code: string
  /** What the code is for: `prove` or `enrol`. */
  purpose: string
  /** BCP 47. */
  locale: string
  /** The app that the person was on the way to. */
  towards?: string | undefined
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** Where something was done from, in words. */
export interface Whence {
  device: string
  place: string
}

/** What was done to an account, to one of the ways to reach its owner. */
export interface AlertLetter extends Whence {
  channel: 'email' | 'sms'
  to: string
  locale: string
  /** The owner's own words. */
  phrase?: string | undefined
  /** In words. */
  what: string
  when: string
  /** Until when what was added counts for no more than what was proved for it, in words. */
  limit?: string | undefined
  /** The new address or number, masked. */
  became?: string | undefined
  /** It goes to an address that came to the account lately, from which nothing can be undone yet. */
  recent?: boolean
  /** What the "this wasn't me" link carries. */
  disown?: string | undefined
  /** What the link carries that keeps an account which closes, and until when, in words. */
  keep?: { bearer: string; until: string } | undefined
}

/** A link to a new password. */
interface ResetLetter {
  to: string
  locale: string
  /** What the link carries. */
  reset: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** Asks whether a sign-in is its owner's. */
interface ConfirmLetter extends Whence {
  to: string
  locale: string
  /** The owner's own words. */
  phrase?: string | undefined
  /** In words. */
  when: string
  /** What the link carries. */
  confirm: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** A code, and a link with it, that opens a new device to its owner. */
interface OpenLetter {
  to: string
  locale: string
  /** The owner's own words. */
  phrase?: string | undefined
  code: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** What Latchkey writes to people: composed and handed to the outbox. Each resolves once it is kept. */
export interface Letters {
  code(letter: CodeLetter): Promise<void>
  /** To the owner of an address with which somebody tried to sign up again. */
  taken(to: string, locale: string): Promise<void>
  /** To the owner of an address that an account had until recently, when somebody enters it. */
  reserved(to: string, locale: string): Promise<void>
  welcome(to: string, locale: string): Promise<void>
  alert(letter: AlertLetter): Promise<void>
  /** To the owner of an account that somebody unusual signs in to. */
  confirm(letter: ConfirmLetter): Promise<void>
  /** To the owner of an account that somebody guesses at: what opens a new device of theirs. */
  open(letter: OpenLetter): Promise<void>
  /** To somebody whom an app asks for something: texted where they chose that, mailed otherwise. `until` is in milliseconds since the epoch. */
  approval(
    person: { email: string; phone?: string | undefined; texts?: boolean | undefined; locale: string },
    asked: { app: string; message: string | undefined; until: number },
  ): Promise<void>
  /** To somebody who asked for a new password. */
  reset(letter: ResetLetter & Whence): Promise<void>
  /** To somebody who asked for a new password where there is no account. */
  noAccount(to: string, locale: string): Promise<void>
  /** To somebody who said that it wasn't them. */
  disowned(letter: ResetLetter): Promise<void>
  /** To whose account is gone. */
  closed(to: string, locale: string): Promise<void>
  /** About an identity check; `link` is a path of ours. */
  check<Which extends keyof CheckMails>(which: Which, letter: Addressed & CheckMails[Which]): Promise<void>
  /** To the owner of an API key: what became of it. */
  apiKey<Change extends keyof KeyMails>(change: Change, to: string, locale: string, about: Mails[Change]): Promise<void>
}

interface Services {
  composer: Composer
  outbox: Pick<Outbox, 'post'>
  /** The origin that links lead to. */
  issuer: string
  /** The words by which the owner of an address knows us. */
  phraseOf: (to: string) => Promise<string | undefined>
  /** May a number be sent one more text that is no code? What it would say is mailed, too. */
  mayText: (to: string) => Promise<boolean>
  now: () => number
}

/** Makes the letter writer. */
export function letters({ composer, outbox, issuer, phraseOf, mayText, now }: Services): Letters {
  const mail = async <Name extends keyof Mails>(
    template: Name,
    values: Addressed & Mails[Name],
    more: Partial<Message> = {},
  ): Promise<void> => {
    const { to } = values
    const composed = composer.mail(template, { ...values, phrase: values.phrase ?? (await phraseOf(to)) })
    await outbox.post({ channel: 'email', to, purpose: template, ...composed, ...more })
  }
  const minutes = (expiresAt: number): number => Math.max(1, Math.round((expiresAt - now()) / 60_000))
  const resetting = ({ to, locale, reset, expiresAt }: ResetLetter) => {
    const link = `${issuer}/reset/${reset}`
    return { values: { to, locale, link, minutes: minutes(expiresAt) }, more: { link, expiresAt } }
  }
  return {
    code: async ({ channel, to, code, purpose, locale, towards, expiresAt }) => {
      const values = { to, locale, towards, code, minutes: minutes(expiresAt) }
      if (channel === 'email') return mail('code', values, { purpose, code, expiresAt })
      await outbox.post({ channel, to, purpose, code, expiresAt, subject: '', text: composer.sms(values) })
    },
    taken: (to, locale) => mail('taken', { to, locale }),
    reserved: (to, locale) => mail('reserved', { to, locale }),
    welcome: (to, locale) => mail('welcome', { to, locale }),
    alert: async ({ channel, disown, keep, ...values }) => {
      const { to, locale, what } = values
      if (channel === 'sms') {
        if (!(await mayText(to))) return
        return outbox.post({ channel, to, purpose: 'alert', subject: '', text: composer.alertSms({ locale, what }) })
      }
      const link = disown === undefined ? undefined : `${issuer}/not-me/${disown}`
      const keeps = keep && { keep: `${issuer}/keep/${keep.bearer}`, until: keep.until }
      await mail('alert', { ...values, ...keeps, link }, { link: keeps?.keep ?? link })
    },
    confirm: ({ confirm, expiresAt, ...values }) => {
      const link = `${issuer}/confirm/${confirm}`
      return mail('confirm', { ...values, link, minutes: minutes(expiresAt) }, { link, expiresAt })
    },
    open: ({ to, locale, phrase, code, expiresAt }) => {
      // In capitals, which no log keeps of a path.
      const link = `${issuer}/open/${code.toUpperCase()}`
      const hours = Math.max(1, Math.round((expiresAt - now()) / 3_600_000))
      return mail('open', { to, locale, phrase, link, code, hours }, { link, code, expiresAt })
    },
    approval: async ({ email, phone, texts, locale }, { app, message = '', until: expiresAt }) => {
      const link = `${issuer}/account/approvals`
      const values = { locale, link, minutes: minutes(expiresAt), app, message }
      if (!texts || phone === undefined || !(await mayText(phone)))
        return mail('approval', { ...values, to: email }, { link, expiresAt })
      const text = composer.approvalSms({ ...values })
      await outbox.post({ channel: 'sms', to: phone, purpose: 'approval', subject: '', text, link, expiresAt })
    },
    reset: ({ device, place, ...letter }) => {
      const { values, more } = resetting(letter)
      return mail('reset', { ...values, device, place }, more)
    },
    noAccount: (to, locale) => mail('no-account', { to, locale }),
    disowned: letter => {
      const { values, more } = resetting(letter)
      return mail('disowned', values, more)
    },
    closed: (to, locale) => mail('closed', { to, locale }),
    check: (which, letter) => {
      const linked = 'link' in letter ? { link: `${issuer}${letter.link}` } : {}
      return mail(which, { ...letter, ...linked } as Addressed & Mails[typeof which], linked)
    },
    apiKey: (change, to, locale, about) => mail(change, { ...about, to, locale }),
  }
}
