/** A finished message: composed, in its recipient's language, and ready to go. */
export interface Message {
  channel: 'email' | 'sms'
  /** One address, or a phone number in E.164. */
  to: string
  subject: string
  text: string
  html?: string | undefined
  /** The code or the link that it carries, for the development outbox. */
  code?: string | undefined
  link?: string | undefined
  /** What it is for, as the store may show it: the sent-code factor's `sign-in`, say. Never whose. */
  purpose: string
  /** The name of the mail, and the account of its reader where the sender knows it: for the record of what was sent. */
  kind?: string | undefined
  account?: string | undefined
  /** Milliseconds since the epoch, after which it is of no more use and is abandoned. Default: 24 hours after posting. */
  expiresAt?: number | undefined
}

/** Word to an app that a session has ended. It is signed only when it goes, because what is signed ages. */
export interface Logout {
  channel: 'logout'
  /** The app's client id. */
  to: string
  account: string
  /** The session as the app knows it. */
  sid: string | undefined
  purpose: string
  expiresAt?: number | undefined
}

/** Word to an app that its request was answered (CIBA Core 1.0, 10.2). */
export interface Ping {
  channel: 'ping'
  /** The app's client id. */
  to: string
  auth_req_id: string
  /** The bearer token that the app gave for it. */
  token: string
  purpose: string
  expiresAt?: number | undefined
}

/** Word to a webhook that something happened. It is read and signed only when it goes. */
export interface Webhook {
  channel: 'webhook'
  /** Whose events arrive in order: the webhook and the account. */
  to: string
  webhook: string
  /** The number of the event in the audit log. */
  sequence: number
  purpose: string
  expiresAt?: number | undefined
}

/** All that can be posted, by the channel that it takes. */
export interface Channels {
  email: Message
  sms: Message
  logout: Logout
  ping: Ping
  webhook: Webhook
}

/** What is posted on its way. */
export type Sent<M> = M & {
  /** The same at every try, so that a receiver can tell a repeat. */
  id: string
  /** When it was posted, in milliseconds since the epoch. */
  at: number
}

/** A message on its way. */
export type Outgoing = Sent<Message>

/** Sends what was posted. Throws DeliveryFault. */
export type Send<M = Message> = (message: Sent<M>, signal: AbortSignal) => Promise<void>
