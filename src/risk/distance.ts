import { oneNetwork } from '../accounts/device.ts'

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
