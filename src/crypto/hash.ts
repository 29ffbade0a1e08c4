import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import * as argon2 from '@node-rs/argon2'
import { Problem } from '../errors.ts'
import { hmac } from './digest.ts'
import { foreignHash, kindOf } from './foreign-hash.ts'
import type { Key, Keyring } from './keyring.ts'

/** The cost of one hash: KiB of memory, and passes over it. */
export interface Cost {
  memory: number
  passes: number
}

export type Hasher = ReturnType<typeof hasher>

interface Options {
  keyring: Keyring
  /** How many hashes may wait; one more is refused. */
  queue: number
  /** How many run at once. Default: one per core, at most three of libuv's four threads, because DNS and files need one too. */
  concurrency?: number
  /** Default: 19 MiB, 2 passes (OWASP). */
  cost?: Cost
  /** The hash function; it must work off the main thread. */
  engine?: Pick<typeof argon2, 'hash' | 'verify'>
}

const spelling = /^([\w-]{8})(\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$[\w+/]+\$[\w+/]+)$/
// What a small core does at the default cost: an estimate, for Retry-After.
const hashesPerSecond = 40

/**
 * Hashes passwords off the main thread: argon2id (RFC 9106) over the password peppered by HMAC-SHA256, in a bounded queue. Every verb
 * throws Problem `busy` at once when too many wait.
 */
export function hasher({
  keyring,
  queue,
  concurrency = Math.min(availableParallelism(), 3),
  cost = { memory: 19_456, passes: 2 },
  engine = argon2,
}: Options) {
  const run = bounded(concurrency, queue)
  const options = { memoryCost: cost.memory, timeCost: cost.passes, parallelism: 1 }
  // A well-formed hash that no password matches: it is made of random bytes.
  const nobody = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=1$${base64(16)}$${base64(32)}`

  return {
    /** The kind of its hashes. */
    kind: kindOf(nobody),
    /** Resolves to what to store: the pepper's key id, then argon2id in its usual form. */
    async hash(password: string): Promise<string> {
      const key = keyring.newest('pepper')
      return key.id + (await run(() => engine.hash(peppered(key, password), options)))
    },
    /**
     * Verifies a password; `stale` asks to hash it again, because the cost or the pepper has changed, or another product made the hash.
     * Throws TypeError or HashFault if `stored` is no hash.
     */
    async verify(stored: string, password: string): Promise<{ ok: boolean; stale: boolean }> {
      if (isForeign(stored)) return { ok: await run(() => foreignHash(stored)(password)), stale: true }
      const [, id = '', phc = '', memory, passes] = spelling.exec(stored) ?? []
      if (phc === '') throw new TypeError('not a stored password hash')
      const newest = keyring.newest('pepper')
      const key = keyring.find('pepper', id)
      // Without its pepper no password can match; it takes the same time nevertheless.
      const matches = await run(() => engine.verify(phc, peppered(key ?? newest, password)))
      const current = id === newest.id && Number(memory) === cost.memory && Number(passes) === cost.passes
      return { ok: matches && key !== undefined, stale: !current }
    },
    /** Takes the time of a verify, of a hash of ours or of the kind that is told: for accounts that do not exist. */
    async decoy(password: string, kind?: string): Promise<void> {
      if (kind !== undefined) return void (await run(() => foreignHash(kind)(password)))
      const key = keyring.newest('pepper')
      await run(() => engine.verify(nobody, peppered(key, password)))
    },
    /** Returns how many hashes wait for their turn. */
    waiting: run.waiting,
  }
}

/** Tells whether another product made a stored hash: it has no pepper. */
export function isForeign(stored: string): boolean {
  return stored.startsWith('$')
}

/** Returns the id of the pepper that a stored hash was made with. */
export function pepperOf(stored: string): string | undefined {
  return spelling.exec(stored)?.[1]
}

// NFC, because the same letters arrive composed from one keyboard and decomposed from another (NIST SP 800-63B-4, 3.1.1.2).
function peppered(key: Key, password: string): string {
  return hmac(key.ready, password.normalize('NFC'))
}

function base64(bytes: number): string {
  return randomBytes(bytes)
    .toString('base64')
    .replace(/={1,2}$/, '')
}

/** Runs at most `concurrency` tasks at once and lets `queue` more wait, first come, first served. */
function bounded(concurrency: number, queue: number) {
  const waiting: (() => void)[] = []
  let running = 0
  const run = async <T>(task: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= queue)
        throw new Problem('busy', { retryAfter: Math.ceil(queue / concurrency / hashesPerSecond) || 1 })
      await new Promise<void>(resolve => waiting.push(resolve))
    } else running += 1
    try {
      return await task()
    } finally {
      // A slot is passed on, not freed, so that no later task takes it.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
  return Object.assign(run, { waiting: () => waiting.length })
}
