import type { Brand } from '../brand/brand.ts'
import type { Config } from '../config.ts'
import type { Sealer } from '../crypto/seal.ts'
import { type Composer, composer } from '../delivery/compose.ts'
import { DeliveryFault } from '../delivery/delivery-fault.ts'
import { mailing, type SendMail } from '../delivery/mails.ts'
import type { Logout, Ping } from '../delivery/message.ts'
import { type Outbox, outbox as outboxOf } from '../delivery/outbox.ts'
import { sms } from '../delivery/sms.ts'
import { mail as mailOf } from '../delivery/smtp.ts'
import type { Emit } from '../events.ts'
import type { Options } from '../oidc/options.ts'
import type { Oidc } from '../oidc/provider.ts'
import type { Store } from '../store/collection.ts'
import type { Phrases } from '../web/phrases.ts'

/** How long apps that are down may yet hear that a session ended, in milliseconds. */
const logoutLife = 7 * 24 * 3_600_000
/** How long who signs out waits for apps to hear it, in milliseconds; those that are slower hear it later. */
const promptly = 1_000
/** How long apps may hear that their request was answered, in milliseconds: it has run out by then. */
const pingLife = 5 * 60_000

interface Services {
  store: Store
  sealer: Sealer
  phrases: Phrases
  emit: Emit
  /** Tells an app that a session of its has ended. */
  tellApp: Oidc['tellApp']
  /** Tells an app that its request was answered. */
  tellPing: Oidc['tellPing']
  /** The words by which the owner of an address knows us. */
  antiPhishingPhraseOf: (to: string) => Promise<string | undefined>
  /** May a number be sent one more text that is no code? */
  mayText: (to: string) => Promise<boolean>
  /** What the sender calls itself and looks like. */
  brand: () => Brand
  now: () => number
}

/** All that leaves the house by itself. */
export interface Post {
  outbox: Outbox
  sendMail: SendMail
  /** Composes an email without sending it. */
  compose: Composer['mail']
  postLogout: Options['postLogout']
  postPing: Options['postPing']
  /** What the development outbox shows; undefined where every message really goes out. */
  kept: Outbox['list'] | undefined
  close(): void
}

/** Puts together what writes to people and to apps. */
export function post({ production, issuer, mail, sms: { url } }: Config, services: Services): Post {
  const { phrases, tellApp, tellPing, antiPhishingPhraseOf, mayText, brand, now, emit, ...keeping } = services
  const mailer =
    mail.url === undefined
      ? undefined
      : mailOf({ ...mail, url: mail.url, from: (mail.fromTyped ? undefined : brand().sender) ?? mail.from })
  const logout = async ({ to: client, account, sid }: Logout): Promise<void> => {
    if ((await tellApp({ client, account, sid })) === 'refused')
      throw new DeliveryFault({ reason: 'refused' }, { forGood: true })
  }
  const ping = async ({ to: client, auth_req_id, token }: Ping): Promise<void> => {
    if ((await tellPing({ client, auth_req_id, token })) === 'refused')
      throw new DeliveryFault({ reason: 'refused' }, { forGood: true })
  }
  const channels = { email: mailer?.send, sms: url === undefined ? undefined : sms({ url, now }), logout, ping }
  const composing = composer({ phrases, issuer, brand })
  const outbox = outboxOf({ ...keeping, channels, now, onEvent: emit })
  return {
    outbox,
    compose: composing.mail,
    sendMail: mailing({
      composer: composing,
      outbox,
      issuer,
      antiPhishingPhraseOf,
      mayText,
      now,
    }),
    postLogout: ({ client: to, account, sid }) =>
      outbox.post({ channel: 'logout', to, account, sid, purpose: 'logout', expiresAt: now() + logoutLife }, promptly),
    postPing: ({ client: to, ...ping }) =>
      outbox.post({ channel: 'ping', to, ...ping, purpose: 'ping', expiresAt: now() + pingLife }),
    kept: !production && (!channels.email || !channels.sms) ? outbox.list : undefined,
    close: () => mailer?.close(),
  }
}
