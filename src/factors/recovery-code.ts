import { z } from 'zod'
import { hmac, same } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { type Factor, refused } from './factor.ts'
import { halved, letterCode, readLetterCode } from './typed.ts'

const count = 10

const digests = z.array(z.string())
const secret = z.object({ key: z.string(), left: digests })
const enrolAnswer = z.object({ saved: z.string().max(16).optional() })
const proveAnswer = z.object({ code: z.string().max(256) })

type Secret = z.output<typeof secret>

/** Ten codes for the day on which everything else is lost: kept as digests keyed for one set, sealed, each good once. */
export function recoveryCode(): Factor<
  Secret,
  Secret,
  z.output<typeof enrolAnswer>,
  null,
  z.output<typeof proveAnswer>
> {
  return {
    id: 'recovery-code',
    kind: 'possession',
    amr: ['otp'],
    positions: ['last'],
    strength: 'aal2',
    limit: 1,
    secret,
    enrol: {
      begin: async () => {
        const codes = Array.from({ length: count }, letterCode)
        const key = token()
        // No slow hash: somebody who can open what is sealed can open the authenticators, too.
        return { state: { key, left: codes.map(code => hmac(key, code)) }, page: { codes: codes.map(halved) } }
      },
      answer: enrolAnswer,
      finish: async ({ saved }, state) => {
        if (saved !== 'yes') throw new Problem('unsaved_codes', { field: 'saved' })
        return { secret: state }
      },
    },
    prove: {
      answer: proveAnswer,
      finish: async ({ code }, _, who) => {
        for (const credential of who.credentials) {
          const { key } = credential.secret
          const typed = hmac(key, readLetterCode(code))
          const left = credential.secret.left.filter(kept => !same(typed, kept))
          if (left.length < credential.secret.left.length) return { credential: credential.id, secret: { key, left } }
        }
        throw refused('wrong_code', 'code', who)
      },
    },
    hint: ({ left }) => String(left.length),
  }
}
