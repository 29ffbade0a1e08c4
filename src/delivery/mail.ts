import { type Send, Undeliverable } from './message.ts'

interface Options {
  /** `smtp://user:password@host:port`, or `smtps://…` for TLS from the first byte. */
  url: string
  /** A mailbox (RFC 5322, 3.4). */
  from: string
  /** Milliseconds for each of connecting, greeting and silence. */
  timeout?: number
}

const local = new Set(['localhost', '127.0.0.1', '[::1]'])
// One plain address: no list, no group, no comment, no second header.
const address = /^[^\s"(),:;<>@[\\\]\p{Cc}]+@[^\s"(),:;<>@[\\\]\p{Cc}]+$/u

/** Sends through one mail server over a few kept connections, by TLS unless the server is on loopback; `close` lets them go. */
export function mail({ url, from, timeout = 10_000 }: Options): { send: Send; close(): Promise<void> } {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const loopback = local.has(hostname)
  const options = {
    pool: true as const,
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
  const domain = /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? hostname

  return {
    async send({ id, at, to, subject, text, html }, signal) {
      if (!address.test(to)) throw new Undeliverable()
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
        throw refused(cause) ? new Undeliverable({ cause }) : cause
      }
    },
    close: async () => (await connected)?.close(),
  }
}

// For good means: this recipient, or this content (RFC 5321, 4.2.1). A refused password or sender is the operator's to mend.
function refused(cause: unknown): boolean {
  const { code, command, responseCode = 0 } = cause as { code?: string; command?: string; responseCode?: number }
  const theirs = (code === 'EENVELOPE' && command === 'RCPT TO') || (code === 'EMESSAGE' && command === 'DATA')
  return theirs && responseCode >= 500
}
