import { fileURLToPath } from 'node:url'
import ipaddr from 'ipaddr.js'
import { pointsOf } from './countries.ts'
import { type Database, DatabaseError, openDatabase } from './mmdb.ts'
import type { Point } from './signals.ts'

/** Where an address is, as far as is known. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined
  /** In English: only an operator's own file tells it. */
  city?: string | undefined
  /** Where it may be; several where only the country is known. */
  points: readonly Point[]
}

export interface Places {
  /** Where an address is; of one that is not public, nothing is known. Never throws. */
  of(address: string): Place
  close(): void
}

interface Options {
  /** An operator's own file, asked first. */
  finer: string | undefined
  /** Hears of a file that turns out damaged. */
  onFault: (fault: unknown) => void
}

const country = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'
/** What a file that names a point and no radius may be off by, in kilometres. */
const usual = 100

/** Opens the country table that comes along, and a finer file if there is one. Throws DatabaseError. */
export function places({ finer, onFault }: Options): Places {
  const files = [
    ...(finer === undefined ? [] : [openDatabase(finer, 'LATCHKEY_GEOIP')]),
    openDatabase(fileURLToPath(import.meta.resolve(country))),
  ]
  const ask = (file: Database, address: string): Place => {
    try {
      return placeIn(file.lookup(address))
    } catch (fault) {
      if (!(fault instanceof DatabaseError)) throw fault
      onFault(fault)
      return { points: [] }
    }
  }
  return {
    of: address => {
      if (!isPublic(address)) return { points: [] }
      const told = files.map(file => ask(file, address))
      return told.find(place => place.country !== undefined) ?? { points: [] }
    },
    close: () => {
      for (const file of files) file.close()
    },
  }
}

function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'
}

/** Reads what the two common layouts say: `country_code` and coordinates beside it, or MaxMind's nested names. */
function placeIn(told: unknown): Place {
  const record = within(told)
  const code = text(record.country_code) ?? text(within(record.country).iso_code)
  if (code === undefined || !/^[A-Z]{2}$/.test(code)) return { points: [] }
  const city = text(record.city) ?? text(within(within(record.city).names).en)
  const location = 'location' in record ? within(record.location) : record
  const [latitude, longitude] = [Number(location.latitude), Number(location.longitude)]
  const radius = Number(location.accuracy_radius ?? usual)
  const point = [latitude, longitude, radius].every(Number.isFinite) ? { latitude, longitude, radius } : undefined
  return { country: code, city: city || undefined, points: point ? [point] : pointsOf(code) }
}

function within(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 100) : undefined
}
