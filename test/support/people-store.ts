import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, accountsDeclaration } from '../../src/accounts/account.ts'
import { credentials as credentialsOf } from '../../src/accounts/credential.ts'
import { peopleImportCommand } from '../../src/commands/people-command.ts'
import { peopleExportCommand, peopleList, peopleShow } from '../../src/commands/people-list-command.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { within } from './cli.ts'
import { type Database, testDatabase } from './store.ts'

const secrets = 'the secret of these tests has 32 or more'
/** A hash of everybody's password, as Python's bcrypt made it. */
export const bcrypt = '$2b$04$yFW1llW5IwDMNXX9kvkjQeMruGUO18D24QW3L0b5yEm9fgXyrIChi'
const commands = { import: peopleImportCommand, export: peopleExportCommand, list: peopleList, show: peopleShow }
export const ring = keyring([secrets])

/** A person as a file says it. */
export const someone = (name: string, more: object = {}) => ({
  ...{ id: name, email: `${name}@example.com`, email_verified: true, password_hash: bcrypt },
  ...more,
})

/** A folder and a store for each test, and the commands about people that work on it. */
export function peopleRoom() {
  let folder: string
  let database: Database
  let store: Store
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-people-'))
    database = testDatabase(folder)
    store = await openStore(database.url, { now: Date.now, sweep: false })
  })
  afterEach(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const file = (name: string, content: string | Buffer): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  return {
    store: () => store,
    inFolder: (name: string) => join(folder, name),
    file,
    lines: (...records: object[]) => file('people.jsonl', records.map(each => `${JSON.stringify(each)}\n`).join('')),
    people: (words: string[], url = database.url, more = {}) =>
      within(commands, words, {
        ...{ LATCHKEY_STORE: url, LATCHKEY_SECRETS: secrets, LATCHKEY_ISSUER: 'http://localhost:3000' },
        ...more,
      }),
    accounts: async (from = store): Promise<Account[]> => {
      const found = await from.collection(accountsDeclaration).find({}, { limit: 1_000 })
      return found.sort((a, b) => (a.email < b.email ? -1 : 1))
    },
    heldBy: (account: string, from = store) =>
      credentialsOf({ store: from, sealer: sealer(ring), now: Date.now }).of(account),
    /** The names of what is in the audit log. */
    recorded: async (): Promise<string[]> => {
      const names: string[] = []
      for await (const { name } of ledger({ store }).entries()) names.push(name)
      return names.sort()
    },
  }
}
