import { z } from 'zod'
import { acrValues } from '../acr.ts'
import { id } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { allOf, Conflict, declare, type Store } from '../store/collection.ts'
import { type AccountChange, accountsDeclaration } from './account.ts'

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
  /** The assurance of the proof that authorised it; absent for what an account began with, which has its full value at once. */
  addedUnder: z.enum(acrValues).optional(),
  usedAt: z.number().optional(),
  /** When its owner last said that it is the one to ask for first. */
  preferredAt: z.number().optional(),
})

/** How long what was taken out of force can be put back, in milliseconds. */
export const regret = 7 * 24 * 3_600_000
/** Tells whether staff made a change: any other was made in a browser, or undid something. No mailed link undoes theirs. */
export const madeByStaff = ({ device, undo }: AccountChange): boolean => device === undefined && undo !== true
/** How long a credential may wait for the commit that puts it in force, in milliseconds: what is older was left behind by a crash. */
const pending = 3_600_000

export const credentialsDeclaration = declare({ name: 'credentials', shape, unique: ['lookup'], indexes: ['account'] })

/** What a credential's secret is sealed for. */
export const credentialContext = ({ id }: { id: string }): string => `credential:${id}`

/** One thing that an account can prove itself by. `secret` is open here and sealed in the store. */
export type Credential = Omit<z.output<typeof shape>, 'secret'> & {
  secret: unknown
  /** When it went out of force; only of one that did. */
  retiredAt?: number | undefined
}
export type NewCredential = Pick<Credential, 'account' | 'factor' | 'lookup' | 'label' | 'secret' | 'addedUnder'>

export type Credentials = ReturnType<typeof credentials>

/**
 * Keeps credentials, sealed. A credential is in force when its account's `holds` names it and at no other time: one write to
 * the account puts several in and out of force together, and whatever fails before or after it changes nothing.
 */
export function credentials({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }) {
  const kept = store.collection(credentialsDeclaration)
  const accounts = store.collection(accountsDeclaration)
  /** Most who look at a credential want to know that it is there: its secret is opened when somebody asks for it. */
  const open = (stored: z.output<typeof shape>, retiredAt?: number): Credential => {
    let secret: unknown
    return {
      ...stored,
      ...(retiredAt !== undefined && { retiredAt }),
      get secret() {
        secret ??= JSON.parse(sealer.open(stored.secret, credentialContext(stored)))
        return secret
      },
    }
  }
  const stored = (account: string) => allOf(kept, { account })

  /** An account's list and its credentials. Each is stored before it is listed, so what the list names is read after the list. */
  const read = async (account: string) => {
    const [owner, early] = await Promise.all([accounts.get(account), stored(account)])
    const { holds = [] } = owner ?? {}
    const whole = holds.every(id => early.some(each => each.id === id))
    return { owner, holds, found: whole ? early : await stored(account) }
  }

  /** When each credential went out of force, of those that can be put back. */
  const wentOut = ({ holds, owner }: Awaited<ReturnType<typeof read>>): Map<string, number> => {
    const lately = (owner?.changes ?? []).filter(({ at }) => at > now() - regret)
    const went = lately.flatMap(({ at, went }) => went.map(id => [id, at] as const))
    return new Map(went.filter(([id]) => !holds.includes(id)))
  }

  const inForce = async ({ id: own, account }: { id: string; account: string }): Promise<boolean> =>
    (await accounts.get(account))?.holds?.includes(own) ?? false

  /** Makes room for a lookup that a crash left behind, or that went out of force for good. */
  const freed = async (lookup: string): Promise<boolean> => {
    const [found] = await kept.find({ lookup }, { limit: 1 })
    if (!found) return true
    const state = await read(found.account)
    if (state.holds.includes(found.id) || wentOut(state).has(found.id)) return false
    if (found.createdAt > now() - pending) return false
    await kept.take(found.id)
    return true
  }

  return {
    /** All that are in force for an account, oldest first. */
    of: async (account: string): Promise<Credential[]> => {
      const { holds, found } = await read(account)
      const used = found.filter(each => holds.includes(each.id))
      return used.map(each => open(each)).sort((a, b) => a.createdAt - b.createdAt)
    },
    /** The one in force with that lookup. */
    byLookup: async (lookup: string): Promise<Credential | undefined> => {
      const [found] = await kept.find({ lookup }, { limit: 1 })
      return found && (await inForce(found)) ? open(found) : undefined
    },
    /** Stores a credential that is not in force yet, and resolves to its id. Throws Conflict when its lookup is taken. */
    add: async ({ account, factor, lookup, label, secret, addedUnder }: NewCredential): Promise<string> => {
      const own = id()
      const sealed = sealer.seal(JSON.stringify(secret), credentialContext({ id: own }))
      const added = { id: own, account, factor, lookup, label, secret: sealed, rev: 0, createdAt: now(), addedUnder }
      try {
        await kept.insert(added)
      } catch (fault) {
        if (!(fault instanceof Conflict) || lookup === undefined || !(await freed(lookup))) throw fault
        await kept.insert(added)
      }
      return own
    },
    /**
     * Spends a proof, by the changed secret if there is one; false when another proof came first or it is no longer in force. Of a proof that
     * changes no secret nothing is spent, so proofs side by side are all good, and its use is noted by `used`.
     */
    prove: async ({ id: own, account, rev }: Credential, secret?: unknown): Promise<boolean> => {
      if (secret === undefined) return inForce({ id: own, account })
      const sealed = sealer.seal(JSON.stringify(secret), credentialContext({ id: own }))
      const spent = await kept.patch(own, { secret: sealed, rev: rev + 1, usedAt: now() }, { rev })
      // Asked last: a proof that is spent counts only of what is in force once that is on record.
      return spent !== undefined && inForce({ id: own, account })
    },
    /** Notes that a proof which changed no secret was given. */
    used: async ({ id: own }: Pick<Credential, 'id'>): Promise<void> => {
      await kept.patch(own, { usedAt: now() })
    },
    /** Removes it for good. */
    remove: async (own: string): Promise<void> => {
      await kept.take(own)
    },
    /** Names it anew, or notes that it is the one to ask for first; false when it is gone. */
    rename: async (own: string, label: string) => (await kept.patch(own, { label })) !== undefined,
    prefer: async (own: string) => (await kept.patch(own, { preferredAt: now() })) !== undefined,
    /** What went out of an account's force lately and can be put back. */
    out: async (account: string): Promise<Credential[]> => {
      const state = await read(account)
      const went = wentOut(state)
      return state.found.flatMap(each => (went.has(each.id) ? open(each, went.get(each.id)) : []))
    },
    /** Removes what is neither in force nor can be put back, and what a crash left behind. */
    tidy: async (account: string): Promise<void> => {
      const state = await read(account)
      const went = wentOut(state)
      const stays = ({ id: own, createdAt }: { id: string; createdAt: number }) =>
        state.holds.includes(own) || went.has(own) || createdAt > now() - pending
      for (const each of state.found.filter(each => !stays(each))) await kept.take(each.id)
    },
  }
}
