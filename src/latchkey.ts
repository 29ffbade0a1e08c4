import type { RequestListener } from 'node:http'
import type { DestinationStream } from 'pino'
import { accounts as accountsOf } from './accounts/account.ts'
import { agentOf } from './accounts/agent.ts'
import { credentials as credentialsOf } from './accounts/credential.ts'
import { devices as devicesOf } from './accounts/device.ts'
import { holding } from './accounts/hold.ts'
import { links as linksOf } from './accounts/link.ts'
import { sessionBook } from './accounts/session.ts'
import { throttle as throttleOf } from './accounts/throttle.ts'
import { apiKeys as apiKeysOf } from './api-keys/index.ts'
import type { Config } from './config.ts'
import { same } from './crypto/compare.ts'
import { type Cost, hasher as hasherOf } from './crypto/hash.ts'
import { token } from './crypto/random.ts'
import { sealer as sealerOf } from './crypto/seal.ts'
import { keyring as keyringOf } from './crypto/secrets.ts'
import { composer as composerOf } from './delivery/compose.ts'
import { letters as lettersOf } from './delivery/letters.ts'
import { mail as mailOf } from './delivery/mail.ts'
import { type Logout, Undeliverable } from './delivery/message.ts'
import { outbox as outboxOf } from './delivery/outbox.ts'
import { sms } from './delivery/sms.ts'
import { type Observer, recorder } from './events.ts'
import { factors as factorsOf } from './factors/index.ts'
import { asking } from './flows/asking.ts'
import { attempts as attemptsOf } from './flows/attempts.ts'
import { ceremonies as ceremoniesOf } from './flows/ceremonies.ts'
import { type AskOwner, confirming as confirmingOf } from './flows/confirming.ts'
import { disowning as disowningOf } from './flows/disowning.ts'
import { enrolling, proving } from './flows/judging.ts'
import { protection as protectionOf } from './flows/protection.ts'
import { resetting as resettingOf } from './flows/resetting.ts'
import { signUp as signUpOf } from './flows/sign-up.ts'
import { steps as stepsOf } from './flows/steps.ts'
import type { Visitor } from './flows/visitor.ts'
import { activity as activityOf } from './observers/activity.ts'
import { alerts } from './observers/alerts.ts'
import { audit } from './observers/audit.ts'
import { logger } from './observers/log.ts'
import { metrics as metricsOf } from './observers/metrics.ts'
import { sessionKeeper } from './observers/sessions.ts'
import { readClients } from './oidc/clients.ts'
import { cookieKeys, signingKeys } from './oidc/keys.ts'
import { createProvider } from './oidc/provider.ts'
import { places as placesOf } from './risk/places.ts'
import { risk as riskOf } from './risk/weigh.ts'
import type { Store } from './store/collection.ts'
import { app } from './web/app.ts'
import { assets as assetsOf } from './web/assets.ts'
import { type Locale, type PhraseKey, phrases as phrasesOf } from './web/phrases.ts'
import { protocolPages } from './web/protocol-pages.ts'
import { renderer } from './web/render.ts'
import { shower } from './web/show.ts'
import { words as wordsOf } from './web/words.ts'

const name = 'Latchkey'
/** How long apps that are down may yet hear that a session ended, in milliseconds. */
const logoutLife = 7 * 24 * 3_600_000
/** How long who signs out waits for apps to hear it, in milliseconds; those that are slower hear it later. */
const promptly = 1_000

interface Surroundings {
  store: Store
  /** Newest first: the configured ones, or those that development made. */
  secrets: readonly string[]
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Where the log goes; standard output unless told. */
  log?: DestinationStream
  /** What a password hash costs; a test may make it cheap. */
  cost?: Cost
}

export interface Latchkey {
  /** Answers every request. */
  listener: RequestListener
  /** Says in the log what the process does. */
  say(text: string): void
  /** Ends what runs beside requests. The store stays open. */
  stop(): Promise<void>
}

