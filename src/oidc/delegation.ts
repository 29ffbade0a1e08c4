import { createLocalJWKSet, errors as jose, jwtVerify } from 'jose'
import { errors } from 'oidc-provider'
import { z } from 'zod'
import { type Account, active, stampFits } from '../accounts/account.ts'
import { heldUntil } from '../accounts/hold.ts'
import type { Clients } from '../clients/registry.ts'
import { publicHalf } from '../crypto/jws.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Records } from '../records/adapter.ts'
import type { Judge } from './token-exchange.ts'

/** An access token of ours, as another client received it for its own API. */
export const delegated = 'urn:ietf:params:oauth:token-type:access_token'

/** Who acts, and on behalf of whom before (RFC 8693, 4.1). */
interface Act {
  sub: string
  act?: Act | undefined
}
const act: z.ZodType<Act> = z.lazy(() => z.object({ sub: z.string(), act: act.optional() }))

const token = z.object({
  sub: z.string(),
  exp: z.number(),
  sid: z.string(),
  scope: z.string().default(''),
  acr: z.string().optional(),
  amr: z.array(z.string()).optional(),
  auth_time: z.number().optional(),
  hold_until: z.number().optional(),
  act: act.optional(),
  cnf: z.unknown().optional(),
})

interface Services {
  issuer: string
  keys: Ring
  clients: Clients
  accounts: { get(id: string): Promise<Account | undefined> }
  records: Records
  now: () => number
}

/**
 * An API that was given somebody's token asks another API on their behalf (RFC 8693, 1.1): for less than the token was
 * good for, no longer than it, for as long as the session lives, and always under its own name beside theirs.
 */
export function delegation({ issuer, keys, clients, accounts, records, now }: Services): Judge {
  const set = (ring: ReturnType<Ring['keys']>) => createLocalJWKSet({ keys: ring.map(({ jwk }) => publicHalf(jwk)) })
  let published = set(keys.keys())
  keys.onChange(ring => {
    published = set(ring)
  })

  const read = async (text: string, audience: string[]): Promise<z.output<typeof token>> => {
    try {
      const { payload } = await jwtVerify(text, published, { issuer, audience, typ: 'at+jwt' })
      return token.parse(payload)
    } catch (fault) {
      if (fault instanceof jose.JOSEError || fault instanceof z.ZodError) throw unacceptable()
      throw fault
    }
  }

  return async (ctx, text, resource) => {
    const { clientId } = ctx.oidc.client
    const actor = await clients.app(clientId)
    const api = actor?.delegates?.get(resource)
    if (!actor || !api) throw new errors.InvalidTarget()
    const subject = await read(text, [...(actor.serves ?? [])])
    const [account, found] = await Promise.all([accounts.get(subject.sub), records.grantIn(subject.sub, subject.sid)])
    if (!active(account) || !found || !stampFits(account, found)) throw unacceptable()
    const offered = api.scope.split(' ')
    const { acr, amr, auth_time, sid, hold_until = 0 } = subject
    // Whoever acts must not be able to hide that apps were told to wait meanwhile.
    const held = Math.max(hold_until, heldUntil(account, now()).hold_until ?? 0)
    return {
      account: account.id,
      grantId: found.grantId,
      api,
      may: subject.scope.split(' ').filter(each => offered.includes(each)),
      life: { exp: subject.exp },
      claims: {
        ...{ acr, amr, auth_time, sid },
        ...(held > 0 && { hold_until: held }),
        act: { sub: clientId, ...(subject.act && { act: subject.act }) },
      },
      bound: subject.cnf !== undefined,
    }
  }
}

/** One answer for all, so that nobody learns from it what else a token that they found is good for (RFC 8693, 2.2.2). */
function unacceptable(): Error {
  return new errors.InvalidRequest('the subject token is not acceptable')
}
