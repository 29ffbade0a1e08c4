import type { MailName, Recipient, SendMail } from '../../src/delivery/mails.ts'

/** A mail as its sender handed it over: `to` is an address or a phone number. */
export interface SentMail {
  name: MailName
  to: string
  locale: string
  data: Record<string, unknown>
}

/** Returns a `sendMail` that keeps what it is given in `sent`. */
export function mailbox(): { sent: SentMail[]; sendMail: SendMail } {
  const sent: SentMail[] = []
  const keep = async (name: MailName, { email, textTo, locale }: Recipient, data: Record<string, unknown> = {}) => {
    sent.push({ name, to: email ?? textTo ?? '', locale, data })
  }
  return { sent, sendMail: keep as SendMail }
}
