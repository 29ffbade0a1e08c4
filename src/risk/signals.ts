import { oneNetwork } from '../network.ts'

/** A place on earth, in degrees; the truth may be off by `radius` kilometres. */
export interface Point {
  latitude: number
  longitude: number
  radius: number
}

/** Somebody signing in somewhere. */
export interface Sighting {
  /** The device cookie's digest. */
  device: string | undefined
  address: string
  /** ISO 3166-1 alpha-2. */
  country: string | undefined
  /** Where the address may be; empty when nobody knows. */
  points: readonly Point[]
  /** Milliseconds since the epoch. */
  at: number
}

/** What may be out of the ordinary about a sign-in. */
export const allSignals = [
  'new-device',
  'new-network',
  'new-country',
  'impossible-travel',
  'many-failures',
  'many-guesses',
] as const
export type Signal = (typeof allSignals)[number]

/** What is known beside the sighting and those before it. */
export interface Circumstances {
  /** The account has signed in on this device before. */
  known: boolean
  /** Countries where its owner said that they would be. */
  expected: readonly string[]
  /** Wrong answers on unknown devices in the last half hour. */
  failures: number
  /** Many wrong answers in a row to a second factor, on whatever device. */
  guessed: boolean
}

/** From so many wrong answers on somebody may be guessing. */
const many = 5
/** Faster than any airliner, in kilometres an hour. */
const fastest = 1_000
/** Distances that say nothing, however short the time: networks move people about, in kilometres. */
const near = 300
const earth = 6_371
/** So long takes the longest way there is at that speed, in milliseconds. */
const anywhere = ((earth * Math.PI) / fastest) * 3_600_000

/** What is out of the ordinary about a sign-in, beside those before it. Nothing is new to an account without a past. */
export function signals(
  here: Sighting,
  past: readonly Sighting[],
  { known, failures, guessed, expected }: Circumstances,
): Signal[] {
  const newcomer = past.length === 0
  const strange = here.country === undefined || !expected.includes(here.country)
  const elsewhere = past.filter(each => each.country !== undefined)
  const found: Record<Signal, boolean> = {
    'new-device': !known,
    'new-network': !newcomer && !past.some(each => oneNetwork(each.address, here.address)),
    'new-country':
      strange &&
      here.country !== undefined &&
      elsewhere.length > 0 &&
      !elsewhere.some(each => each.country === here.country),
    'impossible-travel': strange && past.some(each => travelled(each, here) > fastest),
    'many-failures': failures >= many,
    'many-guesses': guessed,
  }
  return allSignals.filter(each => found[each])
}

/** Kilometres an hour that it takes at least to have been at both; 0 when nobody knows, or when there was time to go anywhere. */
export function travelled(one: Sighting, other: Sighting): number {
  if (Math.abs(other.at - one.at) > anywhere) return 0
  const distances = one.points.flatMap(a => other.points.map(b => distance(a, b) - a.radius - b.radius))
  if (distances.length === 0) return 0
  const apart = Math.min(...distances)
  // A minute at least: two answers in the same moment are not infinitely fast.
  const hours = Math.max(Math.abs(other.at - one.at), 60_000) / 3_600_000
  return apart < near ? 0 : apart / hours
}

/** Kilometres along the great circle (haversine). */
function distance(a: Point, b: Point): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const [rise, run] = [radians(b.latitude - a.latitude) / 2, radians(b.longitude - a.longitude) / 2]
  const half = Math.sin(rise) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(run) ** 2
  return 2 * earth * Math.asin(Math.min(1, Math.sqrt(half)))
}
