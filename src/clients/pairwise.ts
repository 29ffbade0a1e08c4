import type { Client } from 'oidc-provider'
import { z } from 'zod'
import { hmac } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { claim, declare, type Store } from '../store/collection.ts'

export const saltsDeclaration = declare({
  name: 'pairwise_salts',
  shape: z.object({ id: z.string(), sealed: z.string() }),
})
const only = 'pairwise'

/** Returns the context that the salt is sealed in. */
export const saltContext = ({ id }: { id: string }): string => id

/**
 * Resolves to the salt of pairwise subjects, which is made once and sealed in the store: derived from the operator's secrets it would change
 * with them, and no app would know its people any more.
 */
export async function pairwiseSalt({ store, sealer }: { store: Store; sealer: Sealer }): Promise<string> {
  const kept = store.collection(saltsDeclaration)
  const found = await kept.get(only)
  if (found) return sealer.open(found.sealed, saltContext(found))
  const made = token()
  const first = await claim(kept, { id: only, sealed: sealer.seal(made, saltContext({ id: only })) })
  return first ? made : pairwiseSalt({ store, sealer })
}

/** Returns the subject of an account for an app: one of its sector, if the app is pairwise (OpenID Connect Core 1.0, 8.1). */
export function subjectFor(salt: string, account: string, client: Client): string {
  if (client.subjectType !== 'pairwise') return account
  const { sectorIdentifier } = client as unknown as { sectorIdentifier: string }
  return hmac(salt, JSON.stringify([sectorIdentifier, account]))
}
