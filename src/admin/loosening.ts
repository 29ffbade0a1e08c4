import { z } from 'zod'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Addresses } from '../accounts/address.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Owner } from '../api-keys/owner.ts'
import { Problem } from '../errors.ts'
import type { Emit, Visitor } from '../events.ts'
import { emailAddress, phoneCountry, phoneNumber } from '../factors/contacts.ts'
import { type Factor, numberIn } from '../factors/factor.ts'
import { removable } from '../flows/assurance.ts'
import type { Closing } from '../flows/closing.ts'
import { type Commit, discard, type Wanted } from '../flows/committing.ts'
import { reliable } from '../flows/standing.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { Conflict } from '../store/collection.ts'
import { ownedBy } from './person-acts.ts'
import type { proposals } from './proposals.ts'

interface Services {
  accounts: Pick<Accounts, 'get' | 'patch'>
  addresses: Pick<Addresses, 'whose' | 'numberReserved'>
  credentials: Pick<Credentials, 'of' | 'add' | 'remove'>
  factors: readonly Factor[]
  sessions: Pick<Sessions, 'endAllOf'>
  owner: Pick<Owner, 'revokeAll'>
  closing: Pick<Closing, 'start' | 'keep'>
  commit: Commit
  emit: Emit
  now: () => number
}

type Moved = 'address.changed' | 'number.changed'

/**
 * Returns what a proposal looked at, as one number: when the address or number that it replaces came, below zero while nobody has proved
 * it. One that its owner set up or proved since then is not the one that was lost.
 */
const stateOf = (held: Pick<Credential, 'createdAt'> | undefined, unproved: boolean): number | undefined =>
  held && (unproved ? -held.createdAt : held.createdAt)

/** Nobody's browser: staff act, and where they are is not for the person to read. */
const nowhere = {} as Visitor

