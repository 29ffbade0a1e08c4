import { z } from 'zod'
import { same } from '../crypto/compare.ts'
import { token } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import type { Factor } from './factor.ts'
import { refused } from './refused.ts'

const count = 10
/** Crockford's base32: no I, L, O or U. Ten of them are 50 bits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const length = 10

const digests = z.array(z.string())
const secret = z.object({ left: digests })
const enrolAnswer = z.object({ saved: z.string().max(16).optional() })
const proveAnswer = z.object({ code: z.string().max(256) })

type Secret = z.output<typeof secret>

/** Ten codes for the day on which everything else is lost: kept as keyed digests, each good once. */
export function recoveryCode({
  blind,
}: Pick<Sealer, 'blind'>): Factor<Secret, Secret, z.output<typeof enrolAnswer>, null, z.output<typeof proveAnswer>> {
  // No slow hash: 50 random bits cannot be guessed, and the key is not in the store.
  const digestsOf = (code: string) => blind(code, 'recovery-code')
  return {
    id: 'recovery-code',
    kind: 'held',
    amr: ['otp'],
    stands: ['last'],
    strength: 'aal2',
    limit: 1,
    secret,
    enrol: {
      begin: async () => {
        const codes = Array.from({ length: count }, made)
        return { state: { left: codes.map(code => digestsOf(code)[0]) }, page: { codes: codes.map(shown) } }
      },
      answer: enrolAnswer,
      finish: async ({ saved }, state) => {
        if (saved !== 'yes') throw new Problem('unsaved_codes', { field: 'saved' })
        return { secret: { left: state.left } }
      },
    },
    prove: {
      answer: proveAnswer,
      finish: async ({ code }, _, who) => {
        const typed = digestsOf(read(code))
        for (const held of who.held) {
          const left = held.secret.left.filter(kept => !typed.map(each => same(each, kept)).includes(true))
          if (left.length < held.secret.left.length) return { credential: held.id, secret: { left } }
        }
        throw refused('wrong_code', 'code', who)
      },
    },
    hint: ({ left }) => String(left.length),
  }
}

function made(): string {
  const bytes = Buffer.from(token(length), 'base64url')
  return Array.from(bytes, byte => alphabet[byte & 31]).join('')
}

function shown(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`
}

// Crockford reads I and L as 1, and O as 0.
function read(typed: string): string {
  return typed
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replace(/[il]/g, '1')
    .replaceAll('o', '0')
}
