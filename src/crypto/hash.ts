import { createHmac, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import * as argon2 from '@node-rs/argon2'
import { Problem } from '../errors.ts'
import type { Key, Keyring } from './keyring.ts'

/** What one hash costs: KiB of memory, and passes over it. */
export interface Cost {
  memory: number
  passes: number
}

/** Hashes passwords off the main thread. Every verb throws Problem `busy` at once when too many wait. */
export interface Hasher {
  /** Resolves to what to store: the pepper's key id, then argon2id in its usual spelling. */
  hash(password: string): Promise<string>
  /** Judges a password; `stale` asks to hash it anew, since the cost or the pepper has moved on. Throws TypeError if `stored` is no hash. */
  verify(stored: string, password: string): Promise<{ ok: boolean; stale: boolean }>
  /** Costs what a verify costs: for the accounts that do not exist. */
  decoy(password: string): Promise<void>
}

interface Options {
  keyring: Keyring
  /** How many may wait; the next is refused. */
  queue: number
  /** How many run at once. Default: one for each core, and never the last of the four threads that names and files need too. */
  concurrency?: number
  /** Default: 19 MiB, 2 passes (OWASP). */
  cost?: Cost
  /** What hashes; it must do so off the main thread. */
  engine?: Pick<typeof argon2, 'hash' | 'verify'>
}

const spelling = /^([\w-]{8})(\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$[\w+/]+\$[\w+/]+)$/
// What a small core does of the default cost; only good enough to say when to come back.
const hashesPerSecond = 40

/** Makes a hasher: argon2id (RFC 9106) over the password peppered by HMAC-SHA256, in a bounded queue. */
export function hasher({
  keyring,
  queue,
  concurrency = Math.min(availableParallelism(), 3),
  cost = { memory: 19_456, passes: 2 },
  engine = argon2,
}: Options): Hasher {
  const run = bounded(concurrency, queue)
  const options = { memoryCost: cost.memory, timeCost: cost.passes, parallelism: 1 }
  // Of the form that a hash has, and of no password: nobody hashed anything to make it.
  const nobody = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=1$${base64(16)}$${base64(32)}`

  return {
    async hash(password) {
      const key = keyring.newest('pepper')
      return key.id + (await run(() => engine.hash(peppered(key, password), options)))
    },
    async verify(stored, password) {
      const [, id = '', phc = '', memory, passes] = spelling.exec(stored) ?? []
      if (phc === '') throw new TypeError('not a stored password hash')
      const newest = keyring.newest('pepper')
      const key = keyring.find('pepper', id)
      // Without its pepper nobody can prove it; it costs the same all the same.
      const matches = await run(() => engine.verify(phc, peppered(key ?? newest, password)))
      const current = id === newest.id && Number(memory) === cost.memory && Number(passes) === cost.passes
      return { ok: matches && key !== undefined, stale: !current }
    },
    async decoy(password) {
      const key = keyring.newest('pepper')
      await run(() => engine.verify(nobody, peppered(key, password)))
    },
  }
}

/** The id of the pepper that a stored hash was made with. */
export function pepperOf(stored: string): string | undefined {
  return spelling.exec(stored)?.[1]
}

// NFC, because the same letters arrive composed from one keyboard and decomposed from another (NIST SP 800-63B-4, 3.1.1.2).
function peppered(key: Key, password: string): string {
  return createHmac('sha256', key.bytes).update(password.normalize('NFC')).digest('base64url')
}

function base64(bytes: number): string {
  return randomBytes(bytes).toString('base64').replace(/=+$/, '')
}

/** Runs at most `concurrency` tasks at once and lets `queue` more wait, first come, first served. */
function bounded(concurrency: number, queue: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async task => {
    if (running >= concurrency) {
      if (waiting.length >= queue)
        throw new Problem('busy', { retryAfter: Math.ceil(queue / concurrency / hashesPerSecond) || 1 })
      await new Promise<void>(resolve => waiting.push(resolve))
    } else running += 1
    try {
      return await task()
    } finally {
      // A place is handed on, not freed, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
