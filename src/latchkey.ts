import type { RequestListener } from 'node:http'
import type { DestinationStream } from 'pino'
import { accounts as accountsOf } from './accounts/account.ts'
import { credentials as credentialsOf } from './accounts/credential.ts'
import { devices as devicesOf } from './accounts/device.ts'
import { throttle as throttleOf } from './accounts/throttle.ts'
import type { Config } from './config.ts'
import { same } from './crypto/compare.ts'
import { type Cost, hasher as hasherOf } from './crypto/hash.ts'
import { token } from './crypto/random.ts'
import { sealer as sealerOf } from './crypto/seal.ts'
import { keyring as keyringOf } from './crypto/secrets.ts'
import { composer as composerOf } from './delivery/compose.ts'
import { letters as lettersOf } from './delivery/letters.ts'
import { mail as mailOf } from './delivery/mail.ts'
import { outbox as outboxOf } from './delivery/outbox.ts'
import { sms } from './delivery/sms.ts'
import { recorder } from './events.ts'
import { factors as factorsOf } from './factors/index.ts'
import { asking } from './flows/asking.ts'
import { attempts as attemptsOf } from './flows/attempts.ts'
import { ceremonies as ceremoniesOf } from './flows/ceremonies.ts'
import { enrolling, proving } from './flows/judging.ts'
import { signUp as signUpOf } from './flows/sign-up.ts'
import { steps as stepsOf } from './flows/steps.ts'
import { audit } from './observers/audit.ts'
import { logger } from './observers/log.ts'
import { metrics as metricsOf } from './observers/metrics.ts'
import { readClients } from './oidc/clients.ts'
import { cookieKeys, signingKeys } from './oidc/keys.ts'
import { createProvider } from './oidc/provider.ts'
import type { Store } from './store/collection.ts'
import { app } from './web/app.ts'
import { assets as assetsOf } from './web/assets.ts'
import { phrases as phrasesOf } from './web/phrases.ts'
import { protocolPages } from './web/protocol-pages.ts'
import { renderer } from './web/render.ts'
import { shower } from './web/show.ts'

const name = 'Latchkey'

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
  const https = issuer.startsWith('https:')
  const clients = readClients(config.clients, { production, local })

  const log = logger(config.log, destination)
  const metrics = metricsOf()
  const record = recorder([audit({ store }), log.observer, metrics.observer], now, log.fault)

  const keyring = keyringOf(secrets)
  const sealer = sealerOf(keyring)
  const hasher = hasherOf({ keyring, queue: config.hashing.queue, cost })
  const phrases = phrasesOf({ production })
  const mail = config.mail.url === undefined ? undefined : mailOf({ url: config.mail.url, from: config.mail.from })
  const channels = { email: mail?.send, sms: config.sms.url === undefined ? undefined : sms({ url: config.sms.url }) }
  const outbox = outboxOf({ store, sealer, channels, now, onEvent: record })
  const letters = lettersOf({ composer: composerOf({ phrases, issuer, name }), outbox, now })

  const accounts = accountsOf(store)
  const credentials = credentialsOf({ store, sealer, now })
  const devices = devicesOf({ store, now })
  const throttle = throttleOf({ store, now })
  const factors = factorsOf({ hasher, sealer, send: letters.code, name, issuer })

  const attempts = attemptsOf({ store, now })
  const ceremonies = ceremoniesOf({ store, sealer, now })
  const ask = asking({ ceremonies, accounts, throttle, messages: letters, record })
  const signUp = signUpOf({ accounts, credentials, sealer, messages: letters, record, now })
  const judges = { factors, attempts, ceremonies, accounts, credentials, devices, throttle, signUp, record, now }
  const [prove, enrol] = [proving(judges), enrolling(judges)]
  const steps = stepsOf({ factors, attempts, ceremonies, ask, prove, enrol, credentials, throttle, now })

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
    locales: ['en', 'de'],
    record,
    onFault: log.fault,
    renderers: protocolPages({ accounts, show, https }),
    now,
  })

  const listener = app({
    ...oidc,
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
    steps,
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
    },
  }
}

function scraped(bearer: string | undefined, text: () => Promise<string>) {
  if (bearer === undefined) return undefined
  return { text, admits: (authorization: string) => same(authorization, `Bearer ${bearer}`) }
}
