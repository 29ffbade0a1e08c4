import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { adminScopes } from '../../src/accounts/role.ts'
import { problems } from '../../src/errors.ts'
import { adminApiServed } from '../support/admin-api.ts'

const run = promisify(execFile)
const page = readFileSync('docs/admin-api.md', 'utf8')

describe('docs/admin-api.md', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  before(async () => {
    here = await adminApiServed()
  })
  after(() => here.stop())

  it('shows commands that work, one after the other', async () => {
    const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? '')
    expect(blocks).to.have.lengthOf(5)
    const script = blocks.map(block => `${block}\necho; echo "-- next"`).join('\n')
    const env = {
      ...{ PATH: process.env.PATH, ISSUER: here.issuer },
      ...{ CLIENT_ID: 'robot', CLIENT_SECRET: 'robot-secret-of-thirty-two-characters' },
    }
    const { stdout } = await run('bash', ['-euc', script], { env })
    const [document, , people, created, rotated] = stdout
      .split('-- next')
      .map(each => (each.trim().startsWith('{') ? JSON.parse(each) : each.trim()))
    expect(document.openapi).to.equal('3.1.0')
    expect(people).to.deep.equal({ people: [] })
    expect(created.app).to.include({ client_id: 'night-shift', source: 'store' })
    expect(created.secret).to.match(/^[\w-]{43}$/)
    expect(rotated.secret)
      .to.match(/^[\w-]{43}$/)
      .and.not.to.equal(created.secret)
    here.latchkey.keepOut(created.secret, rotated.secret)
  })

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
