import { z } from 'zod'

const certificate = z.string().regex(/^[\w+/]+=*$/, { error: 'must be base64' })
const named = {
  /** The client's certificate, if it authenticates with one (RFC 8705, 2.2.2). */
  x5c: z.array(certificate).min(1).optional(),
  kid: z.string().min(1).optional(),
  use: z.literal('sig').optional(),
  alg: z.string().optional(),
  // Members that key generators add (RFC 7517, 4; Web Cryptography, 15), on which nothing here depends.
  key_ops: z.array(z.string()).optional(),
  ext: z.boolean().optional(),
  x5u: z.string().optional(),
  x5t: z.string().optional(),
  'x5t#S256': z.string().optional(),
}
const bytes = (text: string): number => Buffer.from(text, 'base64url').length
/** The cost of verifying grows with its square. */
const modulus = z
  .string()
  .refine(text => bytes(text) >= 256, { error: 'must have 2048 bits or more' })
  .refine(text => bytes(text) <= 512, { error: 'must have 4096 bits or less' })
/** The cost of verifying grows with it; the usual one has three bytes. */
const exponent = z.string().regex(/^[\w-]{0,6}$/, { error: 'must have 4 bytes or less' })
/** Returns whether verifying with a key costs no more than usual. Only RSA keys can cost more. */
export function affordable({ kty, n, e }: Readonly<Record<string, unknown>>): boolean {
  if (kty !== 'RSA') return true
  return typeof n === 'string' && bytes(n) <= 512 && exponent.safeParse(e).success
}
/** How many keys a client may have. */
export const mostKeys = 20

const { strictObject: strict } = z
const elliptic = strict({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), ...named })
const edwards = strict({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), ...named })
const rsa = strict({ kty: z.literal('RSA'), n: modulus, e: exponent, ...named })
const publicKey = z.discriminatedUnion('kty', [elliptic, edwards, rsa])

/** The public keys of a client, by the strict rules of clients.json: unknown members are refused. */
export const jwks = strict({ keys: z.array(publicKey).min(1).max(mostKeys) })

/** The members that only private and secret keys have (RFC 7518, 6; RFC 9964). */
const secrets = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const anyKey = z
  .record(z.string(), z.unknown())
  .refine(key => typeof key.kty === 'string' && !secrets.some(name => Object.hasOwn(key, name)), {
    error: 'must be a public key',
  })

/**
 * The public keys of a client that registers: unknown members and kinds of keys are ignored (RFC 7517, 4 and 5), and so are keys that are
 * not for signing. The rest must follow the rules of clients.json.
 */
export const jwksOfOthers = z
  .object({ keys: z.array(anyKey).max(mostKeys) })
  .transform(({ keys }) => ({ keys: keys.filter(usable).map(known) }))
  .pipe(z.object({ keys: z.array(publicKey).min(1, { error: 'has no signing key of EC P-256, OKP Ed25519 or RSA' }) }))

type Key = Readonly<Record<string, unknown>>
const shapes: Readonly<Record<string, z.ZodRawShape>> = { EC: elliptic.shape, OKP: edwards.shape, RSA: rsa.shape }
const shapeOf = ({ kty }: Key): z.ZodRawShape | undefined => {
  const name = String(kty)
  return Object.hasOwn(shapes, name) ? shapes[name] : undefined
}

function usable(key: Key): boolean {
  const { crv } = shapeOf(key) ?? {}
  if (!shapeOf(key) || (key.use !== undefined && key.use !== 'sig')) return false
  return crv === undefined || z.safeParse(crv, key.crv).success
}

function known(key: Key): Key {
  const names = Object.keys(shapeOf(key) ?? {})
  return Object.fromEntries(Object.entries(key).filter(([name]) => names.includes(name)))
}
