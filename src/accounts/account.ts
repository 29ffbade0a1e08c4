import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { type Collection, declare, every, type Page, type Store, type Where } from '../store/collection.ts'

/** The owner's rules about who may sign in at all. An absent rule keeps nobody out. */
export const restrictionsShape = z.object({
  /** Only devices that they trust. */
  devices: z.boolean().optional(),
  /** Only these CIDR blocks. */
  addresses: z.array(z.string()).optional(),
  /** Only these countries (ISO 3166-1 alpha-2). */
  countries: z.array(z.string()).optional(),
})
export type Restrictions = z.output<typeof restrictionsShape>

/** The country where the owner says they will be (ISO 3166-1 alpha-2): a sign-in there is not held for the place alone. */
export const travelShape = z.object({
  country: z.string(),
  until: z.number(),
})

/** What people say about themselves, for apps that ask (OpenID Connect Core 1.0, 5.1). None of it is verified. */
const profileShape = z.object({
  name: z.string().optional(),
  username: z.string().optional(),
  /** A name of the time zone database. */
  zone: z.string().optional(),
  /** When it was last changed, in milliseconds. */
  at: z.number(),
})

/** One change of what an account holds or of its rules, kept for as long as it can be undone. */
const changeShape = z.object({
  id: z.string(),
  at: z.number(),
  /** The browser session that made it, and the device cookie's digest: they tell one intruder's changes from others'. */
  session: z.string().optional(),
  device: z.string().optional(),
  /** The credentials that came into force by it, and those that went out of force. */
  came: z.array(z.string()),
  went: z.array(z.string()),
  /** It undid other changes, these by id: what it brought back had been the owner's before. */
  undo: z.boolean().optional(),
  undid: z.array(z.string()).optional(),
  /** The settings that it replaced, and what they were; an absent one was not set. */
  replaced: z.array(z.enum(['restrictions', 'travel', 'antiPhishingPhrase', 'smsAlerts'])),
  was: z.object({
    restrictions: restrictionsShape.optional(),
    travel: travelShape.optional(),
    antiPhishingPhrase: z.string().optional(),
    smsAlerts: z.boolean().optional(),
  }),
})
export type AccountChange = z.output<typeof changeShape>
/** The settings whose former values are kept for as long as a change can be undone. */
export type Setting = AccountChange['replaced'][number]

