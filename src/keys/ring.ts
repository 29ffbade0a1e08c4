import type { Algorithm, SigningKey } from '../crypto/jws.ts'
import { type Keys, keys as keysOf, type RingKey } from './signing-keys.ts'

/** The ring of signing keys as this process follows it. */
export interface Ring {
  /** What it publishes now; for each algorithm the one that signs first. */
  keys(): readonly RingKey[]
  /** Public keys that are published no more and still verify ID token hints. */
  hintKeys(): readonly SigningKey[]
  /** Hears of every change, once the new keys are there. */
  onChange(changed: (keys: readonly RingKey[]) => void): void
  /** Makes a key for each algorithm that has none: by the clients and APIs there are. */
  need(algorithms: Iterable<Algorithm>): Promise<void>
  /** Looks what other processes did and what time it is. */
  look(): Promise<void>
  /** Looks again and again; what it returns stops that, once the look that is under way is over. */
  work(): () => Promise<void>
}

interface Options {
  /** Milliseconds after which a key that signs is replaced; 0 for never. */
  age: number
  /** Milliseconds between two looks. */
  poll?: number
  now: () => number
  onFault: (fault: unknown) => void
}

/** Follows the ring in the store: replaces what is old, and retires what was replaced. */
export async function signingRing({
  age,
  poll = 5_000,
  onFault,
  ...services
}: Options & Parameters<typeof keysOf>[0]): Promise<Ring> {
  const { now } = services
  const kept: Keys = keysOf(services)
  const listeners: ((keys: readonly RingKey[]) => void)[] = []
  let keys = await kept.list()
  let hintKeys = await kept.hintKeys()

  const look = async (): Promise<void> => {
    const due = (await kept.list()).filter(each => each.state === 'current' && age > 0 && each.signsAt + age <= now())
    for (const { alg } of due) await kept.rotate(alg)
    await kept.retire()
    const found = await kept.list()
    hintKeys = await kept.hintKeys()
    if (outline(found) === outline(keys)) return
    keys = found
    for (const changed of listeners) changed(keys)
  }
  return {
    keys: () => keys,
    hintKeys: () => hintKeys,
    onChange: changed => void listeners.push(changed),
    need: async algorithms => {
      for (const alg of algorithms) await kept.first(alg)
      await look()
    },
    look,
    work: () => {
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
