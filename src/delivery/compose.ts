import { existsSync, readFileSync } from 'node:fs'
import ejs from 'ejs'
import { looking, type Palette } from './look.ts'

/** What a mail's views and phrases are told, besides what the sender calls itself and where it is. */
type Told = Record<string, unknown> & {
  /** BCP 47. */
  locale: string
}

/** A composed mail: both bodies say the same. */
interface Composed {
  subject: string
  text: string
  html: string
}

type Values = Record<string, string | number>
type Format = 'html' | 'text'
interface Options {
  phrases: { t(locale: string, key: string, values?: Values): string; direction(locale: string): 'ltr' | 'rtl' }
  /** The origin that links lead to. */
  issuer: string
  /** What the sender calls itself and looks like. */
  brand: () => {
    name: string
    palette: Palette
    logo?: unknown
    /** A folder of views that stand in for ours. */
    views?: string | undefined
  }
}

const folder = `${import.meta.dirname}/../../views/mail`
const escapes: Record<Format, (value: unknown) => string> = {
  html: value => ejs.escapeXML(String(value)),
  text: String,
}
// What fits one SMS: 160 of the basic characters that mean themselves, or 70 UTF-16 units of any (3GPP TS 23.038, 4 and 6.2).
const basic = /^[\w @£$¥èéùìòÇØøÅåΔÆæßÉ!"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà\n]{1,160}$/

export type Composer = ReturnType<typeof composer>

/** Composes finished messages from views/mail and phrases; templates are read and compiled once. */
export function composer({ phrases, issuer, brand }: Options) {
  const { host, hostname } = new URL(issuer)
  const compiled = new Map<string, ejs.TemplateFunction>()
  let worn: object | undefined
  const render = (file: string, format: Format, page: object): string => {
    const now = brand()
    // Read anew, a brand may have other views under the same names.
    if (now !== worn) compiled.clear()
    worn = now
    const { views } = now
    const named = `${file}.${format}.ejs`
    const own = views === undefined ? undefined : `${views}/mail/${named}`
    const filename = own !== undefined && existsSync(own) ? own : `${folder}/${named}`
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

  /** Names what an API key may do ("read, transfer") as its page does. */
  const permissions = ({ locale, scopes }: Told): Values => {
    if (typeof scopes !== 'string') return {}
    return {
      scopes: scopes
        .split(', ')
        .map(scope => phrases.t(locale, `keys.scope.${scope}`))
        .join(', '),
    }
  }

  return {
    /** The mail that views and phrases of this name make. */
    mail(chosen: string, values: Told): Composed {
      const { locale } = values
      const { name, palette, logo } = brand()
      const known: Values = { name, host, issuer, ...lines(values), ...permissions(values) }
      const t = (key: string) => phrases.t(locale, key, known)
      const subject = t(`mail.${chosen}.subject`)
      const heads = { subject, title: t(`mail.${chosen}.title`), preview: t(`mail.${chosen}.preview`) }
      const direction = phrases.direction(locale)
      const page = {
        ...known,
        ...heads,
        lang: locale,
        direction,
        t,
        ...looking({ direction, palette }),
        keyed: logo === undefined,
      }
      const { look } = page
      const written = escapes.html
      /** A button, and its address below as text: for people who do not trust buttons, or cannot press them. */
      const buttons: Record<Format, (url: string, label: string) => string> = {
        html: (url, label) =>
          `<p ${look('text')}><a href="${written(url)}" ${look('button')}>${written(label)}</a></p>\n` +
          `<p ${look('soft')}><a href="${written(url)}" ${look('link')}>${written(url)}</a></p>\n`,
        text: (url, label) => `${label}\n${url}`,
      }
      const both = (format: Format) => {
        const shown = { ...page, button: buttons[format] }
        return render('layout', format, { ...shown, body: render(chosen, format, shown) })
      }
      return { subject, html: both('html'), text: tidy(both('text')) }
    },
    /** The text message of this name. One with a code ends in the line by which phones fill it in (the origin-bound one-time code format of the WICG). */
    text(chosen: string, values: Told, kind: 'code' | 'notice'): string {
      const known = { name: brand().name, host, towards: '', ...lines(values) }
      const bound = kind === 'code' ? `\n\n@${hostname} #${values.code}` : ''
      const say = (key: string) => phrases.t(values.locale, `mail.${chosen}.${key}`, known) + bound
      const full = values.towards === undefined ? '' : say('sms-towards')
      // An app's long or foreign name would make it two, and dearer.
      return full !== '' && (basic.test(full) || full.length <= 70) ? full : say('sms')
    },
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
    .replace(/(?<![^\S\n])[^\S\n]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`
}