const shape = z.object({
  id: z.string(),
  /** The credentials that are in force, by id: one that is not listed here proves nothing, whatever else the store says. */
  holds: z.array(z.string()).optional(),
  /** What was changed lately, oldest first. */
  changes: z.array(changeShape).optional(),
  /** Rises with each change of the two above: what compare-and-set compares. */
  edits: z.number().optional(),
  /** As it is looked up: trimmed and in lower case. */
  email: z.string(),
  /** Proved by a code; E.164. */
  phone: z.string().optional(),
  /** BCP 47. */
  locale: z.string(),
  /** The time zone of the browser that the account was made with. No app is told of it. */
  zone: z.string().optional(),
  profile: profileShape.optional(),
  /** It was imported without a second factor, and has set up none since. */
  unguarded: z.boolean().optional(),
  /** It was imported with an address that nobody has proved yet. Until then the address recovers nothing. */
  emailUnproved: z.boolean().optional(),
  /** What the product before this one knew it by, where that is not its id. */
  legacySub: z.string().optional(),
  /** What the operator knows of its owner, and its roles in single apps by client id. Apps are told what their entries map. */
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  appRoles: z.record(z.string(), z.array(z.string())).optional(),
  /** `closing`: its owner asked for its removal and may still change their mind. `closed`: it is being removed and belongs to nobody. */
  status: z.enum(['active', 'closing', 'closed']),
  /** Staff locked it: nobody gets in until staff unlock it. */
  lock: z.object({ at: z.number() }).optional(),
  /** When a closing account is removed, and when another process may take over a removal, in milliseconds. */
  closesAt: z.number().optional(),
  /** The security stamp: each change of what protects the account raises it, and a sign-in that began before such a change ends with it. */
  securityStamp: z.number().optional(),
  /** The session that made that change, if one did: it is the only one that stays valid. */
  stampedIn: z.string().optional(),
  /** API keys made under a security stamp below this one no longer work. */
  keysFrom: z.number().optional(),
  /** Its protection was loosened: until then (milliseconds) apps are told to wait with anything that cannot be undone. */
  holdUntil: z.number().optional(),
  /** The owner's own words, by which they know a mail of ours. Sealed in the store. */
  antiPhishingPhrase: z.string().optional(),
  /** Alerts about the account go out by SMS, too. */
  smsAlerts: z.boolean().optional(),
  /** When the next weekly summary is due, in milliseconds; absent where they want none. */
  summaryAt: z.number().optional(),
  restrictions: restrictionsShape.optional(),
  travel: travelShape.optional(),
  /** When restrictions or travel were last changed. */
  ruledAt: z.number().optional(),
  /** When a passkey was last offered after a sign-in, in milliseconds. */
  passkeyOfferedAt: z.number().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

/** A person's account. Its email is verified, because an account begins when its second factor is enrolled; an imported one makes up for both at its next sign-in. */
export type Account = z.output<typeof shape>

/** The fields that an account's owner is given in an export; the others are counters and ids of ours. */
export const givenOfAccounts = [
  ...(['id', 'legacySub', 'email', 'emailUnproved', 'phone', 'locale', 'zone', 'profile', 'status'] as const),
  ...(['lock', 'closesAt', 'holdUntil', 'antiPhishingPhrase', 'smsAlerts', 'summaryAt', 'attributes'] as const),
  ...(['appRoles', 'restrictions', 'travel', 'ruledAt', 'passkeyOfferedAt', 'createdAt', 'updatedAt'] as const),
]

export const accountsDeclaration = declare({
  name: 'accounts',
  shape,
  unique: ['email', 'legacySub'],
  indexes: ['closesAt', 'summaryAt', 'phone', ['createdAt', 'id']],
})

/** Tells whether its owner may use it. A closing account allows nothing but stopping that, and a locked one nothing at all. */
export function active(account: Account | undefined): account is Account {
  return account?.status === 'active' && account.lock === undefined
}

/** Tells whether it belongs to somebody. A closing account does: its owner can prove that, and is told what is done to it. */
export function owned(account: Account | undefined): account is Account {
  return account !== undefined && account.status !== 'closed'
}

/** The context in which an account's anti-phishing phrases are sealed. */
export const phraseContext = ({ id }: { id: string }): string => `phrase:${id}`

/** The security stamp that the account had when somebody proved who they are, as a session and everything issued in it carry it. */
export interface Stamped {
  stamp: number | undefined
  session: string
}

/** Tells whether a stamp is still valid: it is the account's current one, or belongs to the session that made the last change. */
export function stampFits(
  { securityStamp = 0, stampedIn }: Pick<Account, 'securityStamp' | 'stampedIn'>,
  carried: Stamped,
): boolean {
  return (carried.stamp ?? 0) === securityStamp || carried.session === stampedIn
}

/** Returns the change that ends every API key made so far, for the write that raises the security stamp. */
export function withoutKeys({ securityStamp = 0 }: Pick<Account, 'securityStamp'>): Pick<Account, 'keysFrom'> {
  return { keysFrom: securityStamp + 1 }
}

/** Tells whether an API key made under this security stamp was ended with all others, even if the key's own row does not say so yet. */
export function keyEnded(
  { keysFrom = 0 }: Pick<Account, 'keysFrom'>,
  { securityStamp = 0 }: { securityStamp?: number | undefined },
) {
  return securityStamp < keysFrom
}

/** Replaces each anti-phishing phrase in an account: the one in force, and those that a change may bring back. */
export function withPhrases<T extends Partial<Account>>(account: T, turn: (phrase: string) => string): T {
  const turned = <Held extends { antiPhishingPhrase?: string | undefined }>(held: Held): Held =>
    held.antiPhishingPhrase === undefined ? held : { ...held, antiPhishingPhrase: turn(held.antiPhishingPhrase) }
  const { changes = [] } = account
  // Most accounts have none, and most requests read one.
  if (changes.every(({ was }) => was.antiPhishingPhrase === undefined)) return turned(account)
  return { ...turned(account), changes: changes.map(each => ({ ...each, was: turned(each.was) })) }
}

/** Opens an account's anti-phishing phrases. A phrase from before they were sealed is returned as it is. */
export function opened(account: Account, sealer: Sealer): Account {
  const open = (phrase: string) => (sealer.isSealed(phrase) ? sealer.open(phrase, phraseContext(account)) : phrase)
  return withPhrases(account, open)
}

export type Accounts = ReturnType<typeof accounts>

/**
 * Keeps accounts. Anti-phishing phrases are sealed in the store: somebody who knows one can write mails that its owner trusts. Without a
 * sealer, as commands use it, phrases stay sealed and cannot be set.
 */
export function accounts(store: Store, sealer?: Sealer) {
  const kept: Collection<Account> = store.collection(accountsDeclaration)
  const open = <T extends Account | undefined>(account: T) => (account && sealer ? opened(account, sealer) : account)
  const sealed = <T extends Partial<Account>>(id: string, changes: T): T =>
    withPhrases(changes, phrase => {
      if (sealer === undefined) throw new TypeError('a phrase needs a sealer')
      return sealer.seal(phrase, phraseContext({ id }))
    })
  return {
    get: async (id: string) => open(await kept.get(id)),
    /** A page of accounts, for staff who search. */
    find: async (where: Where<Account>, { limit, ...page }: Page<Account> & { limit: number }) =>
      (await kept.find(where, { limit, ...page })).map(open),
    byEmail: async (email: string) => open((await kept.find({ email }, { limit: 1 }))[0]),
    /** Throws Conflict when the email has an account. */
    insert: async (account: Account) => kept.insert(sealed(account.id, account)),
    patch: async (id: string, changes: Partial<Account>, when?: Partial<Account>) =>
      open(await kept.patch(id, sealed(id, changes), when)),
    /** Raises the security stamp alone, which ends sessions and sign-ins under way; undefined when another change came first. */
    raiseStamp: async (id: string, securityStamp: number | undefined) =>
      open(await kept.patch(id, raised(securityStamp), { securityStamp, status: { in: ['active', 'closing'] } })),
    /**
     * Commits a change of credentials or settings, in one write, to the account as `owner` was read; undefined when another change came
     * first. With `stamps` it also raises the security stamp, which ends all sessions but the named one. Throws Conflict when a new email
     * has an account.
     */
    amend: async (
      { id, securityStamp, edits }: Account,
      changes: Partial<Account>,
      { stamps, session }: { stamps: boolean; session?: string | undefined },
    ) =>
      open(
        await kept.patch(
          id,
          { ...sealed(id, changes), edits: (edits ?? 0) + 1, ...(stamps && raised(securityStamp, session)) },
          { edits, ...(stamps && { securityStamp }), status: { in: ['active', 'closing'] } },
        ),
      ),
    /** All accounts for which something is due by now. */
    due: async function* (by: 'closesAt' | 'summaryAt', at: number): AsyncGenerator<Account> {
      for await (const each of every(kept, { [by]: { lt: at + 1 } })) yield open(each) as Account
    },
  }
}

/** Returns the changes that raise a security stamp: every session ends, except the one that makes the change. */
export function raised(
  securityStamp: number | undefined,
  session?: string,
): Pick<Account, 'securityStamp' | 'stampedIn'> {
  return { securityStamp: (securityStamp ?? 0) + 1, stampedIn: session }
}
