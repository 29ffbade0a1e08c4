import { createCipheriv, createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'

/** The most that verifying one hash may take: an import must not let anybody stop the service by typing passwords. About a second of one core each. */
export const bounds = {
  /** KiB of memory. */
  memory: 128 * 1024,
  /** KiB of memory times passes, of argon2. */
  argon2: 1_536 * 1024,
  argon2Lanes: 16,
  /** The power of two, of bcrypt. */
  bcrypt: 14,
  /** N times r times p, of scrypt. */
  scrypt: 2 ** 21,
  /** Iterations times blocks of output, of PBKDF2. */
  pbkdf2: 2_000_000,
} as const

/** A hash that cannot be used: `weak` and `costly` ones are understood and refused. */
export class HashFault extends Error {
  readonly code: 'unknown' | 'weak' | 'costly'
  constructor(code: HashFault['code'], message: string) {
    super(message)
    this.name = 'HashFault'
    this.code = code
  }
}

type Verify = (password: string) => Promise<boolean>

const kdf = promisify(pbkdf2)
const memoryHard = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
)
const base64 = '[A-Za-z0-9+/]'
const argon2Spelling = new RegExp(
  `^\\$argon2(?:id|i|d)\\$v=(?:16|19)\\$m=(\\d{1,8}),t=(\\d{1,6}),p=(\\d{1,4})\\$(${base64}{11,86})\\$(${base64}{14,86})$`,
)
const bcryptSpelling = /^(\$django-bcrypt-sha256)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/
const scryptSpelling = new RegExp(
  `^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,4}),p=(\\d{1,4})\\$(${base64}{1,171})\\$(${base64}{22,171})$`,
)
const firebaseSpelling = new RegExp(
  `^\\$firebase-scrypt\\$ln=(\\d{1,2}),r=(\\d{1,4})\\$(${base64}{1,171})\\$(${base64}{0,86})\\$(${base64}{22,171})\\$(${base64}{22,171})$`,
)
const pbkdf2Spelling =
  /^\$pbkdf2-(sha1|sha256|sha512)\$(?:i=)?(\d{1,8})\$([A-Za-z0-9+/.]{1,171})\$([A-Za-z0-9+/.]{22,171})$/
const blockOf = { sha1: 20, sha256: 32, sha512: 64 } as const

/**
 * Reads a password hash that another product made, in PHC form (`$argon2id$…`, `$2b$…`, `$scrypt$…`, `$pbkdf2-sha256$…`) or as one of the
 * functions below spells it, and returns what verifies passwords by it, off the main thread. Throws HashFault for one that is unknown, or
 * would take more than the bounds.
 */
export function foreignHash(spelled: string): Verify {
  for (const read of [readArgon2, readBcrypt, readScrypt, readFirebase, readPbkdf2]) {
    const verify = read(spelled)
    if (verify) return verify
  }
  throw new HashFault('unknown', 'a password hash of an unknown form')
}

/**
 * Returns the kind of a stored hash, ours included: a hash of the same function, cost and length that says nothing of the password or of
 * a project's keys, and takes the same time to verify.
 */
export function kindOf(stored: string): string {
  const spelled = stored.slice(stored.indexOf('$'))
  const [, outer = '', hash = ''] = bcryptSpelling.exec(spelled) ?? []
  if (hash !== '') return `${outer}${hash.slice(0, 7)}${'.'.repeat(53)}`
  const parts = spelled.split('$')
  const bare = parts.length - (parts[1] === 'firebase-scrypt' ? 4 : 2)
  // How long a salt is costs nothing.
  const length = (part: string, at: number) => (at === parts.length - 2 && at === bare ? 22 : part.length)
  return parts.map((part, at) => (at < bare ? part : 'A'.repeat(length(part, at)))).join('$')
}

function readArgon2(spelled: string): Verify | undefined {
  const found = argon2Spelling.exec(spelled)
  if (!found) return undefined
  const [memory, passes, lanes] = [Number(found[1]), Number(found[2]), Number(found[3])]
  within('argon2', memory, bounds.memory, 'KiB of memory')
  within('argon2', memory * passes, bounds.argon2, 'KiB of memory times passes')
  within('argon2', lanes, bounds.argon2Lanes, 'lanes')
  // RFC 9106, 3.1: at least 8 KiB a lane and one pass; the library throws for less, at the sign-in.
  if (memory < 8 * lanes || lanes < 1 || passes < 1) throw new HashFault('unknown', 'argon2 with impossible parameters')
  return password => argon2.verify(spelled, password)
}

function readBcrypt(spelled: string): Verify | undefined {
  const [, outer, hash = '', cost] = bcryptSpelling.exec(spelled) ?? []
  if (hash === '') return undefined
  within('bcrypt', Number(cost), bounds.bcrypt, 'as its cost')
  if (Number(cost) < 4) throw new HashFault('unknown', 'bcrypt with an impossible cost')
  return password => bcrypt.verify(outer ? createHash('sha256').update(password).digest('hex') : password, hash)
}

