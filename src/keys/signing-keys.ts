import { z } from 'zod'
import { longestSigned } from '../clients/file.ts'
import { type Algorithm, algorithms, isPrivate, newKey, publicHalf, type SigningKey } from '../crypto/jws.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Emit } from '../events.ts'
import { allOf, claim, declare, type Store } from '../store/collection.ts'

/** How long others may keep the published keys, in seconds. A new key is published for longer than that before it signs. */
export const maxAge = 300
/** How much clocks may differ, and how long a process may take to see what another did, in milliseconds. */
const slack = 60_000
/** How long a key is published before it signs, in milliseconds: until nobody can have a document without it. */
export const publication = maxAge * 1000 + slack
/** How long the longest-lived token that a key signs may be used, in milliseconds. */
export const signedLife = longestSigned * 1000

const shape = z.object({
  /** Its algorithm and its number: of many processes that make the next key at once, one can insert it. */
  id: z.string(),
  kid: z.string(),
  /** Sealed: the private key, and once it is retired its public half. */
  jwk: z.string(),
  createdAt: z.number(),
  /** When it begins to sign; the first key of an algorithm always may. */
  signsAt: z.number().optional(),
  /** When its public half is no longer published; from then on it only verifies ID token hints. */
  publishedUntil: z.number().optional(),
  expiresAt: z.number().optional(),
})
type Kept = z.output<typeof shape>

export const keysDeclaration = declare({ name: 'signing_keys', shape })

/** Returns the context that a signing key is sealed in. */
export const keyContext = ({ id }: Pick<Kept, 'id'>): string => `signing-key:${id}`

/** A published key: `next` before it signs, `retired` after. */
export interface RingKey {
  alg: Algorithm
  jwk: SigningKey
  state: 'next' | 'current' | 'retired'
  createdAt: number
  signsAt: number
  /** When it is no longer published; unknown before it is retired. */
  until: number | undefined
}

interface Services {
  store: Store
  sealer: Sealer
  emit: Emit
  /** How long ID tokens may be shown as hints, in milliseconds: as long as sessions live. */
  hints?: number
  /** How long a key is published before it signs, in milliseconds; until nobody can have a document without it, unless told. */
  early?: number
  now: () => number
}

export type Keys = ReturnType<typeof keys>

/** Keeps the ring of signing keys, sealed, in the store. Only time moves it on, so that every process sees the same. */
export function keys({ store, sealer, emit, hints = 0, early = publication, now }: Services) {
  const kept = store.collection(keysDeclaration)

  /** Resolves to the keys by algorithm, newest first. */
  const rings = async (): Promise<Kept[][]> => {
    const all = (await allOf(kept, {})).sort((a, b) => numberOf(b.id) - numberOf(a.id))
    return algorithms.map(alg => all.filter(({ id }) => algorithmOf(id) === alg))
  }
  const ringOf = async (alg: Algorithm): Promise<Kept[]> => (await rings())[algorithms.indexOf(alg)] ?? []
  const published = ({ publishedUntil = Number.POSITIVE_INFINITY }: Kept): boolean => publishedUntil > now()
  const open = (each: Kept): SigningKey => JSON.parse(sealer.open(each.jwk, keyContext(each)))
  const sealed = (id: string, jwk: SigningKey): string => sealer.seal(JSON.stringify(jwk), keyContext({ id }))

  /** Adds the key of a number; resolves to its kid, or to undefined when another process was first. */
  const make = async (alg: Algorithm, number: number, signsAt?: number): Promise<string | undefined> => {
    const id = `${alg}.${number}`
    const made = await newKey(alg)
    const first = await claim(kept, { id, kid: made.kid, jwk: sealed(id, made), createdAt: now(), signsAt })
    return first ? made.kid : undefined
  }
  const succeed = async (newest: Kept, signsAt: number): Promise<void> => {
    const alg = algorithmOf(newest.id)
    const kid = await make(alg, numberOf(newest.id) + 1, signsAt)
    if (kid !== undefined) await emit('keys.rotated', { kid, alg, former: newest.kid })
  }

  return {
    /** Resolves to all published keys, by algorithm, the one that signs first. */
    list: async (): Promise<RingKey[]> =>
      (await rings()).flatMap(ring =>
        states(
          ring.filter(published).map(each => ({ ...each, jwk: open(each) })),
          now(),
        ),
      ),
    /** Resolves to the public keys that are no longer published, for ID token hints of sessions that are as old. */
    hintKeys: async (): Promise<SigningKey[]> =>
      (await rings()).flat().flatMap(each => (published(each) ? [] : [open(each)])),
    /** Adds the first key of an algorithm that has none. */
    first: async (alg: Algorithm): Promise<void> => {
      if ((await ringOf(alg)).length > 0) return
      const kid = await make(alg, 1)
      if (kid !== undefined) await emit('keys.created', { kid, alg })
    },
    /** Publishes the next key of an algorithm, which signs once everybody can know it. A key that is waiting stays the next. */
    rotate: async (alg: Algorithm): Promise<void> => {
      const [newest] = await ringOf(alg)
      if (newest && signsAt(newest) <= now()) await succeed(newest, now() + early)
    },
    /** Replaces all keys of an algorithm with a new one, which signs at once: for a key that has leaked. */
    replace: async (alg: Algorithm): Promise<void> => {
      const leaked = await ringOf(alg)
      if (leaked[0]) await succeed(leaked[0], now())
      for (const each of leaked) if (await kept.take(each.id)) await emit('keys.withdrawn', { kid: each.kid, alg })
    },
    /** Deletes the private half of every key that no longer signs. */
    retire: async (): Promise<void> => {
      for (const ring of await rings())
        for (const [at, each] of ring.entries()) {
          const successor = ring[at - 1]
          if (!successor || signsAt(successor) + slack > now()) continue
          const jwk = open(each)
          if (!isPrivate(jwk)) continue
          const signedUntil = signsAt(successor) + slack
          const publishedUntil = signedUntil + signedLife
          const expiresAt = Math.max(publishedUntil, signedUntil + hints)
          const half = { jwk: sealed(each.id, publicHalf(jwk)), publishedUntil, expiresAt }
          if (await kept.patch(each.id, half, { jwk: each.jwk }))
            await emit('keys.retired', { kid: each.kid, alg: algorithmOf(each.id) })
        }
    },
  }
}

