import { fileURLToPath } from 'node:url'
import { open, type Reader, type Response } from 'maxmind'
import { type Address, addressOf, oneNetwork } from '../network.ts'
import { pointsOf } from './countries.ts'
import type { Point } from './signals.ts'

/** A file of places that is no such file, or is damaged. */
export class DatabaseError extends Error {
  constructor(name: string, what: string, options?: { cause?: unknown }) {
    super(`${name} ${what}`, options)
    this.name = 'DatabaseError'
  }
}

/** Where an address is, as far as is known. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined
  /** In English: only an operator's own file tells it. */
  city?: string | undefined
  /** Where it may be; several where only the country is known. */
  points: readonly Point[]
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

export type Places = Awaited<ReturnType<typeof places>>

/** Reads the country table that comes along, and a finer file if there is one, into memory. Throws DatabaseError. */
export async function places({ finer, onFault }: Options) {
  const table = await opened(fileURLToPath(import.meta.resolve(country)), country)
  const own = async (): Promise<File[]> => (finer === undefined ? [] : [await opened(finer, 'LATCHKEY_GEOIP')])
  let files = [...(await own()), table]
  const ask = ({ name, reader }: File, address: Address): Place => {
    // A file of IPv4 alone would answer of an IPv6 address whatever it has of its first 32 bits.
    if (address.kind() === 'ipv6' && reader.metadata.ipVersion !== 6) return { points: [] }
    try {
      return placeIn(reader.get(address.toString()))
    } catch (cause) {
      onFault(new DatabaseError(name, 'is damaged', { cause }))
      return { points: [] }
    }
  }
  return {
    /** Returns where an address is; of one that is not public, nothing is known. Never throws. */
    of: (text: string): Place => {
      const address = addressOf(text)
      if (address?.range() !== 'unicast') return { points: [] }
      const told = files.map(file => ask(file, address))
      return told.find(place => place.country !== undefined) ?? { points: [] }
    },
    /** Reads the finer file anew. Where it cannot be used, `onFault` hears of it, and what was read before stays. */
    reload: async (): Promise<void> => {
      try {
        files = [...(await own()), table]
      } catch (fault) {
        onFault(fault)
      }
    },
  }
}

interface File {
  /** What it is called in messages. */
  name: string
  reader: Reader<Response>
}

async function opened(path: string, name: string): Promise<File> {
  try {
    const reader = await open(path)
    if (reader.metadata.binaryFormatMajorVersion === 2) return { name, reader }
  } catch (cause) {
    const { syscall, code } = cause as NodeJS.ErrnoException
    throw new DatabaseError(name, syscall ? `cannot be read (${code})` : 'is no MaxMind DB file', { cause })
  }
  throw new DatabaseError(name, 'has a format that is not known')
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

/** How far what was asked elsewhere is from who looks at it: on one network, on another, or in another country as far as is known. */
export type Apart = 'near' | 'far' | 'abroad'

interface Spot {
  address: string
  /** ISO 3166-1 alpha-2. */
  country: string | undefined
}

/** Tells how far two requests are from one another: a code that somebody else sent is seldom from next door (RFC 8628, 5.4). */
export function apart(one: Spot, other: Spot): Apart {
  if (oneNetwork(one.address, other.address)) return 'near'
  return one.country === other.country ? 'far' : 'abroad'
}
