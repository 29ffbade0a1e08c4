import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'
import { token } from './crypto/random.ts'
import { type Environment, environment as ofThisProcess } from './environment.ts'
import { loopback } from './network.ts'
import { listed, type Values, valued } from './setting.ts'
import { unbracketed } from './setting-shapes.ts'
import { settings } from './settings.ts'

/** Every fault of the configuration at once, each by the name that the operator typed. */
export class ConfigError extends Error {
  readonly faults: readonly string[]
  /** What could be read in spite of them. */
  readonly rest: Partial<Read> & { production: boolean; local: boolean }
  constructor(faults: readonly string[], rest: ConfigError['rest'] = { production: true, local: false }) {
    super(`Latchkey cannot start:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
    this.rest = rest
  }
}

export type Config = ReturnType<typeof configure>
type Read = Values<typeof settings>

/** Reads the environment. Throws ConfigError with every fault there is. */
export function configure(environment: Environment = ofThisProcess) {
  const { set, typed, faults, warnings } = readSettings(environment)
  const issuer = URL.canParse(set.issuer ?? '') ? new URL(set.issuer) : undefined
  /** True when the issuer is on loopback: https is not required. */
  const local = issuer !== undefined && loopback(issuer.hostname)
  /** What the public can reach is production, whatever NODE_ENV says: a forgotten variable must not show everybody's codes. */
  const production = environment.NODE_ENV === 'production' || (issuer !== undefined && !local)
  const needed = production ? [settings.secrets, settings.mail.url, settings.sms.url] : []
  for (const { name } of needed) if (!typed.has(name)) faults.push(`${name} is required in production`)
  if (issuer?.protocol === 'http:' && !local) faults.push('LATCHKEY_ISSUER must be https unless it is on loopback')
  faults.push(...contradictions(set))
  if (faults.length > 0 || issuer === undefined) throw new ConfigError(faults, { ...set, production, local })

  const { listen, mail, mtls } = set
  const { cert, key } = listen.tls
  const from = {
    host: unbracketed(issuer.hostname),
    port: Number(issuer.port || (issuer.protocol === 'https:' ? 443 : 80)),
  }
  return {
    ...set,
    production,
    local,
    /** What is no fault, and yet not as it should be. */
    warnings,
    /** Every setting as it was typed, and where; secrets left out. */
    inForce: inForce(environment),
    listen: { ...listen, ...(listen.at ?? from), tls: cert && key ? { cert, key } : undefined },
    mail: {
      ...mail,
      from: mail.from ?? `Latchkey <no-reply@${issuer.hostname}>`,
      /** True when the operator said what mails are from; else a brand may. */
      fromTyped: mail.from !== undefined,
      ehlo: mail.ehlo ?? ehloOf(issuer.hostname),
    },
    /** Where apps show client certificates: at `listen`, or to a proxy that passes them on in `header`. */
    mtls: mtls.url === undefined ? undefined : { ...mtls, url: mtls.url },
  }
}

/** Reads every setting; `typed` are the names of those that were given, well or not. */
function readSettings(environment: Environment) {
  const [faults, warnings, typed]: [string[], string[], Set<string>] = [[], [], new Set()]
  const known = listed(settings).flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('LATCHKEY_') && !name.startsWith('LATCHKEY_TEST_') && !known.includes(name))
      faults.push(`${name} is not a setting`)
  }
  const set = valued(settings, ({ name, secret, read }) => {
    const file = secret && environment[`${name}_FILE`]
    if (file && environment[name]) faults.push(`${name} and ${name}_FILE are both set: which is meant?`)
    const [named, text] = file ? [`${name}_FILE`, inFile(file)] : [name, environment[name] || undefined]
    if (text !== undefined) typed.add(name)
    if (typeof text === 'object') {
      faults.push(`${named} ${text.fault}`)
      return undefined
    }
    if (file && statSync(file).mode & 0o004) warnings.push(`${named} can be read by every user of this machine`)
    const parsed = read.safeParse(text)
    if (parsed.success) return parsed.data
    faults.push(...parsed.error.issues.map(issue => `${named} ${issue.message}`))
    return undefined
  })
  return { set, typed, faults, warnings }
}

/** Returns every setting as it was typed and where it comes from, with what README says of it. The text of a secret is left out. */
function inForce(environment: Environment) {
  return listed(settings).map(({ name, secret, means, otherwise }) => {
    const file = secret && environment[`${name}_FILE`]
    const typed = environment[name] || undefined
    const source = file ? ('file' as const) : typed === undefined ? ('default' as const) : ('environment' as const)
    return { name, secret, means, otherwise, source, ...(file && { file }), ...(!secret && { value: typed }) }
  })
}

/** What a file holds, without the end of line that editors add; or why there is nothing to be had. */
function inFile(file: string): string | { fault: string } {
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    return text === '' ? { fault: 'is empty' } : text
  } catch (fault) {
    return { fault: `cannot be read: ${(fault as NodeJS.ErrnoException).code}` }
  }
}

/** What of the settings does not go together. A setting that was refused is undefined. */
function contradictions({
  listen,
  mtls: { url, listen: at, header, ca },
  workers,
  store,
  session,
  backup,
}: Read): string[] {
  const { cert, key } = listen.tls
  const faults = [
    (cert === undefined) !== (key === undefined) && 'LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY go together',
    !url && ca && 'LATCHKEY_MTLS_CA needs LATCHKEY_MTLS_URL',
    !url && at && 'LATCHKEY_MTLS_LISTEN needs LATCHKEY_MTLS_URL',
    !url && header && 'LATCHKEY_MTLS_HEADER needs LATCHKEY_MTLS_URL',
    url &&
      !at === !header &&
      'LATCHKEY_MTLS_LISTEN or LATCHKEY_MTLS_HEADER, one of the two, goes with LATCHKEY_MTLS_URL',
    at && !cert && 'LATCHKEY_MTLS_LISTEN needs LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY',
    header && listen.trustProxy?.length === 0 && 'LATCHKEY_MTLS_HEADER needs LATCHKEY_TRUST_PROXY',
    workers > 1 && store === 'sqlite::memory:' && 'LATCHKEY_WORKERS needs a store that processes can share',
    backup.schedule && store === 'sqlite::memory:' && 'LATCHKEY_BACKUP needs a store that is not in memory',
    session.idle > session.max && 'LATCHKEY_SESSION_IDLE must not be longer than LATCHKEY_SESSION_MAX',
  ]
  return faults.filter(each => typeof each === 'string' && each !== '') as string[]
}

/** An address stands in brackets, an IPv6 one behind its tag (RFC 5321, 4.1.3). */
function ehloOf(host: string): string {
  if (host.startsWith('[')) return `[IPv6:${host.slice(1, -1)}]`
  return isIP(host) === 4 ? `[${host}]` : host
}

/** Returns the configured secrets, or in development ones that are made once and kept beside the store. */
export function secretsOf({ secrets, store }: Config): readonly string[] {
  if (secrets) return secrets
  if (store === 'sqlite::memory:') return [token()]
  const file = besideStore(store)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    // Of several processes that start at once, the one that makes the file decides.
    writeFileSync(file, `${token()}\n`, { flag: 'wx', mode: 0o600 })
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault
  }
  return developmentSecrets(store) ?? []
}

/** Returns the secrets that development made beside a store; undefined where there are none yet. */
export function developmentSecrets(store: string): readonly string[] | undefined {
  const file = besideStore(store)
  return existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/).filter(Boolean) : undefined
}

const besideStore = (store: string): string =>
  join(store.startsWith('sqlite:') ? dirname(store.slice('sqlite:'.length)) : 'data', 'secrets')
