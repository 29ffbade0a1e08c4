import { z } from 'zod'
import { id } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { declare, type Store } from '../store/collection.ts'

const shape = z.object({
  id: z.string(),
  account: z.string(),
  factor: z.string(),
  /** What finds it when nobody was named: a passkey's credential id. */
  lookup: z.string().optional(),
  label: z.string().optional(),
  /** Sealed: the factor's secret as JSON. */
  secret: z.string(),
  /** Rises with each change of the secret: what compare-and-set compares. */
  rev: z.number(),
  createdAt: z.number(),
  usedAt: z.number().optional(),
  /** When its owner last said that it is the one to ask for first. */
  preferredAt: z.number().optional(),
  /** When it was taken out of use: it proves nothing any more, and can be put back until it expires. */
  retiredAt: z.number().optional(),
  expiresAt: z.number().optional(),
})

/** How long what was taken out of use can be put back, in milliseconds. */
export const regret = 7 * 24 * 3_600_000

export const credentialsDeclaration = declare({ name: 'credentials', shape, unique: ['lookup'], indexes: ['account'] })

/** What a credential's secret is sealed for. */
export const credentialContext = ({ id }: { id: string }): string => `credential:${id}`

/** One thing that an account can prove itself by. `secret` is open here and sealed in the store. */
export interface Credential {
  id: string
  account: string
  factor: string
  lookup?: string | undefined
  label?: string | undefined
  secret: unknown
  rev: number
  createdAt: number
  usedAt?: number | undefined
  preferredAt?: number | undefined
  retiredAt?: number | undefined
}

export interface NewCredential {
  account: string
  factor: string
  lookup?: string | undefined
  label?: string | undefined
  secret: unknown
}

export interface Credentials {
  /** All that an account holds, oldest first. */
  of(account: string): Promise<Credential[]>
  byLookup(lookup: string): Promise<Credential | undefined>
  /** Throws Conflict when its lookup is taken. Resolves to its id. */
  add(credential: NewCredential): Promise<string>
  /** Records a proof, with the changed secret if there is one; false when another proof came first. */
  prove(credential: Credential, secret?: unknown): Promise<boolean>
  remove(id: string): Promise<void>
  /** Names it anew, or notes that it is the one to ask for first; false when it is gone. */
  rename(id: string, label: string): Promise<boolean>
  prefer(id: string): Promise<boolean>
  /** Takes it out of use for as long as one may regret it; false when it is out already. */
  retire(id: string): Promise<boolean>
  /** Puts back what was taken out of use; false when that is too long ago. */
  restore(id: string): Promise<boolean>
  /** What of an account was taken out of use lately. */
  out(account: string): Promise<Credential[]>
}

/** The credentials in this store. */
export function credentials({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }): Credentials {
  const kept = store.collection(credentialsDeclaration)
  /** Most who look at a credential want to know that it is there: its secret is opened when somebody asks for it. */
  const open = (stored: z.output<typeof shape>): Credential => {
    let secret: unknown
    return {
      ...stored,
      get secret() {
        secret ??= JSON.parse(sealer.open(stored.secret, credentialContext(stored)))
        return secret
      },
    }
  }
  return {
    of: async account => {
      const found = await kept.find({ account }, { limit: 1_000 })
      const used = found.filter(each => each.retiredAt === undefined)
      return used.map(open).sort((a, b) => a.createdAt - b.createdAt)
    },
    byLookup: async lookup => {
      const [found] = await kept.find({ lookup }, { limit: 1 })
      return found && found.retiredAt === undefined ? open(found) : undefined
    },
    add: async ({ account, factor, lookup, label, secret }) => {
      const own = id()
      const sealed = sealer.seal(JSON.stringify(secret), credentialContext({ id: own }))
      await kept.insert({ id: own, account, factor, lookup, label, secret: sealed, rev: 0, createdAt: now() })
      return own
    },
    prove: async ({ id: own, rev }, secret) => {
      const changed = secret !== undefined && {
        secret: sealer.seal(JSON.stringify(secret), credentialContext({ id: own })),
        rev: rev + 1,
      }
      // Without a new secret nothing is spent, so proofs side by side are all good.
      const patched = await kept.patch(
        own,
        { ...changed, usedAt: now() },
        { ...(changed && { rev }), retiredAt: undefined },
      )
      return patched !== undefined
    },
    remove: async own => {
      await kept.take(own)
    },
    rename: async (own, label) => (await kept.patch(own, { label }, { retiredAt: undefined })) !== undefined,
    prefer: async own => (await kept.patch(own, { preferredAt: now() }, { retiredAt: undefined })) !== undefined,
    retire: async own => {
      const out = { retiredAt: now(), expiresAt: now() + regret }
      return (await kept.patch(own, out, { retiredAt: undefined })) !== undefined
    },
    restore: async own => {
      const found = await kept.get(own)
      if (found?.retiredAt === undefined) return false
      const back = { retiredAt: undefined, expiresAt: undefined }
      return (await kept.patch(own, back, { retiredAt: found.retiredAt })) !== undefined
    },
    out: async account => {
      const found = await kept.find({ account }, { limit: 1_000 })
      return found.filter(each => each.retiredAt !== undefined).map(open)
    },
  }
}