/** What takes something from a person's account or its protection: it takes two of the staff. */
export function loosening(services: Services, { needingTwo }: Pick<ReturnType<typeof proposals>, 'needingTwo'>) {
  const { accounts, addresses, credentials, factors, sessions, owner, closing, commit, emit, now } = services
  const person = ownedBy(accounts)

  /** Finds a factor that the account can do without. Throws `not_found`, `last_factor` and `not_offered`. */
  const removed = async ({ account, credential: id }: { account: string; credential: string }) => {
    const held = await credentials.of(account)
    const credential = held.find(each => each.id === id)
    const factor = factors.find(each => each.id === credential?.factor)
    if (!credential || !factor) throw new Problem('not_found')
    const may = removable(reliable(held, factors), factor)
    if (may === 'last') throw new Problem('last_factor')
    if (may === 'never') throw new Problem('not_offered')
    return { factor, secret: credential.secret }
  }

  /** Finds an account that can get this address. Throws `invalid_email`, `address_taken`, and `conflict` where it has it already or is closing. */
  const moved = async ({ account: id, email: typed }: { account: string; email: string }) => {
    const email = emailAddress(typed)
    if (email === undefined) throw new Problem('invalid_email', { field: 'email' })
    const account = await person(id)
    const [all, whose] = await Promise.all([credentials.of(id), addresses.whose(email)])
    if (account.status !== 'active' || account.email === email) throw new Problem('conflict')
    if (whose !== undefined && whose.account !== id) throw new Problem('address_taken', { field: 'email' })
    const factor = factors.find(({ identifies }) => identifies)?.id ?? ''
    const held = all.find(each => each.factor === factor)
    return { account, email, factor, seen: stateOf(held, account.emailUnproved === true) }
  }

  /**
   * Finds an account with a number, and the one that it can get. Throws `field_empty`, `invalid_phone`, `phone_not_served`, `no_number`,
   * `number_reserved`, and `conflict` where it has it already or is closing.
   */
  const dialled = async ({ account: id, phone, country }: { account: string; phone: string; country?: string }) => {
    const field = 'phone'
    // Without the name of the field: its phrase asks people for a number of their own.
    if (phone.trim() === '') throw new Problem('field_empty', { field, values: { field: '' } })
    const to = phoneNumber(phone, country)
    if (to === undefined) throw new Problem('invalid_phone', { field })
    const factor = factors.find(({ channel }) => channel === 'sms')
    const served = factor?.countries?.()
    if (served && !served.some(({ code }) => code === phoneCountry(to)))
      throw new Problem('phone_not_served', { field })
    // Read first: what the owner changes from now on, the commit refuses.
    const account = await person(id)
    const [all, reserved] = await Promise.all([credentials.of(id), addresses.numberReserved(to, id)])
    if (account.status !== 'active') throw new Problem('conflict')
    // Where there was none, it would be one more way in.
    const held = all.find(each => each.factor === factor?.id)
    if (!factor || !held) throw new Problem('no_number')
    if (numberIn(factor, held.secret) === to) throw new Problem('conflict')
    if (reserved) throw new Problem('number_reserved', { field })
    return { account, factor: factor.id, to, seen: stateOf(held, factor.unproved?.(held.secret) !== undefined) }
  }

  /** Puts an address or number that nobody has proved yet in the place of the one that the account has. */
  const move = async (
    account: Account,
    { factor, secret, name, fields }: Pick<Wanted, 'fields'> & { factor: string; secret: object; name: Moved },
  ): Promise<void> => {
    const { id } = account
    const went = (await credentials.of(id)).filter(each => each.factor === factor).map(each => each.id)
    const credential = await credentials.add({ account: id, factor, secret, addedUnder: 'mfa' })
    const data = { account: id, credential, ...(went[0] !== undefined && { former: went[0] }) }
    const wanted: Wanted = { came: [credential], went, loosens: true, events: [{ name, data }], fields }
    try {
      if (!(await commit(account, wanted, nowhere))) throw new Problem('conflict')
    } catch (fault) {
      if (fault instanceof Conflict || fault instanceof Problem) await discard(credentials, [credential])
      throw fault instanceof Conflict ? new Problem('address_taken', { field: 'email' }) : fault
    }
  }

  return {
    changeAddress: needingTwo({
      id: 'people.change-address',
      means:
        'Proposes to change the email address that a person signs in with. It recovers nothing until they have proved it; both addresses are told.',
      at: 'POST /people/{account}/change-address',
      args: { email: z.string().max(320) },
      check: async given => (await moved(given)).seen,
      confirmed: async (given, then) => {
        const { account, email, factor, seen } = await moved(given)
        if (seen !== then) throw new Problem('conflict')
        const fields = { email, emailUnproved: true }
        await move(account, { factor, secret: { to: email }, name: 'address.changed', fields })
        await sessions.endAllOf(account.id, 'protection-changed')
      },
    }),
    changeNumber: needingTwo({
      id: 'people.change-number',
      means:
        'Proposes to change the phone number of a person who has one. It counts for nothing until a code there proved it at a sign-in; both numbers and the email address are told.',
      at: 'POST /people/{account}/change-number',
      args: {
        phone: z.string().max(100).describe('With + and the country code (E.164), or as it is dialled in `country`'),
        country: z.string().max(2).optional().describe('ISO 3166-1 alpha-2'),
      },
      check: async given => (await dialled(given)).seen,
      confirmed: async (given, then) => {
        const { account, factor, to, seen } = await dialled(given)
        if (seen !== then) throw new Problem('conflict')
        const secret = { to, unproved: true }
        await move(account, { factor, secret, name: 'number.changed', fields: { phone: undefined } })
        await sessions.endAllOf(account.id, 'protection-changed')
      },
    }),
    liftHold: needingTwo({
      id: 'people.lift-hold',
      means: 'Proposes to lift the hold of an account, so that apps no longer wait with withdrawals.',
      at: 'POST /people/{account}/lift-hold',
      args: {},
      check: async ({ account }) => {
        const { holdUntil = 0 } = await person(account)
        if (holdUntil <= now()) throw new Problem('conflict')
        return holdUntil
      },
      // A hold that began, or was prolonged, after it was proposed is not the one that was looked at.
      confirmed: async ({ account }, holdUntil) => {
        if (!(await accounts.patch(account, { holdUntil: undefined, updatedAt: now() }, { holdUntil })))
          throw new Problem('conflict')
        await emit('hold.lifted', { account })
      },
    }),
    removeFactor: needingTwo({
      id: 'people.remove-factor',
      means: 'Proposes to remove a factor that a person can do without, by the id of its credential.',
      at: 'POST /people/{account}/remove-factor',
      args: { credential: z.string().max(100) },
      check: removed,
      confirmed: async ({ account: id, credential }) => {
        // Read first: what the owner removes from now on, the commit refuses.
        const account = await person(id)
        const { factor, secret } = await removed({ account: id, credential })
        const vouched = Object.keys(factor.verifiedContact?.(secret) ?? {}).map(name => [name, undefined])
        const data = { account: id, factor: factor.id, credential }
        const events = [{ name: 'factor.removed' as const, data }]
        const wanted = { went: [credential], fields: Object.fromEntries(vouched), loosens: true, events }
        if (!(await commit(account, wanted, nowhere))) throw new Problem('conflict')
        await sessions.endAllOf(id, 'protection-changed')
      },
    }),
    close: needingTwo({
      id: 'people.close',
      means: 'Proposes to close an account: it is erased once the days are over in which its owner can keep it.',
      at: 'POST /people/{account}/close',
      args: {},
      check: async ({ account }) => {
        if ((await person(account)).status !== 'active') throw new Problem('conflict')
      },
      confirmed: async ({ account: id }) => {
        await closing.start(await person(id), nowhere)
        await owner.revokeAll(id, {})
        await sessions.endAllOf(id, 'closed')
      },
    }),
    restore: needingTwo({
      id: 'people.restore',
      means: 'Proposes to keep an account that is being closed.',
      at: 'POST /people/{account}/restore',
      args: {},
      check: async ({ account }) => {
        if ((await person(account)).status !== 'closing') throw new Problem('conflict')
      },
      confirmed: async ({ account }) => {
        if (!(await closing.keep(account, nowhere))) throw new Problem('conflict')
      },
    }),
  }
}
