/** How a language is named and written. */
export interface Language {
  /** Its name in itself. */
  name: string
  direction: 'ltr' | 'rtl'
}

/** Every language of pages and messages, by its tag (BCP 47). Its phrases are in views/locales/<tag>.json and examples/suite/locales/<tag>.json: a language is these two files and its line here. */
export const languages = {
  en: { name: 'English', direction: 'ltr' },
  de: { name: 'Deutsch', direction: 'ltr' },
  fr: { name: 'Français', direction: 'ltr' },
  es: { name: 'Español', direction: 'ltr' },
  it: { name: 'Italiano', direction: 'ltr' },
  'pt-BR': { name: 'Português (Brasil)', direction: 'ltr' },
  tr: { name: 'Türkçe', direction: 'ltr' },
  ja: { name: '日本語', direction: 'ltr' },
  ko: { name: '한국어', direction: 'ltr' },
  'zh-Hans': { name: '简体中文', direction: 'ltr' },
  ar: { name: 'العربية', direction: 'rtl' },
} as const satisfies Record<string, Language>

/** The tag of a language of ours. */
export type Locale = keyof typeof languages

type Registry = Readonly<Record<string, Language>>

/** Tells whether a tag names a language of ours. */
export function isLocale(tag: string | undefined): tag is Locale {
  return tag !== undefined && Object.hasOwn(languages, tag)
}

/** Tags that are read of a request: nobody speaks more. */
const most = 30

/**
 * Returns the first language of ours in a list of tags, best first (RFC 4647, 3.4: lookup); undefined where none is. A tag also finds the
 * language that people who want it can read: the same in the same script, so that zh-CN finds zh-Hans, zh-TW does not, and pt-PT finds pt-BR.
 */
export function lookup(wanted: readonly string[], known: Registry = languages): Locale | undefined {
  for (const tag of wanted.slice(0, most)) {
    const found = exactly(tag, known) ?? readable(tag, known)
    if (found !== undefined) return found as Locale
  }
  return undefined
}

function exactly(tag: string, known: Registry): string | undefined {
  const parts = tag.toLowerCase().split('-')
  for (let left = parts.length; left > 0; left--) {
    const shorter = parts.slice(0, left).join('-')
    const found = Object.keys(known).find(each => each.toLowerCase() === shorter)
    if (found !== undefined) return found
  }
  return undefined
}

function readable(tag: string, known: Registry): string | undefined {
  const spoken = spokenBy(tag)
  return spoken && Object.keys(known).find(each => spokenBy(each) === spoken)
}

/** Returns a tag's language and script, as likely as not the ones it leaves out (UTS 35: likely subtags); undefined for what is no tag. */
function spokenBy(tag: string): string | undefined {
  try {
    const { language, script } = new Intl.Locale(tag).maximize()
    return `${language}-${script}`
  } catch {
    return undefined
  }
}