function readScrypt(spelled: string): Verify | undefined {
  const [, ln, r, p, salt, hash = ''] = scryptSpelling.exec(spelled) ?? []
  if (hash === '') return undefined
  const derive = scryptWith(Number(ln), Number(r), Number(p))
  const expected = bytes(hash)
  return async password => timingSafeEqual(await derive(password, bytes(salt), expected.length), expected)
}

/** Firebase's own scrypt: the derived key encrypts the project's signer key, with AES-256-CTR from zero, and that is the hash. */
function readFirebase(spelled: string): Verify | undefined {
  const [, ln, r, salt, separator, signer, hash = ''] = firebaseSpelling.exec(spelled) ?? []
  if (hash === '') return undefined
  const derive = scryptWith(Number(ln), Number(r), 1)
  const [whole, key, expected] = [Buffer.concat([bytes(salt), bytes(separator)]), bytes(signer), bytes(hash)]
  if (key.length !== expected.length) throw new HashFault('unknown', 'a Firebase hash that its signer key did not make')
  return async password => {
    const cipher = createCipheriv('aes-256-ctr', await derive(password, whole, 32), Buffer.alloc(16))
    return timingSafeEqual(Buffer.concat([cipher.update(key), cipher.final()]), expected)
  }
}

function readPbkdf2(spelled: string): Verify | undefined {
  const [, digest, iterations, salt, hash = ''] = pbkdf2Spelling.exec(spelled) ?? []
  if (hash === '') return undefined
  const expected = bytes(hash)
  const times = Number(iterations)
  const blocks = Math.ceil(expected.length / blockOf[digest as keyof typeof blockOf])
  within('PBKDF2', times * blocks, bounds.pbkdf2, 'iterations times blocks')
  if (times < 1) throw new HashFault('unknown', 'PBKDF2 with no iterations')
  return async password =>
    timingSafeEqual(await kdf(password, bytes(salt), times, expected.length, digest as string), expected)
}

function scryptWith(ln: number, r: number, p: number) {
  within('scrypt', ln, 20, 'as its ln')
  const N = 2 ** ln
  within('scrypt', (128 * N * r) / 1024, bounds.memory, 'KiB of memory')
  within('scrypt', N * r * p, bounds.scrypt, 'as N times r times p')
  if (ln < 1 || r < 1 || p < 1) throw new HashFault('unknown', 'scrypt with impossible parameters')
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) + 1024 }
  return (password: string, salt: Buffer, length: number) => memoryHard(password, salt, length, options)
}

function within(name: string, is: number, most: number, what: string): void {
  if (is > most) throw new HashFault('costly', `${name} takes ${is} ${what}, and at most ${most} are verified here`)
}

// Passlib writes a dot for a plus.
function bytes(text = ''): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}

/** Spells bytes as the hashes here do: base64 without padding. */
const spelledBytes = (given: Buffer): string => given.toString('base64').replace(/={1,2}$/, '')

/** Spells a PBKDF2 hash from its parts. */
export function pbkdf2Hash(parts: { digest: string; iterations: number; salt: Buffer; hash: Buffer }): string {
  const { digest, iterations, salt, hash } = parts
  return `$pbkdf2-${digest}$i=${iterations}$${spelledBytes(salt)}$${spelledBytes(hash)}`
}

/** Spells a scrypt hash from its parts; `ln` is the power of two that N is. */
export function scryptHash(parts: { ln: number; r: number; p: number; salt: Buffer; hash: Buffer }): string {
  const { ln, r, p, salt, hash } = parts
  return `$scrypt$ln=${ln},r=${r},p=${p}$${spelledBytes(salt)}$${spelledBytes(hash)}`
}

/** Spells an argon2 hash from its parts; `memory` in KiB. */
export function argon2Hash(parts: {
  type: string
  version: number
  memory: number
  passes: number
  lanes: number
  salt: Buffer
  hash: Buffer
}): string {
  const { type, version, memory, passes, lanes, salt, hash } = parts
  return `$argon2${type}$v=${version}$m=${memory},t=${passes},p=${lanes}$${spelledBytes(salt)}$${spelledBytes(hash)}`
}

/** Spells Django's `bcrypt_sha256`: bcrypt of the password's SHA-256 in hexadecimal digits. */
export function djangoBcryptHash(bcryptHash: string): string {
  return `$django-bcrypt-sha256${bcryptHash}`
}

/** How a Firebase project hashes passwords, as its console says under "Password hash parameters". */
export interface FirebaseProject {
  signerKey: Buffer
  saltSeparator: Buffer
  rounds: number
  memCost: number
}

/** Spells a hash of Firebase with all that it takes to verify it. */
export function firebaseHash(project: FirebaseProject, { salt, hash }: { salt: Buffer; hash: Buffer }): string {
  const { signerKey, saltSeparator, rounds, memCost } = project
  return [
    '$firebase-scrypt',
    `ln=${memCost},r=${rounds}`,
    ...[salt, saltSeparator, signerKey, hash].map(spelledBytes),
  ].join('$')
}