/** Returns the keys of one algorithm with their states at a time; `ring` is newest first. */
function states(ring: (Omit<Kept, 'jwk'> & { jwk: SigningKey })[], at: number): RingKey[] {
  const able = ring.filter(({ jwk }) => isPrivate(jwk))
  // If the clock is slow, all of them may be in the future.
  const current = able.find(each => signsAt(each) <= at) ?? able.at(-1)
  const found = ring.map((each): RingKey => {
    const { id, jwk, createdAt, publishedUntil, expiresAt } = each
    const until = publishedUntil ?? expiresAt
    const state = each === current ? 'current' : current && numberOf(id) > numberOf(current.id) ? 'next' : 'retired'
    return { alg: algorithmOf(id), jwk, state, createdAt, signsAt: signsAt(each), until }
  })
  return found.sort((a, b) => order[a.state] - order[b.state])
}

const order = { current: 0, next: 1, retired: 2 }
const algorithmOf = (id: string): Algorithm => id.slice(0, id.lastIndexOf('.')) as Algorithm
const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf('.') + 1))
const signsAt = ({ signsAt, createdAt }: Pick<Kept, 'signsAt' | 'createdAt'>): number => signsAt ?? createdAt

interface Options extends Services {
  /** Milliseconds after which a key that signs is replaced; 0 for never. */
  age: number
  /** Milliseconds between two looks. */
  poll?: number | undefined
  onFault: (fault: unknown) => void
}

export type Ring = Awaited<ReturnType<typeof signingRing>>

/** Follows the ring in the store: replaces keys that are too old, and retires those that were replaced. */
export async function signingRing({ age, poll = 5_000, onFault, ...services }: Options) {
  const { now } = services
  const kept = keys(services)
  const listeners: ((keys: readonly RingKey[]) => void)[] = []
  let published = await kept.list()
  let hintKeys = await kept.hintKeys()

  const look = async (): Promise<void> => {
    const due = (await kept.list()).filter(each => each.state === 'current' && age > 0 && each.signsAt + age <= now())
    for (const { alg } of due) await kept.rotate(alg)
    await kept.retire()
    const found = await kept.list()
    hintKeys = await kept.hintKeys()
    if (outline(found) === outline(published)) return
    published = found
    for (const changed of listeners) changed(found)
  }
  return {
    /** Returns the published keys; for each algorithm the one that signs first. */
    keys: (): readonly RingKey[] => published,
    /** Returns public keys that are no longer published and still verify ID token hints. */
    hintKeys: (): readonly SigningKey[] => hintKeys,
    /** Calls back after every change. */
    onChange: (changed: (keys: readonly RingKey[]) => void): void => void listeners.push(changed),
    /** Adds a key for each of these algorithms that has none: those that clients and APIs ask for. */
    need: async (algorithms: Iterable<Algorithm>): Promise<void> => {
      for (const alg of algorithms) await kept.first(alg)
      await look()
    },
    /** Takes over what other processes did, and does what is due. */
    look,
    /** Looks again and again until the returned function is called, which resolves once a look that has begun is over. */
    work: (): (() => Promise<void>) => {
      let timer: NodeJS.Timeout | undefined
      let looking: Promise<void> | undefined
      let stopped = false
      const next = (): void => {
        if (stopped) return
        timer = setTimeout(() => {
          looking = look().catch(onFault).then(next)
        }, poll).unref()
      }
      next()
      return async () => {
        stopped = true
        clearTimeout(timer)
        await looking
      }
    },
  }
}

const outline = (keys: readonly RingKey[]): string => JSON.stringify(keys.map(({ jwk, state }) => [jwk.kid, state]))
