import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { id as newId } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { allOf, Conflict, claim, declare, retry, type Store } from '../store/collection.ts'
import { type Accounts, owned } from './account.ts'
import { regret } from './credential.ts'

const day = 24 * 3_600_000
/** How long an address that an account gave up stays reserved for it, in milliseconds: longer than the change can be undone, by any clock. */
const reserved = regret + day
/** How long an address stays claimed for an account that is about to get it, in milliseconds: longer than the change takes. */
const pending = 2 * 60_000
/** How long it is remembered whose an address or number was, in milliseconds. */
const remembered = 365 * day

/** An address that an account is about to get, or can still get back. Its id makes it one account's at a time. */
export const claimsDeclaration = declare({
  name: 'address_claims',
  shape: z.object({
    /** The digest of the address. It is not keyed, so that claims hold while secrets change; it is gone in days. */
    id: z.string(),
    account: z.string(),
    expiresAt: z.number(),
  }),
  indexes: ['account'],
})

const formerShape = z.object({
  id: z.string(),
  account: z.string(),
  kind: z.enum(['email', 'phone']),
  /** A keyed digest of it. */
  digest: z.string(),
  /** Sealed: itself. */
  sealed: z.string(),
  /** When it was given up. */
  until: z.number(),
  expiresAt: z.number(),
})

/** The addresses and numbers that accounts had. */
export const formerDeclaration = declare({
  name: 'former_addresses',
  shape: formerShape,
  indexes: ['account', 'digest'],
})

/** The context in which a former address is sealed. */
export const formerContext = ({ id }: { id: string }): string => `former-address:${id}`
/** The context of an address's keyed digest. */
export const digestContext = 'address'

/** How long an address that was added later counts as new to its account, in milliseconds: it may be a thief's. */
const novelty = 30 * day
/** How long a sign-up may take, in milliseconds. */
const signUpLife = 60 * 60_000

/** Tells whether this credential was added so lately that the reader of its mail may not be the owner. What the account began with was not. */
export function addedLately(added: { createdAt: number }, account: { createdAt: number }, at: number): boolean {
  return added.createdAt > account.createdAt + signUpLife && added.createdAt > at - novelty
}

/** An address or number that an account had, until a moment in milliseconds since the epoch. */
export interface Former {
  kind: 'email' | 'phone'
  address: string
  until: number
}

/** The account of an address. `current`: the account has it now; otherwise it had it until lately and can get it back. */
interface Whose {
  account: string
  current: boolean
}

interface Services {
  store: Store
  sealer: Pick<Sealer, 'seal' | 'open' | 'blind'>
  accounts: Pick<Accounts, 'byEmail' | 'get'>
  now: () => number
}

/** Which account an email address belongs to, lately belonged to, and once belonged to; and which numbers are kept for the accounts that had them. */
export type Addresses = ReturnType<typeof addresses>

/** Knows which addresses and numbers accounts have, are about to get, and had. */
export function addresses({ store, sealer, accounts, now }: Services) {
  const claims = store.collection(claimsDeclaration)
  const kept = store.collection(formerDeclaration)
  const digests = (address: string) => sealer.blind(address, digestContext)

  const keep = async (email: string, account: string, life: number): Promise<void> => {
    const expiresAt = now() + life
    const id = sha256(email)
    await retry(async () => {
      const found = await claims.get(id)
      if (!found) return (await claim(claims, { id, account, expiresAt })) || undefined
      if (found.account !== account) throw new Conflict(claimsDeclaration.name, 'id')
      return claims.patch(id, { expiresAt: Math.max(expiresAt, found.expiresAt) }, { account })
    })
  }

  /** Sorts newest first. An account's addresses change a hundred times a week at most. */
  const newest = (found: z.output<typeof formerShape>[]) => found.sort((a, b) => b.until - a.until)

  return {
    /** Returns the account that has an email, or had it so lately that the change can be undone. */
    whose: async (email: string): Promise<Whose | undefined> => {
      const [holder, found] = await Promise.all([accounts.byEmail(email), claims.get(sha256(email))])
      if (holder) return { account: holder.id, current: true }
      return found && { account: found.account, current: false }
    },
    /** Claims it for an account that is about to get it. Throws Conflict while another account claims it. */
    claim: (email: string, account: string) => keep(email, account, pending),
    /** Keeps an address that an account is about to give up from everybody else, for as long as that can be undone. Throws Conflict. */
    reserve: (email: string, account: string) => keep(email, account, reserved),
    /**
     * Tells whether another account gave this number up so lately that it can have it back, and this one neither has it nor can. A number
     * that several accounts have is nobody's own: what one of them gives up stays with the others.
     */
    numberReserved: async (phone: string, account: string | undefined): Promise<boolean> => {
      const found = (await Promise.all(digests(phone).map(digest => allOf(kept, { digest })))).flat()
      const givenUp = new Set(found.filter(each => each.until > now() - reserved).map(each => each.account))
      const former = await Promise.all([...givenUp].map(accounts.get))
      // Who got it back, or closed their account for good, keeps it from nobody.
      const theirs = former.filter(each => owned(each) && each.phone !== phone).map(each => each?.id)
      if (theirs.length === 0 || theirs.includes(account)) return false
      return account === undefined || (await accounts.get(account))?.phone !== phone
    },
    /** Drops the claims of an account that was never made. */
    drop: async (account: string): Promise<void> => {
      await claims.remove({ account })
    },
    /** Notes that an account is about to give up an address or a number. */
    note: async (account: string, { kind, address }: Omit<Former, 'until'>): Promise<void> => {
      const id = newId()
      const [digest] = digests(address)
      const sealed = sealer.seal(address, formerContext({ id }))
      const until = now()
      await kept.insert({ id, account, kind, digest, sealed, until, expiresAt: until + remembered })
    },
    /** Returns the account that had this address last, in the past year. */
    last: async (email: string): Promise<string | undefined> => {
      const found = await Promise.all(digests(email).map(digest => allOf(kept, { digest })))
      return newest(found.flat())[0]?.account
    },
    /** Lists what an account had in the past year, newest first. */
    of: async (account: string) =>
      newest(await allOf(kept, { account })).map(({ id, kind, sealed, until }) => ({
        ...{ kind, until },
        address: sealer.open(sealed, formerContext({ id })),
      })),
  }
}
