import { z } from 'zod'
import { type Account, accountsDeclaration } from '../accounts/account.ts'
import { credentialContext, credentialsDeclaration } from '../accounts/credential.ts'
import { passwordKinds } from '../accounts/password-kinds.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Emit } from '../events.ts'
import { Conflict, declare, type Store } from '../store/collection.ts'
import { type Counts, type Hearing, none, peopleBatches, type Read, type Source } from './people-batches.ts'
import type { Reading } from './people-entry.ts'

/** How long the place where a run was interrupted is kept, in milliseconds. */
const remembered = 30 * 24 * 3_600_000

/** How far a run came: run again with the same file and options, it goes on there. */
const importsDeclaration = declare({
  name: 'people_imports',
  shape: z.object({
    /** A digest of the file and of what was told with it. */
    id: z.string(),
    /** Records that are through, and people who were made of them. */
    done: z.number(),
    made: z.number(),
    expiresAt: z.number(),
  }),
})

interface Services {
  store: Store
  sealer: Pick<Sealer, 'seal' | 'open'>
  reading: Reading
  emit: Emit
  now: () => number
}

/** Imports people from files: `check` finds what is wrong with any of them and changes nothing, and `write` makes those who are right. */
export function peopleImport({ store, sealer, reading, emit, now }: Services) {
  const accounts = store.collection(accountsDeclaration)
  const credentials = store.collection(credentialsDeclaration)
  const batches = peopleBatches({ store, reading })
  const runs = store.collection(importsDeclaration)
  const kinds = passwordKinds({ store, sealer, now })

  const counted = (counts: Counts, people: readonly Read[]): void => {
    for (const { person } of people) {
      counts.people++
      if (person.unguarded) counts.unguarded++
      if (!person.credentials.some(({ factor }) => factor === 'password' || factor === 'passkey')) counts.passwordless++
      if (person.numberLeft) counts.numbers++
    }
  }

  /**
   * Makes one account. Its ids follow from the run and the record, so that a run which goes on after it was interrupted writes the same
   * credentials again instead of others beside them. The account's row comes last: until then nobody has it, half or complete.
   */
  const make = async (run: string, { at, person }: Read, source: string): Promise<void> => {
    const own = (what: string | number) => sha256(`${run}\n${at}\n${what}`).slice(0, 22)
    const { id, email, phone, locale, locked, createdAt, unguarded, emailProved } = person
    const account = reading.keepIds && id !== undefined ? id : own('account')
    const holds = person.credentials.map((_, n) => own(n))
    const sealed = person.credentials.map(({ secret, ...each }, n) => {
      const credential = { id: holds[n] ?? '', ...each }
      return {
        ...credential,
        account,
        secret: sealer.seal(JSON.stringify(secret), credentialContext(credential)),
        rev: 0,
        createdAt,
      }
    })
    const { attributes, appRoles, legacySub = reading.keepIds ? undefined : id } = person
    const { name, username, zone } = person.profile
    const profile = { ...(name && { name }), ...(username && { username }), ...(zone && { zone }), at: now() }
    const made: Account = {
      ...{ id: account, email, phone, locale, status: 'active', holds, createdAt, updatedAt: now() },
      ...(Object.keys(profile).length > 1 && { profile }),
      ...(unguarded && { unguarded }),
      ...(!emailProved && { emailUnproved: true }),
      ...(locked && { lock: { at: now() } }),
      ...(legacySub !== undefined && { legacySub }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(Object.keys(appRoles).length > 0 && { appRoles }),
    }
    await Promise.all(sealed.map(each => credentials.put(each)))
    // First: an account that is on no record would be worse than a record, after a crash, that is there twice.
    await emit('account.imported', { account, source })
    await accounts.insert(made)
  }

  return {
    /** Reads the whole file and reports every fault. Resolves to what an import would come to. */
    check: async (source: Source, hearing: Hearing): Promise<Counts> => {
      const counts = none()
      for await (const { wanted } of batches(source, counts, hearing)) counted(counts, wanted)
      return counts
    },
    /** Makes the people who are not there yet, and goes on where a run of this id was interrupted. What has a fault is left out. */
    write: async (source: Source, run: string, hearing: Hearing): Promise<Counts> => {
      const counts = none()
      const { done = 0, made: before = 0 } = (await runs.get(run)) ?? {}
      let made = before
      await kinds.begin()
      for await (const { wanted, through } of batches(source, counts, hearing)) {
        if (through <= done) continue
        await kinds.foresee(wanted.flatMap(hashesOf))
        const born: Read[] = []
        const outcomes = await Promise.allSettled(
          wanted.map(async each => {
            await make(run, each, source.format)
            born.push(each)
          }),
        )
        for (const [n, outcome] of outcomes.entries()) {
          if (outcome.status === 'fulfilled') continue
          if (!(outcome.reason instanceof Conflict)) throw outcome.reason
          counts.faulty++
          const field = outcome.reason.field === 'lookup' ? 'passkeys' : outcome.reason.field
          hearing.fault({ line: wanted[n]?.line ?? 0, field, what: 'has come to another account' })
        }
        counted(counts, born)
        made += born.length
        await runs.put({ id: run, done: through, made, expiresAt: now() + remembered })
      }
      await emit('people.imported', {
        source: source.format,
        people: made,
        present: counts.present,
        faulty: counts.faulty,
      })
      await runs.take(run)
      await kinds.end()
      return counts
    },
  }
}

function hashesOf({ person }: Read): string[] {
  return person.credentials.flatMap(({ factor, secret }) =>
    factor === 'password' ? (secret as { hash: string }).hash : [],
  )
}
