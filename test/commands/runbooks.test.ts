import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { commands } from '../../src/commands/index.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { recorder } from '../../src/events.ts'
import { signingRing } from '../../src/keys/signing-keys.ts'
import { audit } from '../../src/observers/audit.ts'
import { openStore } from '../../src/store/open.ts'
import { within } from '../support/cli.ts'

const secret = 'a secret of the runbooks that is long enough'
const pages = readdirSync('docs/operating')

/** The commands of a page in order, each as its words: those in blocks, without comments and what a shell does with their output. */
function commandsOf(page: string): string[][] {
  const blocks = readFileSync(`docs/operating/${page}`, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)
  const lines = [...blocks].flatMap(([, block = '']) => block.split('\n'))
  return lines.flatMap(line => {
    const [, typed] = /(?:^|\s)\.\/latchkey (.*)$/.exec(line) ?? []
    return typed === undefined
      ? []
      : [
          typed
            .replace(/\s+#.*$|\s+>.*$/g, '')
            .trim()
            .split(/\s+/),
        ]
  })
}

function commandIn(words: string[]): { name: string; args: string[] } {
  const name = [2, 1].map(length => words.slice(0, length).join(' ')).find(each => Object.hasOwn(commands, each)) ?? ''
  return { name, args: words.slice(name.split(' ').length) }
}

describe('the runbooks of docs/operating', function () {
  this.timeout(60_000)

  const withCommands = pages.filter(page => commandsOf(page).some(([first]) => first !== 'serve'))

  it('are found by their commands', () =>
    expect(withCommands).to.include.members(['back-up.md', 'incidents.md', 'monitor.md', 'people.md', 'upgrade.md']))

  for (const page of withCommands)
    it(`show commands that exist, with options that they take (${page})`, () => {
      for (const words of commandsOf(page).filter(([first]) => first !== 'serve')) {
        const { name, args } = commandIn(words)
        const command = commands[name]
        if (!command) throw new Error(`there is no command ${words.join(' ')}`)
        expect(() =>
          parseArgs({ args, options: command.options, allowPositionals: command.words ?? false }),
        ).to.not.throw()
      }
    })

  /** What asks for another server, or for files that a step in words has to bring. */
  const apart = (words: string[]): boolean => /^(serve|store copy)|--head|--export|--jwks/.test(words.join(' '))

  for (const page of pages.filter(each => commandsOf(each).some(words => !apart(words))))
    it(`show commands that do what they say (${page})`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-runbooks-'))
      try {
        for (const each of ['backups', 'etc']) mkdirSync(join(folder, each))
        writeFileSync(join(folder, 'etc/backup.key'), 'a passphrase of the runbooks')
        const environment = { LATCHKEY_STORE: `sqlite:${folder}/store.db`, LATCHKEY_SECRETS: secret }
        await prepare(environment.LATCHKEY_STORE)
        const here = (word: string) =>
          word.replace('/var/backups/', `${folder}/backups/`).replace('/etc/latchkey/', `${folder}/etc/`)
        const there = await within(commands, ['backup', join(folder, 'backups/latchkey.backup')], environment)
        expect(there.code).to.equal(0)
        for (const words of commandsOf(page).filter(each => !apart(each))) {
          const { name, args } = commandIn(words)
          // Each page begins on a machine where nothing has been backed up, or a backup is there to be restored.
          if (name === 'backup') rmSync(here(args[0] ?? ''), { force: true })
          if (name === 'restore' && !/--(verify|replace)/.test(args.join())) rmSync(join(folder, 'store.db'))
          const { code, err, out } = await within(commands, [name, ...args.map(here)], environment)
          expect(code, `${words.join(' ')}: ${err}${out}`).to.equal(0)
          if (name === 'restore' && !args.includes('--verify')) await prepare(environment.LATCHKEY_STORE)
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
})

/** A store with signing keys and the accounts that the pages name. */
async function prepare(url: string): Promise<void> {
  const store = await openStore(url, { now: Date.now, sweep: false })
  const services = { store, sealer: sealer(keyring([secret])), emit: async () => {}, now: Date.now }
  const ring = await signingRing({ ...services, age: 0, onFault: fault => expect.fail(String(fault)) })
  await ring.need(['ES256'])
  const kept = accounts(store)
  for (const id of ['grace', 'edsger', 'barbara']) {
    const made = { id, email: `${id}@example.com`, locale: 'en', status: 'active' as const }
    if (!(await kept.get(id))) await kept.insert({ ...made, createdAt: 0, updatedAt: 0 })
  }
  const emit = recorder([audit({ store })], Date.now, fault => expect.fail(String(fault)))
  await emit('role.given', { account: 'grace', role: 'support' })
  await store.close()
}
