import { same } from '../crypto/digest.ts'
import { type Keyring, ownProof } from '../crypto/keyring.ts'
import type { Sealer } from '../crypto/seal.ts'

/** Puts rooms into one object. Throws where two give something the same name, because one of them would win without a word. */
export function together<A extends object, B extends object, C extends object, D extends object, E extends object>(
  ...rooms: [A, B, C, D, E]
): A & B & C & D & E {
  const names = rooms.flatMap(room => Object.keys(room))
  const twice = names.filter((each, at) => names.indexOf(each) !== at)
  if (twice.length > 0) throw new Error(`More than one room has ${twice.join(', ')}`)
  return Object.assign({}, ...rooms)
}

/** Does something now and every so many milliseconds. Returns a function that stops it and resolves once the turn under way is done. */
export function repeating(
  act: () => Promise<void>,
  every: number,
  onFault: (fault: unknown) => void,
): () => Promise<void> {
  let under = act().catch(onFault)
  const timer = setInterval(() => {
    under = under.then(act).catch(onFault)
  }, every)
  timer.unref()
  return () => {
    clearInterval(timer)
    return under
  }
}

/** Returns `/metrics` for those who show the bearer token; undefined where there is none. */
export function scraped(bearer: string | undefined, text: () => Promise<string>) {
  if (bearer === undefined) return undefined
  return { text, admits: (authorization: string) => same(authorization, `Bearer ${bearer}`) }
}

/** Returns what tells whether an Authorization header is that of `latchkey doctor` with the same secrets. */
export function asksItself(keyring: Keyring, now: () => number) {
  const { holds } = ownProof(keyring)
  return (authorization: string): boolean =>
    authorization.startsWith('Latchkey ') && holds(authorization.slice('Latchkey '.length), now())
}

/** Returns functions that seal texts for one use and open them again; a text that does not open is undefined. */
export function sealedFor({ seal, open }: Pick<Sealer, 'seal' | 'open'>, use: string) {
  return {
    seal: (text: string) => seal(text, use),
    open: (sealed: string): string | undefined => {
      try {
        return open(sealed, use)
      } catch {
        return undefined
      }
    },
  }
}
