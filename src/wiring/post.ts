import type { Brand } from '../brand/brand.ts'
import type { Config } from '../config.ts'
import { composer } from '../delivery/compose.ts'
import { DeliveryFault } from '../delivery/delivery-fault.ts'
import { mailing } from '../delivery/mails.ts'
import type { Logout, Ping, Send, Webhook } from '../delivery/message.ts'
import { outbox as outboxOf } from '../delivery/outbox.ts'
import { sentLog as sentLogOf } from '../delivery/sent-log.ts'
import { sms } from '../delivery/sms.ts'
import { mail as mailOf } from '../delivery/smtp.ts'
import type { Emit } from '../events.ts'
import type { Options } from '../oidc/options.ts'
import type { Oidc } from '../oidc/provider.ts'
import type { Phrases } from '../web/phrases.ts'

/** How long apps that are down may yet hear that a session ended, in milliseconds. */
const logoutLife = 7 * 24 * 3_600_000
/** How long who signs out waits for apps to hear it, in milliseconds; those that are slower hear it later. */
const promptly = 1_000
/** How long apps may hear that their request was answered, in milliseconds: it has run out by then. */
const pingLife = 5 * 60_000

type Services = Pick<Parameters<typeof outboxOf>[0], 'store' | 'sealer' | 'now'> &
  Pick<Parameters<typeof mailing>[0], 'antiPhishingPhraseOf' | 'mayText'> &
  Pick<Parameters<typeof sentLogOf>[0], 'accountOf'> &
  Pick<Oidc, 'tellApp' | 'tellPing'> & {
    phrases: Phrases
    /** Posts an event to a webhook. */
    webhook: Send<Webhook>
    emit: Emit
    /** What the sender calls itself and looks like. */
    brand: () => Brand
  }

/** Puts together what writes to people and to apps: all that leaves the house by itself. */
export function post({ production, issuer, mail, sms: { url } }: Config, services: Services) {
  const {
    phrases,
    tellApp,
    tellPing,
    webhook,
    antiPhishingPhraseOf,
    accountOf,
    mayText,
    brand,
    now,
    emit,
    ...keeping
  } = services
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
  const channels = {
    email: mailer?.send,
    sms: url === undefined ? undefined : sms({ url, now }),
    logout,
    ping,
    webhook,
  }
  // What became of a webhook's messages it keeps itself: on the record here, each would be one more event to post.
  const onEvent: Parameters<typeof outboxOf>[0]['onEvent'] = (name, data) =>
    data.channel === 'webhook' && name !== 'message.abandoned' ? undefined : emit(name, data)
  const composing = composer({ phrases, issuer, brand })
  const sentLog = sentLogOf({ store: keeping.store, accountOf, now })
  const outbox = outboxOf({ ...keeping, channels, now, onEvent, log: sentLog })
  return {
    outbox,
    sentLog,
    /** Composes an email without sending it. */
    compose: composing.mail,
    /** Composes a text message without sending it. */
    composeText: composing.text,
    sendMail: mailing({ composer: composing, outbox, issuer, antiPhishingPhraseOf, mayText, now }),
    postLogout: ({ client: to, account, sid }: Parameters<Options['postLogout']>[0]) =>
      outbox.post({ channel: 'logout', to, account, sid, purpose: 'logout', expiresAt: now() + logoutLife }, promptly),
    postPing: ({ client: to, ...ping }: Parameters<Options['postPing']>[0]) =>
      outbox.post({ channel: 'ping', to, ...ping, purpose: 'ping', expiresAt: now() + pingLife }),
    /** What the development outbox shows; undefined where every message really goes out. */
    kept: !production && (!channels.email || !channels.sms) ? outbox.list : undefined,
    close: () => mailer?.close(),
  }
}
