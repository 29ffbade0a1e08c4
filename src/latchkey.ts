import type { DestinationStream } from 'pino'
import { accounts as accountsOf } from './accounts/account.ts'
import { holding } from './accounts/hold.ts'
import { passwordKinds } from './accounts/password-kinds.ts'
import { postage as postageOf } from './accounts/postage.ts'
import { sessionBook } from './accounts/session.ts'
import { throttle as throttleOf } from './accounts/throttle.ts'
import { actions as actionsOf } from './actions/index.ts'
import { apiKeys as apiKeysOf } from './api-keys/schemes.ts'
import { backupSchedule } from './backup/backup-schedule.ts'
import { nameIn } from './clients/attributes.ts'
import { readClients } from './clients/declared.ts'
import { pairwiseSalt } from './clients/pairwise.ts'
import { registrations } from './clients/registrations.ts'
import { registry } from './clients/registry.ts'
import { storedApps } from './clients/stored-apps.ts'
import type { Config } from './config.ts'
import { type Cost, hasher as hasherOf } from './crypto/hash.ts'
import { cookieKeys, keyring as keyringOf } from './crypto/keyring.ts'
import { requestName, token } from './crypto/random.ts'
import { sealer as sealerOf } from './crypto/seal.ts'
import type { Observer } from './events.ts'
import { signingRing } from './keys/signing-keys.ts'
import { languages } from './languages.ts'
import { activity as activityOf } from './observers/activity.ts'
import { audit, auditHead, auditHeads } from './observers/audit.ts'
import { logger } from './observers/log.ts'
import { metrics as metricsOf } from './observers/metrics.ts'
import { recorder } from './observers/recorder.ts'
import { sessionKeeper } from './observers/session-log.ts'
import { tallies } from './observers/tally.ts'
import { routes } from './oidc/configuration.ts'
import { certifiedPaths } from './oidc/mtls.ts'
import { createProvider } from './oidc/provider.ts'
import { places as placesOf } from './risk/places.ts'
import type { Store } from './store/collection.ts'
import { outages } from './store/outages.ts'
import { readiness } from './store/readiness.ts'
import { app } from './web/app.ts'
import { assets as assetsOf } from './web/assets.ts'
import { only } from './web/http-security.ts'
import { phrases as phrasesOf, words as wordsOf } from './web/phrases.ts'
import { protocolPages } from './web/protocol-pages.ts'
import { renderer, shower } from './web/show.ts'
import { asksItself, repeating, scraped, sealedFor, together } from './wiring/composing.ts'
import * as configured from './wiring/configured.ts'
import { staffConsole } from './wiring/console.ts'
import { feeding } from './wiring/feeding.ts'
import { people as peopleOf } from './wiring/people.ts'
import { post as postOf } from './wiring/post.ts'
import { identity as identityOf, telling } from './wiring/staff-and-alerts.ts'

const minute = 60_000

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
  /** Milliseconds between two looks at the signing keys; a measurement that rotates them every second looks more often. */
  keysLook?: number
  /** Resolves to what `/metrics` answers, where several processes serve; this process's own figures unless told. */
  scrape?: (() => Promise<string>) | undefined
}

