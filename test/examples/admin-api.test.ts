import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { adminScopes } from '../../src/accounts/role.ts'
import { problems } from '../../src/errors.ts'
import { adminApiServed } from '../support/admin-api.ts'

const run = promisify(execFile)
const page = readFileSync('docs/admin-api.md', 'utf8')
/** What its commands are made of. */
const here = ['curl --version', 'openssl version'].every(command => spawnSync('bash', ['-c', command]).status === 0)

if (!here) console.log('  skipped: the commands of docs/admin-api.md, because there is no curl or no openssl')
else describe('the commands of docs/admin-api.md', commandsWork)

function commandsWork(): void {
  let served: Awaited<ReturnType<typeof adminApiServed>>
  before(async () => {
    served = await adminApiServed()
  })
  after(() => served.stop())

  it('work, one after the other', async () => {
    const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? '')
    expect(blocks).to.have.lengthOf(6)
    const script = blocks.map(block => `${block}\necho; echo "-- next"`).join('\n')
    const env = {
      ...{ PATH: process.env.PATH, ISSUER: served.issuer },
      ...{ CLIENT_ID: 'robot', CLIENT_SECRET: 'robot-secret-of-thirty-two-characters' },
    }
    const { stdout } = await run('bash', ['-euc', script], { env })
    const [document, , people, created, rotated, invited] = stdout
      .split('-- next')
      .map(each => (each.trim().startsWith('{') ? JSON.parse(each) : each.trim()))
    expect(document.openapi).to.equal('3.1.0')
    expect(people).to.deep.equal({ people: [] })
    expect(created.app).to.include({ client_id: 'night-shift', source: 'store' })
    expect(created.secret).to.match(/^[\w-]{43}$/)
    expect(rotated.secret)
      .to.match(/^[\w-]{43}$/)
      .and.not.to.equal(created.secret)
    expect(invited.invitation).to.include({ policy: 'third-party', uses: 3, state: 'open' })
    served.latchkey.keepOut(created.secret, rotated.secret, invited.token)
  })
}

describe('docs/admin-api.md', () => {
  it('names codes, statuses and scopes as they are', () => {
    const rows = [...page.matchAll(/^\| (`.*?) \| ([\d, ]+) \|/gm)]
    expect(rows.length).to.be.greaterThan(8)
    for (const [, names = '', statuses = ''] of rows) {
      const codes = [...names.matchAll(/`(\w+)`/g)].map(([, code]) => code as keyof typeof problems)
      const told = statuses.split(', ').map(Number)
      for (const [at, code] of codes.entries()) expect(problems[code], code).to.equal(told[at] ?? told[0])
    }
    for (const [, scope] of page.matchAll(/`(admin:[\w.]+)`/g)) expect(adminScopes).to.include(scope)
  })
})
