import { isIP } from 'node:net'
import type { z } from 'zod'
import { loopback } from './setting.ts'
import { settings } from './settings.ts'

/** Every fault of the configuration at once, each by the name that the operator typed. */
export class ConfigError extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`Latchkey cannot start:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export interface Config {
  /** True when `npm run serve` started this process. */
  underNpm: boolean
  /** True for every issuer that is not on loopback, and for one on loopback under `NODE_ENV=production`. */
  production: boolean
  /** True when the issuer is on loopback: https is not required. */
  local: boolean
  issuer: string
  /** Where to report a weakness. */
  contacts: string[]
  /** Where apps show client certificates: at `listen`, or to a proxy that passes them on in `header`. */
  mtls:
    | {
        url: string
        listen: { host: string; port: number } | undefined
        header: string | undefined
        ca: string | undefined
      }
    | undefined
  listen: {
    host: string
    port: number
    tls: { cert: string; key: string } | undefined
    trustProxy: string[]
    forwarded: 'x-forwarded-for' | 'forwarded' | undefined
  }
  store: string
  clients: string
  /** Who may register clients, and the hosts whose clients are known by a document of theirs. */
  apps: { registration: 'off' | 'token' | 'open'; documents: 'off' | '*' | string[] }
  /** Newest first; undefined asks the composition root to make some and keep them beside the store. */
  secrets: string[] | undefined
  mail: { url: string | undefined; from: string; ehlo: string }
  /** `daily` is how many texts may go out on one day; `countries` those that they go to, all where undefined. */
  sms: { url: string | undefined; daily: number; countries: string[] | undefined }
  /** For how long people may trust a device, in milliseconds. */
  trust: number
  geoip: { file: string | undefined }
  /** Milliseconds. */
  session: { idle: number; max: number }
  /** What every app is held to; `refreshing` is in milliseconds. */
  requests: { pushed: boolean; nonces: boolean; refreshing: number }
  /** How long apps are told to wait once protection was loosened, in milliseconds. */
  hold: number
  /** Milliseconds after which a signing key is replaced; 0 for never. */
  keys: { age: number }
  /** How long who closes an account may change their mind, in milliseconds. */
  closing: number
  /** How long an identity check that was agreed to waits, in milliseconds. */
  recovery: { delay: number }
  hashing: { queue: number }
  workers: number
  metrics: { token: string | undefined }
  /** Where signed heads of the audit log go: the log, nowhere, or a file. */
  audit: { heads: 'log' | 'off' | { file: string } }
  log: { level: 'silent' | 'error' | 'warn' | 'info' | 'debug' }
}

type Environment = Readonly<Record<string, string | undefined>>
type Values = { [K in keyof typeof settings]: z.output<(typeof settings)[K]['read']> }

/** Reads the environment; throws ConfigError with every fault there is. */
export function configure(environment: Environment = process.env): Config {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const name of Object.keys(environment)) {
    if (name.startsWith('LATCHKEY_') && !name.startsWith('LATCHKEY_TEST_') && !(name in settings))
      faults.push(`${name} is not a setting`)
  }
  for (const [name, { read }] of Object.entries(settings)) {
    const typed = environment[name]
    const parsed = read.safeParse(typed === '' ? undefined : typed)
    if (parsed.success) values[name] = parsed.data
    else faults.push(...parsed.error.issues.map(issue => `${name} ${issue.message}`))
  }
  const set = values as Values
  const issuer = URL.canParse(set.LATCHKEY_ISSUER ?? '') ? new URL(set.LATCHKEY_ISSUER) : undefined
  const local = issuer !== undefined && loopback(issuer.hostname)
  // What the public can reach is production, whatever NODE_ENV says: a forgotten variable must not show everybody's codes.
  const production = environment.NODE_ENV === 'production' || (issuer !== undefined && !local)
  if (issuer?.protocol === 'http:' && !local) faults.push('LATCHKEY_ISSUER must be https unless it is on loopback')
  if (production && !environment.LATCHKEY_SECRETS) faults.push('LATCHKEY_SECRETS is required in production')
  if (production && !environment.LATCHKEY_MAIL_URL) faults.push('LATCHKEY_MAIL_URL is required in production')
  if (production && !environment.LATCHKEY_SMS_URL) faults.push('LATCHKEY_SMS_URL is required in production')
  if ((set.LATCHKEY_TLS_CERT === undefined) !== (set.LATCHKEY_TLS_KEY === undefined))
    faults.push('LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY go together')
  faults.push(...mtlsFaults(set))
  if (set.LATCHKEY_WORKERS > 1 && set.LATCHKEY_STORE === 'sqlite::memory:')
    faults.push('LATCHKEY_WORKERS needs a store that processes can share')
  if (set.LATCHKEY_SESSION_IDLE > set.LATCHKEY_SESSION_MAX)
    faults.push('LATCHKEY_SESSION_IDLE must not be longer than LATCHKEY_SESSION_MAX')
  if (faults.length > 0 || issuer === undefined) throw new ConfigError(faults)

  const listen = set.LATCHKEY_LISTEN === undefined ? undefined : placed(set.LATCHKEY_LISTEN)
  const at = set.LATCHKEY_MTLS_LISTEN
  return {
    underNpm: environment.npm_lifecycle_event === 'serve',
    production,
    local,
    issuer: issuer.origin,
    listen: {
      host: listen?.host ?? unbracketed(issuer.hostname),
      port: listen?.port ?? Number(issuer.port || (issuer.protocol === 'https:' ? 443 : 80)),
      tls:
        set.LATCHKEY_TLS_CERT && set.LATCHKEY_TLS_KEY
          ? { cert: set.LATCHKEY_TLS_CERT, key: set.LATCHKEY_TLS_KEY }
          : undefined,
      trustProxy: set.LATCHKEY_TRUST_PROXY,
      forwarded: set.LATCHKEY_PROXY_HEADER,
    },
    contacts: set.LATCHKEY_SECURITY_CONTACT,
    mtls:
      set.LATCHKEY_MTLS_URL === undefined
        ? undefined
        : {
            url: set.LATCHKEY_MTLS_URL,
            listen: at === undefined ? undefined : placed(at),
            header: set.LATCHKEY_MTLS_HEADER,
            ca: set.LATCHKEY_MTLS_CA,
          },
    store: set.LATCHKEY_STORE,
    clients: set.LATCHKEY_CLIENTS,
    apps: { registration: set.LATCHKEY_REGISTRATION, documents: set.LATCHKEY_CIMD },
    secrets: set.LATCHKEY_SECRETS,
    mail: {
      url: set.LATCHKEY_MAIL_URL,
      from: set.LATCHKEY_MAIL_FROM ?? `Latchkey <no-reply@${issuer.hostname}>`,
      ehlo: set.LATCHKEY_MAIL_EHLO ?? ehloOf(issuer.hostname),
    },
    sms: { url: set.LATCHKEY_SMS_URL, daily: set.LATCHKEY_SMS_DAILY, countries: set.LATCHKEY_SMS_COUNTRIES },
    trust: set.LATCHKEY_TRUST * 24 * 3_600_000,
    geoip: { file: set.LATCHKEY_GEOIP },
    session: { idle: set.LATCHKEY_SESSION_IDLE * 60_000, max: set.LATCHKEY_SESSION_MAX * 60_000 },
    requests: {
      pushed: set.LATCHKEY_REQUIRE_PAR,
      nonces: set.LATCHKEY_DPOP_NONCES,
      refreshing: set.LATCHKEY_REFRESH_MAX * 24 * 3_600_000,
    },
    hold: set.LATCHKEY_HOLD * 3_600_000,
    keys: { age: set.LATCHKEY_KEY_DAYS * 24 * 3_600_000 },
    closing: set.LATCHKEY_CLOSING * 24 * 3_600_000,
    recovery: { delay: set.LATCHKEY_RECOVERY_DELAY * 3_600_000 },
    hashing: { queue: set.LATCHKEY_HASH_QUEUE },
    workers: set.LATCHKEY_WORKERS,
    metrics: { token: set.LATCHKEY_METRICS_TOKEN },
    audit: { heads: set.LATCHKEY_AUDIT_HEADS },
    log: { level: set.LATCHKEY_LOG },
  }
}

/** What of client certificates does not go together. */
function mtlsFaults(set: Values): string[] {
  const { LATCHKEY_MTLS_URL: url, LATCHKEY_MTLS_LISTEN: listen, LATCHKEY_MTLS_HEADER: header } = set
  const faults = [
    !url && set.LATCHKEY_MTLS_CA && 'LATCHKEY_MTLS_CA needs LATCHKEY_MTLS_URL',
    !url && listen && 'LATCHKEY_MTLS_LISTEN needs LATCHKEY_MTLS_URL',
    !url && header && 'LATCHKEY_MTLS_HEADER needs LATCHKEY_MTLS_URL',
    url &&
      !listen === !header &&
      'LATCHKEY_MTLS_LISTEN or LATCHKEY_MTLS_HEADER, one of the two, goes with LATCHKEY_MTLS_URL',
    listen && !set.LATCHKEY_TLS_CERT && 'LATCHKEY_MTLS_LISTEN needs LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY',
    header && set.LATCHKEY_TRUST_PROXY?.length === 0 && 'LATCHKEY_MTLS_HEADER needs LATCHKEY_TRUST_PROXY',
  ]
  return faults.filter(each => typeof each === 'string' && each !== '') as string[]
}

/** An address stands in brackets, an IPv6 one behind its tag (RFC 5321, 4.1.3). */
function ehloOf(host: string): string {
  if (host.startsWith('[')) return `[IPv6:${host.slice(1, -1)}]`
  return isIP(host) === 4 ? `[${host}]` : host
}

function placed(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  return { host: unbracketed(text.slice(0, colon)), port: Number(text.slice(colon + 1)) }
}

const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '')