/** Puts the house together: with main.ts, cli.ts and wiring/, all that knows every room. Throws ClientsError. */
export async function latchkey(config: Config, surroundings: Surroundings) {
  const { secrets, now = Date.now, log: destination, cost, keysLook } = surroundings
  const metrics = metricsOf({ named: id => clients.declared().app(id) !== undefined })
  const { store, ...watched } = outages(surroundings.store, now, { also: metrics.called })
  const { issuer, production, local } = config
  const standing = { production, local, mtls: config.mtls, issuer }
  const mtls = configured.mtls(config)
  const { registration, documents } = config.apps
  const clients = registry(readClients(config.clients, standing), {
    registrations: registrations(store),
    stored: storedApps(store),
    hosts: documents,
  })

  const log = logger({ level: configured.logLevel(config) }, destination)
  for (const warning of config.warnings) log.warn(warning)
  const places = await placesOf({ finer: config.geoip.file, onFault: log.fault })
  const book = sessionBook({ store, longest: config.session.max, now })
  const sessionsKept = sessionKeeper({ book, place: places.of })
  const observers: Observer[] = [audit({ store }), sessionsKept, log.observer, metrics.observer]
  const emit = recorder(observers, now, log.fault)
  const tally = tallies({ emit, onFault: log.fault })
  observers.push(tally.observer)

  const keyring = keyringOf(secrets)
  const sealer = sealerOf(keyring)
  const hasher = hasherOf({ keyring, queue: config.hashing.queue, cost })
  const kinds = passwordKinds({ store, sealer, now })
  const accounts = accountsOf(store, sealer)
  const assets = assetsOf()
  const brand = configured.branding(config, { publish: assets.publish, warn: log.warn })
  const { name } = brand.now()
  const phrases = phrasesOf({ production, brand: () => brand.now().name })
  const throttle = throttleOf({ store, now, emit })
  const postage = postageOf({ throttle, daily: config.sms.daily })
  const words = wordsOf({ say: phrases.say, places })
  const feeds = feeding(config, { store, emit, now, ring: () => ring, onFault: log.fault })
  const post = postOf(config, {
    ...{ store, sealer, phrases, emit, now, brand: brand.now },
    tellApp: told => oidc.tellApp(told),
    tellPing: told => oidc.tellPing(told),
    webhook: feeds.webhook,
    mayText: postage.mayText,
    antiPhishingPhraseOf: async to => (await accounts.byEmail(to))?.antiPhishingPhrase,
    accountOf: async to => (await accounts.byEmail(to))?.id,
  })
  const { sendMail } = post
  const people = peopleOf(config, {
    ...{ store, sealer, hasher, accounts, throttle, postage, book, places, sendMail, words, emit, name, now },
    onFault: log.fault,
    likeness: address => kinds.likeness(address, keyring.newest('decoys').bytes),
    endAll: account => oidc.sessions.endAllOf(account, 'closed'),
    complete: id => identity.submissions.complete(id),
    cutOff: async (account, origin) => {
      await oidc.sessions.endAllOf(account, 'protection-changed', origin)
      await apiKeys.owner.revokeAll(account, origin)
    },
  })
  const { announcements, quota, risk } = people
  const identity = identityOf(config, {
    ...{ ...people, store, sealer, accounts, book, sendMail, words, emit, now },
    onFault: log.fault,
  })
  // Its mails are on the record themselves, so it comes to the list once there is a way to send them.
  const { contactOf } = identity
  observers.push({ ...telling({ people, contactOf, accounts, sendMail, say: phrases.say, words }), afterwards: true })

  const hold = holding({ accounts, emit, hold: config.hold, now })
  const methods = { get: (name: string) => clients.declared().methods.get(name) }
  const keeping = { store, sealer, accounts, throttle, sendMail, emit, now }
  const apiKeys = apiKeysOf({ ...keeping, hold, words, methods, tokens: `${issuer}/token` })

  const show = shower({ render: renderer({ phrases, assets, now, brand: brand.now }), phrases, reasons: !production })
  const ring = await signingRing({
    ...{ store, sealer, emit, now, poll: keysLook, age: config.keys.age },
    hints: config.session.max,
    onFault: log.fault,
  })
  const oidc = await createProvider({
    ...{ issuer, standing, mtls, registration, documents, store, keyring },
    ...{ clients, throttle, quota, accounts, emit, now, servedSince: watched.servedSince },
    session: config.session,
    requests: config.requests,
    salt: await pairwiseSalt({ store, sealer }),
    keys: ring,
    bars: risk.bars,
    redeem: people.approving.redeem,
    waits: people.approving.waits,
    locales: Object.keys(languages),
    ...{ postLogout: post.postLogout, postPing: post.postPing, sendMail },
    verifySigned: apiKeys.judge,
    onFault: log.fault,
    renderers: protocolPages({ accounts, show }),
  })

  const rooms = together(oidc, apiKeys, people, identity, { activity: activityOf({ store }) })
  const appName = async (client: string) => (await clients.app(client))?.name
  const attributes = () => clients.declared().attributes
  const attributeName = (locale: string, name: string) => nameIn(locale, attributes().get(name)?.name)
  const { figures, ...staffed } = staffConsole({
    ...{ ...rooms, clients, sealer, store, accounts, book, appName, sentLog: post.sentLog },
    ...{ keyring, issuer, observers, emit, now, stopping: feeds.stopping, webhooks: feeds.webhooks },
    ...{ settings: config.inForce, local: local && !production, registration },
  })
  const acting = {
    ...{ ...rooms, ...staffed, appName, attributeName, accounts, languages },
    ...{ words, sendMail, issuer, emit, now },
  }
  const actions = actionsOf(acting)
  const listener = app({
    ...acting,
    ...{ actions, token, requestName, assets, show, book },
    protocol: { keys: cookieKeys(keyring), discovery: oidc.discovery, endpoints: oidc.endpoints },
    proxies: configured.proxies(config, { say: log.warn, now }),
    ...{ app: clients.app, suite: () => clients.declared().apps, attributes },
    places,
    rpId: new URL(issuer).hostname,
    contacts: config.contacts,
    asksItself: asksItself(keyring, now),
    sealed: sealedFor(sealer, 'typed'),
    ready: readiness(store, { now, onFault: log.fault }),
    eventFileFault: feeds.eventFileFault,
    metrics: scraped(config.metrics.token, surroundings.scrape ?? metrics.text),
    kept: post.kept,
    ...{ compose: post.compose, composeText: post.composeText, samples: configured.samples(config) },
    ...{ log: log.fault, refused: log.refused },
    answered: request => {
      metrics.answered(request)
      log.answered(request)
    },
  })
  metrics.queue('hashing', hasher.waiting)
  const overdue = async () => metrics.overdue(await post.outbox.overdue())
  const rests = [post.outbox.work(), identity.schedule.start(), feeds.work(post.outbox.post)]
  const unfollow = ring.work()
  const sweep = async (): Promise<void> => {
    await announcements.sweep()
    for (const each of actions.list) await each.sweep?.()
    await Promise.all([tally.flush(), figures.flush()])
  }
  const signEnd = await auditHeads({
    ...{ store, issuer, now },
    keys: keyring.all(auditHead),
    heads: config.audit.heads,
    log: log.head,
  })
  const stopped = new AbortController()
  const backingUp = { store, emit, now, onDone: metrics.backedUp, onFault: log.fault }
  const backups = backupSchedule(config, backingUp, stopped.signal)
  const repeated = [repeating(sweep, minute, log.fault), repeating(signEnd, 60 * minute, log.fault)]
  repeated.push(repeating(() => kinds.recount(hasher.kind, stopped.signal), minute, log.fault))
  repeated.push(repeating(watched.beat, minute / 60, log.fault))
  if (backups) repeated.push(repeating(backups, minute, log.fault))
  if (config.metrics.token !== undefined) repeated.push(repeating(overdue, minute / 4, log.fault))
  return {
    /** Answers every request. */
    listener,
    /** Answers only what apps show client certificates at. */
    certified: only([...certifiedPaths(routes), '/api-keys/verify', '/admin/api/'], listener, requestName),
    /** Say in the log what the process does, what went wrong, and which request was refused. */
    ...{ say: log.say, fault: log.fault, refused: log.refused },
    /** Reads clients.json, the brand, the file of places and how much to log again; what is faulty is logged, and the former stays. */
    reload: configured.reloading(config, { brand, places, log, declare: oidc.declare, emit, onFault: log.fault }),
    /** Does now what otherwise happens every minute: sends pending notices of changes, and removes accounts whose time has come. */
    sweep,
    /** Answers those who wait for events: to be called before it stops listening. */
    leave: feeds.leave,
    /** Resolves to what this process has counted, for another to add up. */
    figures: metrics.figures,
    /** Ends what runs beside requests. The store stays open. */
    stop: async (): Promise<void> => {
      stopped.abort()
      await unfollow()
      await Promise.all([...rests, ...repeated].map(rest => rest()))
      await Promise.all([tally.flush(), figures.flush()])
      post.close()
    },
  }
}
