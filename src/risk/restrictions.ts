import type { Restrictions } from '../accounts/account.ts'
import { blockOf, within } from '../network.ts'
import type { Sighting } from './signals.ts'

/** Rules that an owner may set, each of which keeps everybody out who does not meet it. */
export const allBars = ['only-devices', 'only-addresses', 'only-countries'] as const
export type Bar = (typeof allBars)[number]

/** The rules that somebody does not meet. `chosen`: the owner trusts the device. Where nobody knows the country, it is not one of theirs. */
export function barred(
  { devices, addresses, countries }: Restrictions,
  { address, country }: Pick<Sighting, 'address' | 'country'>,
  chosen: boolean,
): Bar[] {
  const found: Record<Bar, boolean> = {
    'only-devices': devices === true && !chosen,
    'only-addresses': addresses !== undefined && !within(addresses)(address),
    'only-countries': countries !== undefined && !(country !== undefined && countries.includes(country)),
  }
  return allBars.filter(each => found[each])
}

/** Do these let in anybody whom those kept out? */
export function loosened(before: Restrictions, after: Restrictions): boolean {
  const wider = (was: readonly string[] | undefined, is: readonly string[] | undefined): boolean =>
    was !== undefined && (is === undefined || is.some(each => !was.includes(each)))
  return (
    (before.devices === true && after.devices !== true) ||
    wider(before.addresses, after.addresses) ||
    wider(before.countries, after.countries)
  )
}

/** An address or a CIDR block as it is kept, in one spelling; undefined for what is neither. */
export function keptBlock(typed: string): string | undefined {
  const block = blockOf(typed)
  return block && `${block.address}/${block.bits}`
}
