import type { Composer } from './compose.ts'
import type { Outbox } from './outbox.ts'

/** A code on its way to a person. */
export interface CodeLetter {
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

/** What Latchkey writes to people: composed and handed to the outbox. Each resolves once it is kept. */
export interface Letters {
  code(letter: CodeLetter): Promise<void>
  /** To the owner of an address with which somebody tried to sign up again. */
  taken(to: string, locale: string): Promise<void>
  welcome(to: string, locale: string): Promise<void>
}

/** Makes the letter writer. */
export function letters({ composer, outbox, now }: { composer: Composer; outbox: Outbox; now: () => number }): Letters {
  const mail = (template: 'taken' | 'welcome') => async (to: string, locale: string) => {
    await outbox.post({ channel: 'email', to, purpose: template, ...composer.mail(template, { to, locale }) })
  }
  return {
    code: async ({ channel, to, code, purpose, locale, towards, expiresAt }) => {
      const values = { to, locale, towards, code, minutes: Math.max(1, Math.round((expiresAt - now()) / 60_000)) }
      const content = channel === 'sms' ? { subject: '', text: composer.sms(values) } : composer.mail('code', values)
      await outbox.post({ channel, to, purpose, code, expiresAt, ...content })
    },
    taken: mail('taken'),
    welcome: mail('welcome'),
  }
}
