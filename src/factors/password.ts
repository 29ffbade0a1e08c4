import { z } from 'zod'
import type { Hasher } from '../crypto/hash.ts'
import { Problem } from '../errors.ts'
import { emailAddress } from './contacts.ts'
import { type Factor, filled, type Rated, refused } from './factor.ts'
import { guesses, longest, shortest, strengthOf } from './password-strength.ts'

const secret = z.object({ hash: z.string() })
// Long enough that what is too long can be said to be so, and too short to be a burden.
const typed = z.string().max(4096)
const enrolAnswer = z.object({ password: typed })
const proveAnswer = z.object({ email: z.string().max(1024), password: typed })

type Secret = z.output<typeof secret>

interface Services {
  hasher: Hasher
  /** The service's own name, which no password may contain. */
  name: string
  /** Resolves to the kind of hash in whose time an address without a password is answered; undefined for ours. */
  likeness?: ((address: string) => Promise<string | undefined>) | undefined
}

/** A password (NIST SP 800-63B-4, 3.1.1): eight characters or more, since a second factor always goes along. */
export function password({
  hasher,
  name,
  likeness,
}: Services): Factor<Secret, null, z.output<typeof enrolAnswer>, null, z.output<typeof proveAnswer>> {
  return {
    id: 'password',
    kind: 'knowledge',
    amr: ['pwd'],
    positions: ['first'],
    strength: 'aal2',
    limit: 1,
    secret,
    enrol: {
      answer: enrolAnswer,
      complete: ({ password }) => filled('password', password),
      finish: async (answer, _, who) => {
        const { fault } = await judged(answer.password, who.email)
        if (fault) throw fault
        return { secret: { hash: await hasher.hash(answer.password) } }
      },
    },
    rate: (password, { email }) => judged(password, email),
    prove: {
      answer: proveAnswer,
      complete: ({ email, password }) => {
        filled('email', email)
        filled('password', password)
      },
      names: ({ email }) => ({ email: emailAddress(email) ?? email.trim().toLowerCase() }),
      finish: async (answer, _, who) => {
        const [credential] = who.credentials
        const { ok, stale } = credential
          ? await hasher.verify(credential.secret.hash, answer.password)
          : await decoy(answer.password, who.email ?? '')
        if (!credential || !ok) throw refused('wrong_credentials', 'password', who)
        const hash = stale ? await rehash(answer.password) : undefined
        return { credential: credential.id, ...(hash !== undefined && { secret: { hash } }) }
      },
    },
  }

  async function decoy(typed: string, address: string) {
    await hasher.decoy(typed, await likeness?.(address))
    return { ok: false, stale: false }
  }

  /** Judges a new password: while it is typed and when it is posted, by the same rule and in the same words. */
  async function judged(typed: string, email: string | undefined): Promise<Rated> {
    const { score, fault, why } = strengthOf(typed, { email, service: name }, await guesses())
    const values = { min: shortest, max: longest, why }
    return { score, fault: fault && new Problem(fault, { field: 'password', values }) }
  }

  // A busy queue must not turn a right password away: the next sign-in will rehash it.
  async function rehash(right: string): Promise<string | undefined> {
    try {
      return await hasher.hash(right)
    } catch (error) {
      if (error instanceof Problem && error.code === 'busy') return undefined
      throw error
    }
  }
}
