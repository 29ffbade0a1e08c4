import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { accounts } from '../src/accounts/account.ts'
import { keyring } from '../src/crypto/keyring.ts'
import { sealer } from '../src/crypto/seal.ts'
import { signingRing } from '../src/keys/signing-keys.ts'
import { audit } from '../src/observers/audit.ts'
import { recorder } from '../src/observers/recorder.ts'
import { openStore } from '../src/store/open.ts'
import { type Block, pages, typedOn } from './support/documented.ts'
import { exports, firebaseProject } from './support/exports.ts'
import { freePorts } from './support/ports.ts'

const run = promisify(execFile)
const secret = 'a-secret-of-the-documented-commands-that-is-long-enough'

/** What every block of a page is preceded by: a server that is started is stopped once it listens. */
const preamble = `
set -m
trap 'kill -KILL -- -$server 2>/dev/null || true' EXIT
trap exit TERM
server=
serves_for_a_while() {
  rm -f served.log # What the one before said would be taken for what this one says.
  "$@" > served.log 2>&1 & server=$!
  until grep -qsE 'listening on|waits for' served.log; do kill -0 $server 2>/dev/null || { cat served.log >&2; return 1; }; sleep 0.1; done
  kill -TERM -- -$server
  wait $server || [ "$1" = npx ] || return 1
}
`
/** What the words around a command say of it: what was there before it is typed. */
const before: readonly [command: RegExp, first: string][] = [
  // Nothing has been backed up under that name.
  [/^\.\/latchkey backup (?<file>\S+)/, 'rm -f $<file>'],
  // "Into the empty store".
  [/^\.\/latchkey restore \S+\s*(#.*)?$/, 'rm -f store.db store.db-*'],
  // The other product has written its export.
  [/^\.\/latchkey people import (?<file>\S+) --format (?<product>\S+)/, 'cp exported.$<product> $<file>'],
]

/** What a page says of what is printed. */
const tells: Record<string, (said: string) => void> = {
  'docs/operating/monitor.md': said => {
    const [, hash = 'none', digest] = /"hash":"([0-9a-f]{64})"\n([0-9a-f]{64}) /.exec(said) ?? []
    expect(digest, said).to.equal(hash)
  },
}

describe('what the docs show, typed under the Node of the machine and without HOME, works', function () {
  this.timeout(120_000)
  let folder: string
  let env: Record<string, string>
  let free: number
  const compiled = mkdtempSync(join(tmpdir(), 'latchkey-documented-compiled-'))
  after(() => rmSync(compiled, { recursive: true }))

  /** Where the paths of the docs are here, and what stands in for machines of the reader's own. */
  const here = (text: string): string =>
    Object.entries({
      '/var/backups/': `${folder}/backups/`,
      '/etc/latchkey/': `${folder}/etc/`,
      '/var/lib/latchkey/': `${folder}/lib/`,
      'sqlite:data/latchkey.db': `sqlite:${folder}/store.db`,
      'postgres://latchkey@db.internal/latchkey': `sqlite:${folder}/other.db`,
      '=…': `=${secret}`,
      'PORT=4000': `PORT=${free}`,
    }).reduce((told, [there, own]) => told.replaceAll(there, own), text)

  /** A block as bash runs it. */
  const scriptOf = ({ page, line, text }: Block): string => {
    const settings = text.trim().split('\n')
    if (settings.every(each => /^[A-Z_]+=\S*$/.test(each))) {
      // Settings are not typed: they are what a configuration is made of.
      writeFileSync(join(folder, `settings-${line}`), here(text))
      return `( set -a; . ./settings-${line}; ./latchkey config check )`
    }
    const lines = here(text).split('\n')
    const typed = lines.flatMap(each => {
      const first = before.flatMap(([command, what]) => {
        const [found] = command.exec(each) ?? []
        return found === undefined ? [] : [found.replace(command, what)]
      })
      return [
        ...first,
        each.replace(
          /^((?:[A-Z_]+='[^']*' |[A-Z_]+=\S+ )*)(\.\/latchkey serve|npx node .*)/,
          '$1 serves_for_a_while $2',
        ),
      ]
    })
    return [`echo "${page}:${line}" >&2`, ...typed].join('\n')
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-documented-'))
    for (const each of ['backups/latchkey', 'etc', 'lib', 'DIR']) mkdirSync(join(folder, each), { recursive: true })
    for (const each of ['latchkey', 'docs', 'packaging', 'examples', 'node_modules', 'package.json'])
      symlinkSync(join(process.cwd(), each), join(folder, each))
    writeFileSync(join(folder, 'etc/backup.key'), 'a passphrase of the documented commands')
    // With the policy that the page about apps shows.
    const partner = { policy: 'partner', redirect_hosts: ['partner.example'] }
    for (const each of ['clients.json', 'etc/clients.json'])
      writeFileSync(join(folder, each), JSON.stringify({ apis: [], clients: [], policies: [partner] }))
    for (const [product, { text }] of Object.entries(exports)) writeFileSync(join(folder, `exported.${product}`), text)
    writeFileSync(join(folder, 'project.json'), JSON.stringify(firebaseProject))
    const [port = 0, another = 0] = await freePorts(2)
    free = another
    const own = (process.env.PATH ?? '').split(':').filter(each => !each.includes('node_modules'))
    env = {
      ...{ PATH: own.join(':'), LATCHKEY_ISSUER: `http://localhost:${port}` },
      ...{ LATCHKEY_STORE: `sqlite:${folder}/store.db`, LATCHKEY_SECRETS: secret },
      // Half of what a command takes is compiling.
      NODE_COMPILE_CACHE: compiled,
    }
    await prepare(env.LATCHKEY_STORE ?? '')
    await run('./latchkey', ['backup', join(folder, 'backups/latchkey.backup')], { cwd: folder, env })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  for (const page of pages) {
    const blocks = typedOn(page).shell
    if (blocks.length === 0) continue
    it(page, async () => {
      const script = [preamble, ...blocks.map(scriptOf), 'echo typed to the end'].join('\n')
      writeFileSync(join(folder, 'typed.sh'), script)
      const typed = await run('bash', ['--norc', '-euo', 'pipefail', 'typed.sh'], {
        cwd: folder,
        env,
        timeout: 110_000,
      }).catch(fault => fault)
      expect(typed.stdout, `${typed.stdout}${typed.stderr}`).to.match(/^typed to the end$/m)
      tells[page]?.(typed.stdout)
    })
  }
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
    await kept.insert({ ...made, createdAt: 0, updatedAt: 0 })
  }
  const emit = recorder([audit({ store })], Date.now, fault => expect.fail(String(fault)))
  for (const role of ['support', 'viewer'] as const) await emit('role.given', { account: 'grace', role })
  await store.close()
}
