import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { servers } from '../../examples/resource-server/serve.ts'
import { refusals } from '../../src/api-keys/scheme.ts'
import { parseClients } from '../../src/clients/declared.ts'
import { blocksOf } from '../support/documented.ts'
import { type KeyHolder, keyHolder, server } from '../support/key-holder.ts'
import { freePorts } from '../support/ports.ts'

const page = readFileSync('docs/api-keys.md', 'utf8')
const sample = (fence: string): string =>
  page.split(`\n\`\`\`${fence}\n`).at(-1)?.split('\n```\n')[0] ?? expect.fail(fence)
const repository = process.cwd()

const typed = blocksOf('docs/api-keys.md')
/** What makes a key pair, and what says which key it is. */
const [pair, named] = typed

/** Each sample, the program that runs it, what it needs on the machine, and a file for it if it is no script of a shell. */
const samples: [fence: string, run: string[], needs: string[], file?: string][] = [
  ['bash', ['bash', '-euc'], ['bash', 'openssl', 'curl', 'date']],
  ['bash ed25519', ['bash', '-euc'], ['bash', 'openssl', 'curl', 'date']],
  ['bash query', ['bash', '-euc'], ['bash', 'openssl', 'curl', 'date', 'cut']],
  ['js', [process.execPath], [], 'sample.mjs'],
  ['js exchange', [process.execPath], [], 'sample.mjs'],
  ['python', ['python3'], ['python3'], 'sample.py'],
  ['sh', ['bash', '-euc'], ['bash', 'curl']],
]
const missing = (needs: string[]) => needs.filter(each => spawnSync(each, ['--version']).error !== undefined)

describe('docs/api-keys.md', () => {
  let holder: KeyHolder
  let serving: ReturnType<typeof servers>
  let folder: string
  let environment: Record<string, string>
  before(async () => {
    holder = await keyHolder()
    const [port = 0] = await freePorts(1)
    const api = `http://localhost:${port}`
    const audience = 'https://api.latchkey.example/trading'
    serving = servers({ issuer: holder.latchkey.issuer, client: server, audience }, { koa: api, fetch: api })
    serving.koa.listen(port, 'localhost')
    await once(serving.koa, 'listening')
    folder = mkdtempSync(join(tmpdir(), 'latchkey-docs-'))
    const key = await holder.create({ name: 'Documented', scope: ['read', 'trade'] })
    environment = { API: api, KEY_ID: key.id, KEY_SECRET: key.secret }
  })
  after(async () => {
    serving.koa.closeAllConnections()
    serving.koa.close()
    rmSync(folder, { recursive: true })
    await holder.latchkey.stop()
  })

  const run = async (command: string[], more: Record<string, string> = {}) => {
    const [program = '', ...words] = command
    const { PATH = '' } = process.env
    const child = spawn(program, words, { cwd: folder, env: { PATH, ...environment, ...more } })
    const [out, told, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect(code, told).to.equal(0)
    return out
  }

  for (const [fence, program, needs, file] of samples) {
    const absent = missing(needs)
    if (absent.length > 0) {
      process.stdout.write(
        `  skipped: the ${fence} sample of docs/api-keys.md, because there is no ${absent.join(' and no ')}\n`,
      )
      continue
    }
    it(`has a sample that works: ${fence}`, async () => {
      // Latchkey's clock ran ahead while somebody signed up.
      const code = sample(fence).replace('recvWindow=5000', 'recvWindow=60000')
      const more: Record<string, string> = {}
      if (fence === 'bash ed25519') {
        const public_key = await run(['bash', '-euc', pair?.text ?? ''])
        more.KEY_ID = (await holder.create({ name: 'Pair', public_key })).id
      }
      if (fence === 'sh') {
        // What it prints is a command again; the page says where things are on the reader's machine.
        writeFileSync(join(folder, 'secret.txt'), environment.KEY_SECRET ?? '')
        const here = { './latchkey': join(repository, 'latchkey'), 'lk_…': '$KEY_ID' }
        const words = Object.entries({ ...here, 'http://localhost:3005': '$API' })
        const printed = words.reduce((told, [there, own]) => told.replace(there, own), code)
        expect(await run([...program, `${printed} > printed.sh; . ./printed.sh`])).to.contain('"quantity":"2"')
        return
      }
      if (file) writeFileSync(join(folder, file), code)
      const out = await run([...program, file ?? code], more)
      expect(out).to.match(/"orders":|"quantity":"2"/)
    })
  }

  it('shows nothing else that is typed', () => {
    expect(named?.text.match(/\w+(?==)/g)).to.deep.equal(Object.keys(environment))
    const others = typed.filter(each => each !== pair && each !== named)
    const run = samples.map(([fence]) => fence).filter(fence => /^(sh|bash)/.test(fence))
    expect(others.map(({ language }) => language).sort()).to.deep.equal(run.sort())
  })

  it('lists every code and its reason, and no other', () => {
    const rows = [...page.matchAll(/^\| (\d{5}) \| ([A-Z_]+) \|/gm)].map(([, code, reason]) => [reason, Number(code)])
    expect(Object.fromEntries(rows)).to.deep.equal(refusals)
  })

  it('shows a declaration of methods as clients.json takes it', () => {
    const clients = parseClients(
      { apis: [JSON.parse(sample('json'))], clients: [] },
      { local: false, production: true },
    )
    expect([...clients.methods.keys()]).to.deep.equal(['private/create-order'])
  })
})
