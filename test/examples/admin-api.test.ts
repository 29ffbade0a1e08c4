import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { adminScopes } from '../../src/accounts/role.ts'
import { invitations } from '../../src/clients/invitations.ts'
import { problems } from '../../src/errors.ts'
import { adminApiServed } from '../support/admin-api.ts'
import { pages, typedOn } from '../support/documented.ts'

const run = promisify(execFile)
const reference = 'docs/admin-api.md'
const page = readFileSync(reference, 'utf8')
/** What the commands are made of. */
const here = ['curl --version', 'openssl version'].every(command => spawnSync('bash', ['-c', command]).status === 0)

if (!here) console.log('  skipped: the commands of docs that call the API, because there is no curl or no openssl')
else describe('the commands of docs that call the API', commandsWork)

function commandsWork(): void {
  let served: Awaited<ReturnType<typeof adminApiServed>>
  let environment: Record<string, string>
  before(async () => {
    // The app and the attributes that docs/integrating.md declares.
    const [, declared = ''] =
      /```json\n(\{\n {2}"attributes"[\s\S]*?)```/.exec(readFileSync('docs/integrating.md', 'utf8')) ?? []
    const { attributes, clients } = JSON.parse(declared) as Record<string, object[]>
    served = await adminApiServed(() => clients ?? [], { LATCHKEY_REGISTRATION: 'token' }, attributes)
    const { store, clock } = served.latchkey
    const wish = { policy: 'third-party', uses: 1, until: clock.now() + 60_000 }
    const { bearer } = await invitations({ store, now: clock.now }).invite(wish)
    environment = {
      ...{ PATH: process.env.PATH ?? '', ISSUER: served.issuer, ACCOUNT: (await served.member()).account },
      ...{ CLIENT_ID: 'robot', CLIENT_SECRET: 'robot-secret-of-thirty-two-characters', INVITATION: bearer },
    }
  })
  after(() => served.stop())

  /** What each block prints, by its text. An answer that refuses is a failure. */
  const answers = async (of: string): Promise<string[]> => {
    const blocks = typedOn(of).api
    const script = blocks.map(({ text }) => `${text}\necho; echo "-- next"`)
    const strict = 'curl() { command curl --fail-with-body "$@"; }'
    // Each page names the scopes that its commands take; one page shows how a token has them.
    const scopes = [...new Set(readFileSync(of, 'utf8').match(/(?<=`)admin:[\w.]+(?=`)/g))].join(' ')
    const [token] = typedOn(reference).api.filter(({ text }) => text.startsWith('TOKEN='))
    const own = of === reference ? '' : (token?.text.replace(/scope='[^']*'/, `scope='${scopes}'`) ?? '')
    const typed = [strict, own, ...script].join('\n')
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', typed], { env: environment })
    const said = stdout.split('-- next\n').map(each => each.trim())
    expect(said).to.have.lengthOf(blocks.length + 1)
    return said
  }

  it(`work, one after the other (${reference})`, async () => {
    const [document = '', , people = '', created = '', rotated = '', invited = '', told = ''] = await answers(reference)
    expect(JSON.parse(document).openapi).to.equal('3.1.0')
    expect(JSON.parse(people)).to.deep.equal({ people: [] })
    const { app, secret } = JSON.parse(created)
    expect(app).to.include({ client_id: 'night-shift', source: 'store' })
    expect(secret).to.match(/^[\w-]{43}$/)
    const next = JSON.parse(rotated).secret
    expect(next)
      .to.match(/^[\w-]{43}$/)
      .and.not.to.equal(secret)
    const { invitation, token } = JSON.parse(invited)
    expect(invitation).to.include({ policy: 'third-party', uses: 3, state: 'open' })
    const broker = JSON.parse(told)
    expect(broker.app.claims).to.deep.equal({ groups: { from: 'roles', in: ['id_token'] } })
    served.latchkey.keepOut(secret, next, token, broker.secret)
  })

  for (const each of pages.filter(of => of !== reference && typedOn(of).api.length > 0))
    it(`work with a token as the page says (${each})`, async () => {
      const said = (await answers(each)).filter(answer => answer !== '')
      expect(said).to.not.deep.equal([])
      for (const answer of said) expect(answer).to.match(/^\{.*\}$/)
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
