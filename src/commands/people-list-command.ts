import { open } from 'node:fs/promises'
import { type Account, accounts, accountsDeclaration } from '../accounts/account.ts'
import { credentials as credentialsOf } from '../accounts/credential.ts'
import { peopleExport } from '../admin/people-export.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { sealer as sealerOf } from '../crypto/seal.ts'
import { emailAddress } from '../factors/contacts.ts'
import { every, type Store } from '../store/collection.ts'
import { answer, type Command, type Given, json, Refusal, recording, withStore } from './command.ts'

/** `people export`: what an import reads. */
export const peopleExportCommand: Command = {
  does: 'Exports people as JSON Lines that an import reads, without secrets unless a file is named for them',
  takes: '[--with-secrets FILE]',
  options: { 'with-secrets': { type: 'string' } },
  help: [
    '--with-secrets FILE   Writes a new file of mode 0600 that also has password hashes, authenticators and passkeys. Whoever reads it can',
    '                      sign in as anybody who has an authenticator and a password that can be guessed: delete it once it is imported.',
    'Hashes of passwords verify only with the same LATCHKEY_SECRETS. To move a whole store, use `store copy`.',
  ].join('\n'),
  examples: ['people export > people.jsonl', 'people export --with-secrets /root/people.jsonl'],
  run: given => withPeople(given, exporting),
}

/** `people list`: everybody, in the order of ids. */
export const peopleList: Command = {
  does: 'Lists accounts: id, email address, status and when they were made',
  takes: '[--json]',
  options: json,
  help: 'One line for each account; with --json one JSON object for each.',
  examples: ['people list', 'people list --json | head'],
  run: given =>
    withPeople(given, async ({ store }) => {
      for await (const person of every(store.collection(accountsDeclaration), {})) {
        const line = shown(person)
        answer(given, line, [[line.id, line.email, line.status, line.createdAt].join('\t')])
      }
      return 0
    }),
}

/** `people show`: one person, without secrets. */
export const peopleShow: Command = {
  does: 'Shows one account by its email address or id, with the factors that it holds and no secrets',
  takes: 'EMAIL|ID [--json]',
  options: json,
  words: true,
  help: 'Exit code 1: there is no such account.',
  examples: ['people show ada@example.com', 'people show ada@example.com --json'],
  run: given =>
    withPeople(given, async ({ store, keys }) => {
      const [typed, ...more] = given.words
      if (typed === undefined || more.length > 0) throw new Refusal('Give one email address or account id.')
      const kept = accounts(store)
      const person = (await kept.byEmail(emailAddress(typed) ?? '')) ?? (await kept.get(typed))
      if (!person) {
        given.beside.write(`No account has the address or id ${typed}.\n`)
        return 1
      }
      const held = await credentialsOf({ store, sealer: sealerOf(keys()), now: Date.now }).of(person.id)
      const factors = held.map(({ factor, label, createdAt, usedAt }) => ({ factor, label, createdAt, usedAt }))
      const said = shown(person)
      answer(given, { ...said, factors }, [
        ...Object.entries(said).map(([name, value]) => `${name}: ${value}`),
        ...factors.map(each => `factor: ${each.factor}${each.label ? ` (${each.label})` : ''}`),
      ])
      return 0
    }),
}

function shown({ id, legacySub, email, emailUnproved, phone, locale, status, lock, createdAt }: Account) {
  return {
    ...{ id, ...(legacySub !== undefined && { legacySub }), email, emailVerified: emailUnproved !== true },
    ...{ ...(phone !== undefined && { phone }), locale, status: lock ? 'locked' : status },
    createdAt: new Date(createdAt).toISOString(),
  }
}

/** What a command about people works with. */
export interface Room {
  given: Given
  store: Store
  keys: () => Keyring
  rpId: string
}

/** Opens the configured store for a command about people. */
export function withPeople(given: Given, act: (room: Room) => Promise<number>): Promise<number> {
  const config = given.config()
  const rpId = new URL(config.issuer).hostname
  return withStore(config, (store, keys) => act({ given, store, keys, rpId }))
}

/** Says in words why a file cannot be read. */
export function refusal(fault: unknown): unknown {
  if (fault instanceof SyntaxError) return new Refusal(fault.message)
  const { code, path } = fault as NodeJS.ErrnoException
  return path !== undefined && code !== undefined ? new Refusal(`${path} cannot be read (${code}).`) : fault
}

/** Says in words why a file could not be read. */
export const readable = <T>(read: Promise<T>): Promise<T> =>
  read.catch(fault => {
    throw refusal(fault)
  })

async function exporting({ given, store, keys, rpId }: Room): Promise<number> {
  const path = given.option('with-secrets')
  const file = path === undefined ? undefined : await readable(open(path, 'wx', 0o600))
  try {
    let people = 0
    for await (const person of peopleExport({ store, rpId, sealer: file && sealerOf(keys()) })) {
      const line = `${JSON.stringify(person)}\n`
      if (file) await file.write(line)
      else if (!given.out.write(line)) await new Promise(resolve => given.out.once('drain', resolve))
      people++
    }
    await recording(store, given)('people.exported', { people, secrets: file !== undefined })
    given.beside.write(`${people} people exported.\n`)
    if (file) given.beside.write(`${path} holds secrets that people sign in with. Delete it once it is imported.\n`)
    return 0
  } finally {
    await file?.close()
  }
}
