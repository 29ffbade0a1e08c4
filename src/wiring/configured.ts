import { readFileSync } from 'node:fs'
import { type Brand, BrandError, plainBrand, readBrand } from '../brand/brand.ts'
import { ClientsError, readClients } from '../clients/declared.ts'
import { type Config, ConfigError } from '../config.ts'
import { certificatesOf } from '../crypto/certificate.ts'
import type { Emit } from '../events.ts'
import type { logger } from '../observers/log.ts'
import type { Mtls } from '../oidc/mtls.ts'
import type { Oidc } from '../oidc/provider.ts'
import { type LogLevel, logLevels } from '../setting-shapes.ts'
import type { Proxies } from '../web/http-security.ts'
import type { Samples } from '../web/pages.ts'

const minute = 60_000

/** Whom to believe about senders and their certificates. Says at most once a minute that a sender was not named. */
export function proxies(
  { listen, mtls }: Config,
  { say, now }: { say: (text: string) => void; now: () => number },
): Proxies {
  let saidAt = Number.NEGATIVE_INFINITY
  return {
    trusted: listen.trustProxy,
    forwarded: listen.forwarded,
    certificates: mtls && { header: mtls.header, host: new URL(mtls.url).host },
    unknown: hop => {
      if (now() - saidAt < minute) return
      saidAt = now()
      // It may be anything, and long: what it takes to find the proxy that wrote it.
      say(`a proxy names no address of the sender, which is unknown from here on: ${JSON.stringify(hop.slice(0, 60))}`)
    },
  }
}

/** Client certificates as they are configured, with the authorities of the file. Throws ConfigError where it cannot be used. */
export function mtls({ mtls }: Config): Mtls | undefined {
  if (!mtls) return undefined
  const { url, header, ca } = mtls
  try {
    return { url, header, authorities: ca === undefined ? [] : certificatesOf(readFileSync(ca, 'utf8')) }
  } catch (fault) {
    throw new ConfigError([`LATCHKEY_MTLS_CA cannot be used: ${(fault as Error).message}`])
  }
}

interface Worn {
  /** Serves the files of a brand from now on. */
  publish: (files: Brand['files']) => void
  warn: (text: string) => void
}

/** Returns the brand of the folder that the settings name, which `reload` reads anew: one at fault changes nothing. Throws ConfigError where it cannot be used at the start. */
export function branding({ brand: folder }: Config, { publish, warn }: Worn) {
  const read = (): Brand => {
    const brand = folder === undefined ? plainBrand : readBrand(folder)
    publish(brand.files)
    return brand
  }
  let worn: Brand
  try {
    worn = read()
  } catch (fault) {
    if (!(fault instanceof BrandError)) throw fault
    throw new ConfigError(fault.faults.map(each => `LATCHKEY_BRAND ${each}`))
  }
  return {
    now: (): Brand => worn,
    reload: (): void => {
      try {
        worn = read()
      } catch (fault) {
        if (!(fault instanceof BrandError)) throw fault
        for (const each of fault.faults) warn(`LATCHKEY_BRAND is not read anew: ${each}`)
      }
    },
  }
}

/** Returns how much to log. Throws ConfigError where a file should say so and does not. */
export function logLevel({ log: { level } }: Pick<Config, 'log'>): LogLevel {
  if (typeof level === 'string') return level
  let text = ''
  try {
    text = readFileSync(level.file, 'utf8').trim()
  } catch (fault) {
    throw new ConfigError([`LATCHKEY_LOG cannot be read: ${(fault as NodeJS.ErrnoException).code}`])
  }
  const found = logLevels.find(each => each === text)
  if (found === undefined) throw new ConfigError([`LATCHKEY_LOG: ${level.file} holds none of ${logLevels.join(', ')}`])
  return found
}

interface Services {
  brand: { reload(): void }
  places: { reload(): Promise<void> }
  log: Pick<ReturnType<typeof logger>, 'setLevel' | 'warn'>
  declare: Oidc['declare']
  emit: Emit
  /** Hears of unexpected errors. */
  onFault(fault: unknown): void
}

/**
 * Returns a function that reads anew what may change while it serves: the brand, the file of places, how much to log, and clients.json.
 * What is good is used from then on; what is at fault changes nothing, and its faults are told.
 */
export function reloading(config: Config, services: Services): () => Promise<void> {
  const { clients, issuer, production, local, mtls } = config
  const { brand, places, log, declare, emit, onFault } = services
  const reload = async (): Promise<void> => {
    brand.reload()
    await places.reload()
    try {
      log.setLevel(logLevel(config))
    } catch (fault) {
      if (!(fault instanceof ConfigError)) throw fault
      log.warn(fault.faults.join('; '))
    }
    try {
      const next = readClients(clients, { production, local, mtls, issuer })
      await declare(next)
      await emit('clients.reloaded', { clients: next.metadata.map(each => each.client_id) })
    } catch (fault) {
      if (!(fault instanceof ClientsError)) throw fault
      await emit('clients.refused', { faults: [...fault.faults] })
    }
  }
  // One at a time: what was read last is served last.
  let last = Promise.resolve()
  return () => {
    last = last.then(reload).catch(onFault)
    return last
  }
}

/** Returns what reads the gallery's samples when somebody looks at it: they stand with the tests, and weigh nothing where nobody does. Undefined in production. */
export function samples({ production }: Config): (() => Promise<Samples>) | undefined {
  return production ? undefined : async () => (await import('../../test/support/gallery.ts')) as unknown as Samples
}
