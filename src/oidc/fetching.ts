import { Provider } from 'oidc-provider'
import type { Throttle } from '../accounts/throttle.ts'
import type { outgoing } from '../clients/outgoing.ts'
import { isDeclared } from '../clients/own.ts'

type Fetch = ReturnType<typeof outgoing>

/** What one address may have us fetch for clients that are not of clients.json. */
const fetches = { tries: 300, window: 600_000 }

/**
 * Fetches what clients keep elsewhere. The library forgets what it could not have, and makes a client anew of its document for each
 * request: so whoever sends requests decides how often we knock at an address of their choosing. Throws Unreachable, and `slow_down`.
 */
export function fetching(send: Fetch, throttle: Pick<Throttle, 'ration'>): Fetch {
  return async (input, init) => {
    const { ctx } = Provider
    if (ctx && !isDeclared(ctx.oidc.client ?? {})) await throttle.ration('fetch', ctx.ip, fetches)
    return send(input, init)
  }
}
