import { z } from 'zod'
import { event, type Level, tallied, told } from './event.ts'
import { staffEvents } from './staff-events.ts'

const account = z.string()
const factor = z.string()
const client = z.string()
const session = z.string()
/** What was out of the ordinary. */
const why = z.array(z.string())
const channel = z.enum(['email', 'sms', 'logout', 'ping', 'webhook'])
const message = { message: z.string(), channel, tries: z.number() }
/** Why it was not delivered: see `delivery/delivery-fault.ts`. */
const undelivered = {
  reason: z.string().optional(),
  host: z.string().optional(),
  step: z.string().optional(),
  reply: z.number().optional(),
}
const credential = z.string()

/** Every event once, named thing.past-participle: its data, its level, and whether the owner is told. Data is strict, so that nothing undeclared, and no secret, reaches a log. */
export const events = {
  'account.created': event('info', { account }),
  'account.imported': event('info', { account, source: z.string() }),
  'people.imported': event('warning', {
    source: z.string(),
    people: z.number(),
    present: z.number(),
    faulty: z.number(),
  }),
  'people.exported': event('warning', { people: z.number(), secrets: z.boolean() }),
  'email.proved': event('info', { account }),
  'number.proved': event('info', { account, credential }),
  'sign-up.started': event('info', { taken: z.boolean() }),
  'factor.enrolled': event('notice', { account, factor, credential }),
  'factor.added': event('notice', { account, factor, credential }, told),
  'factor.replaced': event('notice', { account, factor, credential, former: credential }, told),
  'factor.removed': event('notice', { account, factor, credential }, told),
  'factor.renamed': event('info', { account, factor, credential }),
  'factor.preferred': event('info', { account, factor, credential }),
  'profile.changed': event('info', { account }),
  'phrase.changed': event('notice', { account }, told),
  'texts.changed': event('notice', { account, on: z.boolean() }, told),
  'weekly-summary.changed': event('notice', { account, on: z.boolean() }, told),
  'account.disowned': event('warning', { account }),
  'closing.started': event('notice', { account, until: z.number() }, told),
  'closing.stopped': event('notice', { account }, told),
  'clock.jumped': event('warning', { from: z.number(), to: z.number() }),
  'account.closed': event('notice', { account }),
  'data.exported': event('notice', { account }, told),
  'recovery.started': event('notice', { account: account.optional() }),
  'hold.started': event('notice', { account, until: z.number() }),
  'factor.proved': event('info', { account, factor, credential }),
  'factor.refused': event('notice', { account: account.optional(), factor, code: z.string() }),
  'factor.throttled': event('warning', {
    account: account.optional(),
    factor,
    by: z.enum(['account', 'address', 'pair', 'device']),
  }),
  /** As before, while the same limit stays used up. */
  'factor.turned-away': event('routine', { account: account.optional(), factor, code: z.string() }, tallied),
  // A limit was used up; recorded once for each window, because many may run into it.
  'limit.closed': event('warning', { limit: z.string() }),
  // Wrong answers in a row: somebody gets as far as the second factor, and guesses.
  'factor.guessed': event('warning', { account, factor, times: z.number() }, told),
  'factor.closed': event('warning', { account, factor, times: z.number() }, told),
  'code.sent': event('info', { account: account.optional(), factor, channel: z.enum(['email', 'sms']) }),
  // Strangers have used up an account's tries on new devices: a new device proves the mailbox before it goes on.
  'sign-in.shut': event('notice', { account: account.optional() }),
  'sign-in.opened': event('notice', { account }),
  'sign-in.noticed': event('notice', { account, why }, told),
  'sign-in.held': event('notice', { account, why }),
  'sign-in.confirmed': event('notice', { account }),
  'sign-in.denied': event('warning', { account }, told),
  'sign-in.refused': event('warning', { account, why }, told),
  'restrictions.changed': event('notice', { account }, told),
  'travel.changed': event('notice', { account }, told),
  'device.trusted': event('notice', { account }),
  'device.forgotten': event('info', { account }),
  'session.started': event('info', { account, session, acr: z.string(), amr: z.array(z.string()) }),
  'session.raised': event('info', { account, session, acr: z.string(), amr: z.array(z.string()) }),
  'session.joined': event('routine', { account, session, client }),
  'session.seen': event('routine', { account, session }),
  'session.ended': event('info', {
    account,
    session,
    why: z.enum([
      'signed-out',
      'ended',
      'expired',
      'token-reused',
      'protection-changed',
      'disowned',
      'closed',
      'staff',
    ]),
  }),
  'consent.granted': event('info', { account, client, scope: z.string(), attributes: z.string().optional() }),
  'consent.refused': event('info', { account, client }),
  'approval.given': event(
    'notice',
    // To whom is in the receipt, which goes with the account.
    { account, client, receipt: z.string(), credential, type: z.string(), amount: z.string(), unit: z.string() },
    told,
  ),
  'approval.refused': event('info', { account, client }),
  'approval.spent': event('notice', { account, client, receipt: z.string(), api: z.string() }),
  'consent.revoked': event('notice', { account, client }),
  'consent.narrowed': event('notice', { account, client, attribute: z.string() }),
  'device.admitted': event('notice', { account, client }, told),
  'device.turned-away': event('notice', { account, client }),
  'request.received': event('info', { account, client }),
  'request.approved': event('notice', { account, client }),
  'request.refused': event('notice', { account, client }),
  'request.reported': event('warning', { account, client }, told),
  'grant.issued': event('routine', { client, account: account.optional(), type: z.string() }),
  'grant.refused': event('notice', { client: client.optional(), type: z.string().optional(), code: z.string() }),
  /** As `grant.refused`, where the client did not authenticate: anybody can name one. */
  'grant.turned-away': event(
    'routine',
    { client: client.optional(), type: z.string().optional(), code: z.string() },
    tallied,
  ),
  /** Somebody polled before there was an answer (RFC 8628, 3.5). */
  'grant.awaited': event('routine', { client: client.optional(), type: z.string().optional(), code: z.string() }),
  /** How often something of one kind was refused to strangers since the last such entry. `origin` is where most of it came from. */
  'refusals.tallied': event('notice', {
    event: z.string(),
    code: z.string(),
    type: z.string().optional(),
    times: z.number(),
    /** From how many addresses; 1,000 stands for as many or more. */
    addresses: z.number(),
  }),
  'token.replayed': event('info', { client, account: account.optional() }),
  'token.reused': event(
    'warning',
    { client, account: account.optional(), grant: z.string(), ended: z.enum(['app', 'session']) },
    told,
  ),
  'token.revoked': event('info', { client }),
  'logout.delivered': event('info', { client, account }),
  // `reason`: the host, how far it came, and what it answered.
  'logout.failed': event('warning', { client, account, reason: z.string() }),
  'ping.failed': event('warning', { client, reason: z.string() }),
  'api-key.created': event('notice', {
    account,
    key: z.string(),
    scopes: z.array(z.string()),
    algorithm: z.string(),
    /** How many addresses and blocks it is bound to. */
    addresses: z.number(),
  }),
  'api-key.renamed': event('info', { account, key: z.string() }),
  'api-key.rotated': event('notice', { account, key: z.string() }),
  'api-key.revoked': event('notice', { account, key: z.string() }),
  'api-key.used': event('routine', { account, key: z.string(), client, scheme: z.string() }),
  'api-key.used-wrongly': event('notice', {
    account: account.optional(),
    key: z.string().optional(),
    client,
    scheme: z.string(),
    reason: z.string(),
  }),
  'api-key.refused': event('routine', { client, reason: z.string() }),
  'api-key.throttled': event('warning', { account, key: z.string(), client }),
  /** `invitation` is its id, where one was needed. */
  'client.registered': event('notice', { client, policy: z.string(), invitation: z.string().optional() }),
  'client.changed': event('notice', { client }),
  'client.removed': event('notice', { client }),
  'client.refused': event('notice', { client: client.optional(), code: z.string() }),
  /**
   * As `client.refused`, for a request that showed neither an invitation that counts nor a client's token. `type` says why the
   * invitation that it showed does not: expired, used-up or revoked.
   */
  'registration.turned-away': event(
    'routine',
    { client: client.optional(), code: z.string(), type: z.string().optional(), invitation: z.string().optional() },
    tallied,
  ),
  'clients.reloaded': event('notice', { clients: z.array(client) }),
  'clients.refused': event('warning', { faults: z.array(z.string()) }),
  ...staffEvents,
  'keys.created': event('notice', { kid: z.string(), alg: z.string() }),
  'keys.rotated': event('notice', { kid: z.string(), alg: z.string(), former: z.string() }),
  'keys.retired': event('notice', { kid: z.string(), alg: z.string() }),
  'keys.withdrawn': event('warning', { kid: z.string(), alg: z.string() }),
  'backup.made': event('notice', { documents: z.number(), bytes: z.number() }),
  'backup.failed': event('warning', { why: z.string() }),
  'event-file.failed': event('warning', { why: z.string() }),
  'event-file.resumed': event('notice', {}),
  'store.restored': event('warning', { from: z.number(), version: z.string(), documents: z.number() }),
  'message.sent': event('info', message),
  'message.delayed': event('warning', { ...message, ...undelivered }),
  'message.abandoned': event('warning', { ...message, ...undelivered }),
} as const

export type EventName = keyof typeof events
export type EventData<N extends EventName> = z.output<(typeof events)[N]['data']>

/** Where an event came from; all of it optional, because some come from Latchkey itself. */
export interface Origin {
  address?: string | undefined
  agent?: string | undefined
  device?: string | undefined
  request?: string | undefined
  /** The browser session that acted, and the change of its account that this was: never logged. */
  session?: string | undefined
  change?: string | undefined
}

/** Somebody at a browser: `device` is the digest of its cookie, and `request` names the request as its answer does in X-Request-Id. */
export type Visitor = Origin & { device: string; address: string }

export interface Recorded<N extends EventName = EventName> {
  name: N
  level: Level
  /** Milliseconds since the epoch. */
  at: number
  data: EventData<N>
  origin: Origin
}

/** Reads events. `awaited` ones (audit) are waited for and may fail the act; the others are told without blocking. */
export interface Observer {
  awaited?: true
  /** Waits for the other awaited ones: nobody is told of what the audit log does not contain. */
  afterwards?: true
  observe(recorded: Recorded): void | Promise<void>
}

export type Emit = <N extends EventName>(name: N, data: EventData<N>, origin?: Origin) => Promise<void>
