import { DeliveryFault, type DeliveryReason, socketReason } from './delivery-fault.ts'
import type { Send } from './message.ts'

interface Options {
  /** `smtp://user:password@host:port`, or `smtps://…` for TLS from the first byte. */
  url: string
  /** A mailbox (RFC 5322, 3.4). */
  from: string
  /** What we call ourselves to the mail server (EHLO, RFC 5321, 4.1.1.1). */
  ehlo: string
  /** Milliseconds for each of connecting, greeting and silence. */
  timeout?: number
}

const local = new Set(['localhost', '127.0.0.1', '[::1]'])
// One plain address: no list, no group, no comment, no second header.
const address = /^[^\s"(),:;<>@[\\\]\p{Cc}]+@[^\s"(),:;<>@[\\\]\p{Cc}]+$/u

/** Sends through one mail server over a few kept connections, by TLS unless the server is on loopback; `close` lets them go. */
export function mail({ url, from, ehlo, timeout = 10_000 }: Options) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const loopback = local.has(hostname)
  const host = `${hostname}:${port || (secure ? 465 : 587)}`
  const options = {
    pool: true as const,
    name: ehlo,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (secure ? 465 : 587)),
    secure,
    requireTLS: !loopback,
    tls: { minVersion: 'TLSv1.2' as const, rejectUnauthorized: !loopback },
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    maxConnections: 5,
    // Trying again is the outbox's to decide.
    maxRequeues: 0,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    dnsTimeout: timeout,
    socketTimeout: 2 * timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
  // Loaded with the first mail: a start does without.
  const connect = async () => (await import('nodemailer')).createTransport(options)
  let connected: ReturnType<typeof connect> | undefined
  const domain = /@([^\s>@]+)>?$/.exec(from.trim())?.[1] ?? hostname

  return {
    send: (async ({ id, at, to, subject, text, html }, signal) => {
      if (!address.test(to)) throw new DeliveryFault({ reason: 'recipient-refused', host }, { forGood: true })
      connected ??= connect()
      const transport = await connected
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject: subject.replace(/\p{Cc}+/gu, ' '),
          text,
          ...(html !== undefined && { html }),
          date: new Date(at),
          messageId: `<${id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          signal,
        })
      } catch (cause) {
        throw mailFault(cause, host)
      }
    }) satisfies Send,
    /** Connects and signs in, and sends nothing. Throws DeliveryFault. */
    verify: async (): Promise<void> => {
      connected ??= connect()
      const transport = await connected
      await transport.verify().catch(cause => {
        throw mailFault(cause, host)
      })
    },
    /** Lets the connections go. */
    close: async (): Promise<void> => (await connected)?.close(),
  }
}

/** What nodemailer says of a failure. */
interface MailerFault {
  code?: string
  command?: string
  responseCode?: number
}

/** What went wrong, at which step and with which reply; the recipient and the server's own words, which may name them, are left out. */
function mailFault(cause: unknown, host: string): DeliveryFault {
  const { command: step, responseCode } = cause as MailerFault
  // A socket's error has no reply, and its number would be 0 or that of an earlier one.
  const reply = responseCode !== undefined && responseCode >= 400 ? responseCode : undefined
  const facts = { reason: mailReason(cause as MailerFault & Error), host, step, reply }
  // For good means: this recipient, or this content (RFC 5321, 4.2.1). A refused password or sender is the operator's to mend.
  const theirs = facts.reason === 'recipient-refused' || facts.reason === 'content-refused'
  return new DeliveryFault(facts, { forGood: theirs && (reply ?? 0) >= 500, cause })
}

function mailReason(fault: MailerFault & Error): DeliveryReason {
  const { code = '', command = '', responseCode = 0, message } = fault
  if (code === 'EAUTH') return responseCode >= 400 && responseCode < 500 ? 'refused-for-now' : 'sign-in-refused'
  if (code === 'EPROTOCOL') return 'not-smtp'
  if (command === 'STARTTLS' || /STARTTLS/.test(message)) return socketReason(fault) ?? 'no-tls'
  // Greetings and commands that are put off or turned down for all alike (RFC 5321, 4.2.3).
  if (responseCode === 421 || responseCode === 450 || responseCode === 451 || responseCode === 452)
    return command === 'MAIL FROM' || responseCode === 421 ? 'too-many' : 'refused-for-now'
  if (command === 'MAIL FROM') return 'sender-refused'
  if (command === 'RCPT TO') return 'recipient-refused'
  if (command === 'DATA') return 'content-refused'
  // A server that speaks TLS from the first byte, or none where we expect it.
  if (code === 'ETLS') return socketReason(fault) ?? 'tls-failed'
  return socketReason(fault) ?? (code === 'ECONNECTION' ? 'connection-lost' : 'failed')
}