/** Puts the house together: with main.ts and cli.ts, all that knows every room. Throws ClientsError. */
export async function latchkey(config: Config, surroundings: Surroundings): Promise<Latchkey> {
  const { store, secrets, now = Date.now, log: destination, cost } = surroundings
  const { issuer, production, local } = config
  const clients = readClients(config.clients, { production, local })

  const log = logger(config.log, destination)
  const metrics = metricsOf()
  const places = placesOf({ finer: config.geoip.file, onFault: log.fault })
  const book = sessionBook({ store, longest: config.session.max, now })
  const sessionsKept = sessionKeeper({ book, country: address => places.of(address).country })
  // What tells owners writes letters, which are on the record themselves.
  const tellOwner: Observer = { awaited: true, observe: recorded => toldBy.observe(recorded) }
  const observers = [audit({ store }), sessionsKept, tellOwner, log.observer, metrics.observer]
  const record = recorder(observers, now, log.fault)

  const keyring = keyringOf(secrets)
  const sealer = sealerOf(keyring)
  const hasher = hasherOf({ keyring, queue: config.hashing.queue, cost })
  const phrases = phrasesOf({ production })
  const mail = config.mail.url === undefined ? undefined : mailOf({ url: config.mail.url, from: config.mail.from })
  const logout = async ({ to: client, account, sid }: Logout): Promise<void> => {
    if ((await oidc.tellApp({ client, account, sid })) === 'refused') throw new Undeliverable()
  }
  const text = config.sms.url === undefined ? undefined : sms({ url: config.sms.url })
  const channels = { email: mail?.send, sms: text, logout }
  const outbox = outboxOf({ store, sealer, channels, now, onEvent: record })
  const accounts = accountsOf(store)
  const phraseOf = async (to: string) => (await accounts.byEmail(to))?.phrase
  const letters = lettersOf({ composer: composerOf({ phrases, issuer, name }), outbox, issuer, phraseOf, now })

  const credentials = credentialsOf({ store, sealer, now })
  const devices = devicesOf({ store, trustFor: config.trust, now })
  const links = linksOf({ store, now })
  const throttle = throttleOf({ store, now })
  const factors = factorsOf({ hasher, sealer, send: letters.code, name, issuer })

  const { methods } = clients
  const hold = holding({ accounts, record, hold: config.hold, now })
  const keeping = { store, sealer, accounts, throttle, messages: letters, record, now }
  const apiKeys = apiKeysOf({ ...keeping, hold, methods, tokens: `${issuer}/token` })

  const attempts = attemptsOf({ store, now })
  const ceremonies = ceremoniesOf({ store, sealer, now })
  const ask = asking({ ceremonies, accounts, throttle, messages: letters, record })
  const signUp = signUpOf({ accounts, credentials, sealer, messages: letters, record, now })
  const guessed = factors.map(({ id }) => id)
  const risk = riskOf({ accounts, book, devices, throttle, places, guessed, now })
  const protection = protectionOf({ factors, accounts, credentials, risk, record, hold: config.hold, now })
  const judged = { factors, attempts, ceremonies, accounts, credentials, devices, throttle }
  const judges = { ...judged, protection, signUp, record, now }
  const [prove, enrol] = [proving(judges), enrolling(judges)]

  const words = wordsOf({ say: (locale, key, values) => phrases.t(locale as Locale, key as PhraseKey, values), places })
  const reach = ({ factor, secret }: { factor: string; secret: unknown }) =>
    factors.find(({ id }) => id === factor)?.vouches?.(secret) ?? {}
  const say = (locale: string, key: string) => phrases.t(locale as Locale, key as PhraseKey)
  const toldBy = alerts({ accounts, credentials, links, letters, reach, say, words })
  const whence = (locale: string, { address, agent }: Visitor) =>
    words.whence(locale, { address, agent: agentOf(agent) })
  const recovering = { accounts, links, messages: letters, record, now }
  const resetting = resettingOf({ ...recovering, throttle, whence })
  const disowning = disowningOf({ ...recovering, factors, credentials, hold: config.hold })
  const askOwner: AskOwner = async (
    { email: to, locale, phrase },
    { bearer: confirm, expiresAt },
    { at, agent, address },
  ) => {
    const seen = { when: words.moment(locale, at), ...words.whence(locale, { address, agent: agentOf(agent) }) }
    await letters.confirm({ to, locale, phrase, confirm, expiresAt, ...seen })
  }
  const confirming = confirmingOf({ accounts, attempts, links, throttle, askOwner, record, now })
  const walking = { factors, attempts, ceremonies, ask, prove, enrol, credentials, throttle, now }
  const steps = stepsOf({ ...walking, confirming, risk, devices, record })

  const assets = assetsOf()
  const show = shower({ render: renderer({ phrases, assets, now }), phrases })
  const keys = await signingKeys({ store, sealer, record, now })
  const oidc = await createProvider({
    issuer,
    local,
    session: config.session,
    store,
    keyring,
    keys,
    clients,
    accounts,
    bars: risk.bars,
    locales: ['en', 'de'],
    record,
    post: ({ client: to, account, sid }) =>
      outbox.post({ channel: 'logout', to, account, sid, purpose: 'logout', expiresAt: now() + logoutLife }, promptly),
    judge: apiKeys.judge,
    onFault: log.fault,
    renderers: protocolPages({ accounts, show }),
    now,
  })

  const listener = app({
    ...oidc,
    ...apiKeys,
    record,
    protocol: { keys: cookieKeys(keyring), discovery: oidc.discovery, endpoints: oidc.endpoints },
    issuer,
    trustProxy: config.listen.trustProxy,
    token,
    assets,
    show,
    accounts,
    credentials,
    devices,
    factors,
    attempts,
    protection,
    resetting,
    disowning,
    steps,
    book,
    risk,
    confirming,
    words,
    activity: activityOf({ store }),
    appName: client => clients.app(client)?.name,
    rpId: new URL(issuer).hostname,
    now,
    ping: store.ping,
    metrics: scraped(config.metrics.token, metrics.text),
    kept: !production && (!channels.email || !channels.sms) ? outbox.list : undefined,
    log: log.fault,
    answered: request => {
      metrics.answered(request)
      log.answered(request)
    },
  })
  const rest = outbox.work()
  return {
    listener,
    say: log.say,
    stop: async () => {
      await rest()
      mail?.close()
      places.close()
    },
  }
}

function scraped(bearer: string | undefined, text: () => Promise<string>) {
  if (bearer === undefined) return undefined
  return { text, admits: (authorization: string) => same(authorization, `Bearer ${bearer}`) }
}
