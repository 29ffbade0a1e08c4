import { readFileSync } from 'node:fs'
import ejs from 'ejs'
import { look, styleSheet } from './look.ts'

/** Every mail there is, and what each must be told. */
export interface Mails extends KeyMails, CheckMails {
  /** A code to enter, how many minutes it lasts, and the app that the person is on the way to. */
  code: { code: string; minutes: number; towards?: string | undefined }
  /** To the owner of an address with which somebody tried to sign up again. */
  taken: object
  /** To the owner of an address that an account had until recently, when somebody enters it. */
  reserved: object
  /** An account was made. */
  welcome: object
  /** What was done to an account, when, with what and where; and the page that says it wasn't its owner. */
  alert: { what: string; when: string; device: string; place: string; link?: string | undefined } & {
    became?: string | undefined
    recent?: boolean
    /** The page that keeps an account which closes, and until when. */
    keep?: string | undefined
    until?: string | undefined
    /** Until when what was added counts for no more than what was proved for it. */
    limit?: string | undefined
  }
  /** To who asked for a new password, and from where. */
  reset: { link: string; minutes: number; device: string; place: string }
  /** To who asked for one where there is no account. */
  'no-account': object
  /** To the owner of an account that somebody signs in to: when, with what and where; and the page that lets them. */
  confirm: { link: string; minutes: number; when: string; device: string; place: string }
  /** To the owner of an account that somebody guesses at: what opens a new device of theirs, and for how many hours. */
  open: { link: string; code: string; hours: number }
  /** To whose account is gone. */
  closed: object
  /** To whom an app asks for something while they are elsewhere: where they look at it. */
  approval: { link: string; minutes: number; app: string; message: string }
  /** To who said that it wasn't them. */
  disowned: { link: string; minutes: number }
}

interface Key {
  /** What its owner calls it. */
  key: string
  id: string
}

/** To the owner of an API key: what became of it. */
export interface KeyMails {
  /** What it may do; and the addresses that it is bound to, or nothing. */
  'key-created': Key & { scopes: string; addresses: string }
  'key-renamed': Key & { former: string }
  /** Hours that the former secret still works. */
  'key-rotated': Key & { hours: number }
  'key-revoked': Key
  /** The address at which it failed too often, if that is known. */
  'key-misused': Key & { address: string }
}

/** About an identity check: to who asked for it, and to every address of the account that it is about. */
export interface CheckMails {
  'check-begun': { link: string; hours: number }
  'check-sent': { link: string; number: string }
  'check-ready': { link: string; number: string; days: number }
  'check-ended': { number: string }
  /** What is under way, and the page that stops it. */
  'check-told': { link: string; number: string; what: string; when: string } & {
    /** Where the person who asked can be reached, masked. */
    contact: string
    /** It goes to an address that is new to the account, from which the case can be disputed, and not stopped. */
    recent: boolean
  }
}

/** What every mail is told. */
export interface Addressed {
  to: string
  /** BCP 47. */
  locale: string
  /** The owner's own words, by which they know a mail of ours. */
  phrase?: string | undefined
}

/** A composed mail: both bodies say the same. */
interface Composed {
  subject: string
  text: string
  html: string
}

/** Composes finished messages from views/mail. */
export interface Composer {
  mail<Name extends keyof Mails>(template: Name, values: Addressed & Mails[Name]): Composed
  /** One SMS with a code that phones fill in by themselves (the origin-bound one-time code format of the WICG). */
  sms(values: Pick<Addressed, 'locale'> & Mails['code']): string
  /** A text message with what was done to an account. */
  alertSms(values: Pick<Addressed, 'locale'> & { what: string }): string
  /** A text message with what an app asks for. */
  approvalSms(values: Pick<Addressed, 'locale'> & Mails['approval']): string
}

type Values = Record<string, string | number>
type Format = 'html' | 'text'
interface Options {
  phrases: { t(locale: string, key: string, values?: Values): string }
  /** The origin that links lead to. */
  issuer: string
  /** What the sender calls itself. */
  name: string
}

const folder = `${import.meta.dirname}/../../views/mail`
const escapes: Record<Format, (value: unknown) => string> = {
  html: value => ejs.escapeXML(String(value)),
  text: String,
}
// What fits one SMS of 160 characters (3GPP TS 23.038, the basic characters that mean themselves).
const oneSms = /^[\w @£$¥èéùìòÇØøÅåΔÆæßÉ!"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà\n]{1,160}$/

/** Makes a composer; templates are read and compiled once. */
export function composer({ phrases, issuer, name }: Options): Composer {
  const { host, hostname } = new URL(issuer)
  const compiled = new Map<string, ejs.TemplateFunction>()
  const render = (file: string, format: Format, page: object): string => {
    const filename = `${folder}/${file}.${format}.ejs`
    const template =
      compiled.get(filename) ??
      ejs.compile(readFileSync(filename, 'utf8'), {
        filename,
        strict: true,
        localsName: 'page',
        escape: escapes[format],
      })
    compiled.set(filename, template)
    return template(page)
  }

  return {
    mail(chosen, values) {
      const { locale } = values
      const known: Values = { name, host, issuer, ...lines(values) }
      const t = (key: string) => phrases.t(locale, key, known)
      const subject = t(`mail.${chosen}.subject`)
      const heads = { subject, title: t(`mail.${chosen}.title`), preview: t(`mail.${chosen}.preview`) }
      const page = { ...known, ...heads, lang: locale, t, look, styleSheet }
      const both = (format: Format) => render('layout', format, { ...page, body: render(chosen, format, page) })
      return { subject, html: both('html'), text: tidy(both('text')) }
    },
    sms({ locale, code, minutes, towards }) {
      const bound = `\n\n@${hostname} #${code}`
      const say = (key: string) =>
        phrases.t(locale, key, { name, code, minutes, towards: oneLine(towards ?? '') }) + bound
      const full = towards === undefined ? '' : say('mail.code.sms-towards')
      // An app's long or foreign name would make it two, and dearer.
      return oneSms.test(full) ? full : say('mail.code.sms')
    },
    approvalSms: ({ locale, app, message, link }) =>
      phrases.t(locale, 'mail.approval.sms', { name, app: oneLine(app), message: oneLine(message), link }),
    alertSms: ({ locale, what }) => phrases.t(locale, 'mail.alert.sms', { name, host, what: oneLine(what) }),
  }
}

// An app's name, say, in one line: it must not pass for a paragraph of ours, nor for the SMS's last line.
function lines(values: object): Values {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, typeof value === 'string' ? oneLine(value) : value]))
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

function tidy(text: string): string {
  return `${text
    .replace(/[^\S\n]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`
}
