import { Provider } from 'oidc-provider'
import type { Throttle } from '../accounts/throttle.ts'
import { isDeclared } from '../clients/client-extensions.ts'
import { type outgoing, Unreachable } from '../clients/outgoing.ts'
import { affordable, mostKeys } from '../clients/public-keys.ts'
import { refuseStrange } from './client-metadata.ts'

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
    if (!ctx || isDeclared(ctx.oidc.client ?? {})) return send(input, init)
    await throttle.ration('fetch', ctx.ip, fetches)
    const answer = await send(input, init)
    const document = parsed(await answer.clone().text())
    if (burdens(document)) throw new Unreachable('the keys are too many or too costly')
    refuseStrange(document)
    return answer
  }
}

/** Are these keys that clients could not have by the rules for those of an entry? Each may be tried on every signature. */
function burdens(document: unknown): boolean {
  const { keys } = (document ?? {}) as { keys?: unknown }
  return Array.isArray(keys) && (keys.length > mostKeys || keys.some(each => !affordable(Object(each))))
}

/** Parses JSON; returns undefined for anything else. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
