import { z } from 'zod'
import { longestSigned } from '../clients/file.ts'
import { type Algorithm, algorithms, isPrivate, newKey, publicHalf, type SigningKey } from '../crypto/jws.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Emit } from '../events.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import { allOf } from '../store/whole-lists.ts'

const minute = 60_000
/** Seconds that others may keep the published keys: so long a new one must be among them before it signs. */
export const maxAge = 300
/** By how much clocks may differ, and how long a process may take to see what another did, in milliseconds. */
const slack = minute
/** How long a key is published before it signs, in milliseconds: until nobody may have kept a document without it. */
export const publication = maxAge * 1000 + slack
/** How long the longest-lived of what it signs may be shown, in milliseconds. */
export const signedLife = longestSigned * 1000

const shape = z.object({
  /** Its algorithm and place: of many processes that make the next one at once, one gets it in. */
  id: z.string(),
  kid: z.string(),
  /** Sealed: the private key, and once it is retired its public half. */
  jwk: z.string(),
  createdAt: z.number(),
  /** From when on it signs; the first of its algorithm always may. */
  signsAt: z.number().optional(),
  /** When its public half is published no more; from then on it only verifies ID token hints. */
  publishedUntil: z.number().optional(),
  expiresAt: z.number().optional(),
})
type Kept = z.output<typeof shape>

export const keysDeclaration = declare({ name: 'signing_keys', shape })

/** What a signing key is sealed for. */
export const keyContext = ({ id }: Pick<Kept, 'id'>): string => `signing-key:${id}`

/** A key of the ring, as it stands now: published and yet to sign, signing, or published for what it signed. */
export interface RingKey {
  alg: Algorithm
  jwk: SigningKey
  state: 'next' | 'current' | 'retired'
  createdAt: number
  signsAt: number
  /** When it is published no more; unknown while it is not retired. */
  until: number | undefined
}

export interface Keys {
  /** All that are published, by algorithm, the one that signs first. */
  list(): Promise<RingKey[]>
  /** The public keys that are published no more, for ID token hints of sessions that are as old. */
  hintKeys(): Promise<SigningKey[]>
  /** Makes the first key of an algorithm, where it has none. */
  first(alg: Algorithm): Promise<void>
  /** Publishes the next key of an algorithm, which signs once everybody can know it; one that waits already stays the next. */
  rotate(alg: Algorithm): Promise<void>
  /** Puts a new key, which signs at once, in the place of all that an algorithm has: for when one has leaked. */
  replace(alg: Algorithm): Promise<void>
  /** Deletes the private half of what signs no more. */
  retire(): Promise<void>
}

interface Services {
  store: Store
  sealer: Sealer
  emit: Emit
  /** How long ID tokens may be shown as hints, in milliseconds: as long as sessions live. */
  hints?: number
  now: () => number
}

/** The ring of signing keys, sealed in the store. Time alone moves it on, so that every process sees the same. */
export function keys({ store, sealer, emit, hints = 0, now }: Services): Keys {
  const kept = store.collection(keysDeclaration)

  /** Those of an algorithm, newest first. */
  const of = async (alg: Algorithm): Promise<Kept[]> => {
    const ring = await allOf(kept, {})
    return ring.filter(({ id }) => algorithmOf(id) === alg).sort((a, b) => placeOf(b.id) - placeOf(a.id))
  }
  const published = ({ publishedUntil = Number.POSITIVE_INFINITY }: Kept): boolean => publishedUntil > now()
  const open = (each: Kept): SigningKey => JSON.parse(sealer.open(each.jwk, keyContext(each)))
  const sealed = (id: string, jwk: SigningKey): string => sealer.seal(JSON.stringify(jwk), keyContext({ id }))

  /** Makes a key for a place; undefined when another process came first. */
  const make = async (alg: Algorithm, place: number, signsAt?: number): Promise<string | undefined> => {
    const id = `${alg}.${place}`
    const made = await newKey(alg)
    const first = await claim(kept, { id, kid: made.kid, jwk: sealed(id, made), createdAt: now(), signsAt })
    return first ? made.kid : undefined
  }

  return {
    list: async () => {
      const rings = await Promise.all(algorithms.map(of))
      return rings.flatMap(ring =>
        stand(
          ring.filter(published).map(each => ({ ...each, jwk: open(each) })),
          now(),
        ),
      )
    },
    hintKeys: async () => {
      const rings = await Promise.all(algorithms.map(of))
      return rings.flat().flatMap(each => (published(each) ? [] : [open(each)]))
    },
    first: async alg => {
      if ((await of(alg)).length > 0) return
      const kid = await make(alg, 1)
      if (kid !== undefined) await emit('keys.created', { kid, alg })
    },
    rotate: async alg => {
      const [newest] = await of(alg)
      if (!newest || signsAt(newest) > now()) return
      const kid = await make(alg, placeOf(newest.id) + 1, now() + publication)
      if (kid !== undefined) await emit('keys.rotated', { kid, alg, former: newest.kid })
    },
    replace: async alg => {
      const leaked = await of(alg)
      const [newest] = leaked
      if (!newest) return
      const kid = await make(alg, placeOf(newest.id) + 1, now())
      if (kid !== undefined) await emit('keys.rotated', { kid, alg, former: newest.kid })
      for (const each of leaked) if (await kept.take(each.id)) await emit('keys.withdrawn', { kid: each.kid, alg })
    },
    retire: async () => {
      for (const alg of algorithms) {
        const ring = await of(alg)
        for (const [at, each] of ring.entries()) {
          const successor = ring[at - 1]
          if (!successor || signsAt(successor) + slack > now()) continue
          const jwk = open(each)
          if (!isPrivate(jwk)) continue
          const signedUntil = signsAt(successor) + slack
          const publishedUntil = signedUntil + signedLife
          const expiresAt = Math.max(publishedUntil, signedUntil + hints)
          const half = { jwk: sealed(each.id, publicHalf(jwk)), publishedUntil, expiresAt }
          if (await kept.patch(each.id, half, { jwk: each.jwk })) await emit('keys.retired', { kid: each.kid, alg })
        }
      }
    },
  }
}

/** How the keys of one algorithm, newest first, stand at a time. */
function stand(ring: (Omit<Kept, 'jwk'> & { jwk: SigningKey })[], at: number): RingKey[] {
  const able = ring.filter(({ jwk }) => isPrivate(jwk))
  // Behind a clock that is slow all of them may be yet to come.
  const current = able.find(each => signsAt(each) <= at) ?? able.at(-1)
  const states = ring.map((each): RingKey => {
    const { id, jwk, createdAt, publishedUntil, expiresAt } = each
    const until = publishedUntil ?? expiresAt
    const state = each === current ? 'current' : current && placeOf(id) > placeOf(current.id) ? 'next' : 'retired'
    return { alg: algorithmOf(id), jwk, state, createdAt, signsAt: signsAt(each), until }
  })
  return states.sort((a, b) => order[a.state] - order[b.state])
}

const order = { current: 0, next: 1, retired: 2 }
const algorithmOf = (id: string): Algorithm => id.slice(0, id.lastIndexOf('.')) as Algorithm
const placeOf = (id: string): number => Number(id.slice(id.lastIndexOf('.') + 1))
const signsAt = ({ signsAt, createdAt }: Pick<Kept, 'signsAt' | 'createdAt'>): number => signsAt ?? createdAt
