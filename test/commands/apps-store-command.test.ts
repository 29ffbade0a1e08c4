import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AppField, appFieldNames, appFields } from '../../src/clients/app-fields.ts'
import { secretsOf, storedApps } from '../../src/clients/stored-apps.ts'
import {
  appsChange,
  appsCreate,
  appsDisable,
  appsEnable,
  appsRotate,
  appsShow,
} from '../../src/commands/apps-store-command.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { within } from '../support/cli.ts'
import { type Database, testDatabase } from '../support/store.ts'

const secret = 'a secret of these commands that is long enough'
const api = 'https://api.example.com/trading?v=1'

describe('latchkey apps of the store', () => {
  let folder: string
  let environment: Record<string, string>
  let store: Store
  let database: Database
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-apps-'))
    const file = join(folder, 'clients.json')
    const trading = {
      ...{ client_id: 'trading', client_name: 'Trading', token_endpoint_auth_method: 'none' },
      redirect_uris: ['https://trading.example.com/callback'],
    }
    const apis = [{ resource: api, name: 'Trading', scopes: ['read', 'trade'] }]
    const attributes = [{ attribute: 'kyc_tier', type: 'integer', name: 'Your tier' }, { attribute: 'remarks' }]
    writeFileSync(file, JSON.stringify({ attributes, apis, clients: [trading] }))
    database = testDatabase(folder)
    environment = { LATCHKEY_STORE: database.url, LATCHKEY_CLIENTS: file, LATCHKEY_SECRETS: secret }
    store = await openStore(database.url, { now: Date.now, sweep: false })
  })
  after(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const commands = {
    ...{
      create: appsCreate,
      change: appsChange,
      rotate: appsRotate,
      disable: appsDisable,
      enable: appsEnable,
      show: appsShow,
    },
  }
  const run = (...words: string[]) => within(commands, words, environment)
  const secrets = async (id: string) => {
    const app = (await storedApps(store).get(id)) ?? expect.fail(`there is no ${id}`)
    return secretsOf(app, sealer(keyring([secret])))
  }
  const recorded = async (name: string) => {
    const found: unknown[] = []
    for await (const entry of ledger({ store }).entries()) if (entry.name === name) found.push(entry.data)
    return found
  }
  const callback = ['--redirect-uri', 'https://night.example.com/callback']
  const made = async (name: string, ...more: string[]) =>
    JSON.parse((await run('create', name, '--template', 'web', ...callback, ...more, '--json')).out)

  it('creates one from a template, and prints its secret once', async () => {
    const words = ['create', 'Night shift', '--template', 'web', ...callback]
    const other = ['--redirect-uri', 'https://night.example.com/other', '--api', `${api}=read,trade`]
    const { code, out, err } = await run(...words, ...other, '--reason', 'Ticket 4711')
    expect([code, err]).to.deep.equal([0, 'The secret is not shown again.\n'])
    const [, told] = /^client_secret: (\S{43})$/m.exec(out) ?? expect.fail(out)
    expect(out).to.match(/^client_id: night-shift$/m)
    expect(out).to.include(`apis: ${api}=read,trade\n`)
    expect((await secrets('night-shift')).secret).to.equal(told)
    const app = await storedApps(store).get('night-shift')
    expect(app?.entry).to.deep.include({ apis: { [api]: ['read', 'trade'] } })
    expect(app?.entry.redirect_uris).to.deep.equal([callback[1], 'https://night.example.com/other'])
    expect(await recorded('app.created')).to.deep.equal([
      { app: 'night-shift', template: 'web', reason: 'Ticket 4711' },
    ])
    const seen = await run('show', 'night-shift')
    expect([seen.code, seen.out.includes(String(told))]).to.deep.equal([0, false])
    expect(seen.out)
      .to.match(/^source: store$/m)
      .and.to.match(/^created: \d{4}-\d\d-\d\dT/m)
  })

  it('creates one without a secret, and takes the id that is given', async () => {
    const { out, err } = await run('create', 'Shop', '--template', 'spa', '--id', 'shop-1', ...callback, '--json')
    const app = JSON.parse(out)
    expect([app.client_id, 'client_secret' in app, err]).to.deep.equal(['shop-1', false, ''])
  })

  it('creates one with all that the staff area and the admin API can say of one', async () => {
    const all: Record<AppField, string[]> = {
      ...{ client_name: [], redirect_uris: [callback[1] as string] },
      post_logout_redirect_uris: ['https://night.example.com/bye', 'https://night.example.com/ciao'],
      backchannel_logout_uri: ['https://night.example.com/ended'],
      ...{ scope: ['openid email'], apis: [`${api}=read,trade`], roles: ['trader', 'auditor'] },
      claims: ['tier = kyc_tier in id_token userinfo', 'groups=roles', 'kyc_tier'],
    }
    const options = appFieldNames.flatMap(name => all[name].flatMap(each => [`--${appFields[name].option[0]}`, each]))
    const { code, out, err } = await run('create', 'Full', '--template', 'web', ...options, '--json')
    expect([code, err]).to.deep.equal([0, 'The secret is not shown again.\n'])
    const app = await storedApps(store).get(JSON.parse(out).client_id)
    expect(app?.entry).to.deep.include({
      ...{ client_name: 'Full', scope: 'openid email', apis: { [api]: ['read', 'trade'] } },
      ...{ post_logout_redirect_uris: all.post_logout_redirect_uris, roles: ['trader', 'auditor'] },
      backchannel_logout_uri: 'https://night.example.com/ended',
      claims: {
        tier: { from: 'kyc_tier', in: ['id_token', 'userinfo'] },
        ...{ groups: { from: 'roles' }, kyc_tier: { from: 'kyc_tier' } },
      },
    })
    const seen = await run('show', 'full')
    expect(seen.out).to.include('claims: tier = kyc_tier in id_token userinfo; groups = roles; kyc_tier = kyc_tier\n')
    expect(seen.out).to.include('roles: trader auditor\n')
  })

  it('changes what is said, keeps the rest, and takes an empty text for none', async () => {
    const both = ['--role', 'trader', '--claim', 'groups = roles in id_token', '--api', `${api}=read`]
    const { client_secret: told } = await made('Changing', '--scope', 'openid', ...both)
    const { code, out } = await run('change', 'changing', '--name', 'Changed', '--role', 'auditor', '--reason', 'Why')
    expect([code, out.includes(told)]).to.deep.equal([0, false])
    const app = await storedApps(store).get('changing')
    expect(app?.entry).to.deep.include({
      ...{ client_name: 'Changed', roles: ['auditor'], scope: 'openid', apis: { [api]: ['read'] } },
      ...{ redirect_uris: [callback[1]], claims: { groups: { from: 'roles', in: ['id_token'] } } },
    })
    await run('change', 'changing', '--role', '', '--claim', '', '--api', '', '--scope', '')
    const bare = (await storedApps(store).get('changing'))?.entry
    expect(bare).to.deep.include({ roles: [], claims: {}, apis: {} }).and.not.have.property('scope')
    expect((await secrets('changing')).secret).to.equal(told)
    expect(await recorded('app.changed')).to.deep.equal([{ app: 'changing', reason: 'Why' }, { app: 'changing' }])
  })

  it('rotates a secret; the former one works for as long as was said', async () => {
    const { client_secret: first } = await made('Rotating')
    const second = JSON.parse((await run('rotate', 'rotating', '--hours', '2', '--json')).out).client_secret
    const { secret: current, former } = await secrets('rotating')
    expect([current, former?.secret]).to.deep.equal([second, first])
    expect(former?.until).to.be.closeTo(Date.now() + 2 * 3_600_000, 60_000)
    await run('rotate', 'rotating', '--hours', '0', '--reason', 'Leaked')
    expect((await secrets('rotating')).former).to.equal(undefined)
    expect(await recorded('app.rotated')).to.deep.equal([
      { app: 'rotating', hours: 2 },
      { app: 'rotating', hours: 0, reason: 'Leaked' },
    ])
  })

  it('disables one and enables it again', async () => {
    await made('Day shift')
    expect((await run('disable', 'day-shift')).out).to.match(/^disabled: \d{4}/m)
    expect((await storedApps(store).get('day-shift'))?.disabledAt).to.be.a('number')
    expect((await run('enable', 'day-shift')).out).to.not.include('disabled')
    expect((await storedApps(store).get('day-shift'))?.disabledAt).to.equal(undefined)
    expect(await recorded('app.disabled')).to.deep.equal([{ app: 'day-shift' }])
    expect(await recorded('app.enabled')).to.deep.equal([{ app: 'day-shift' }])
  })

  it('shows apps of clients.json, and changes none of them', async () => {
    expect(JSON.parse((await run('show', 'trading', '--json')).out)).to.include({
      source: 'file',
      client_id: 'trading',
    })
    for (const act of ['change', 'rotate', 'disable', 'enable']) {
      const { code, out, err } = await run(act, 'trading')
      expect([code, out], act).to.deep.equal([2, ''])
      expect(err).to.include('No app that can be changed here has the id trading')
    }
  })

  const web = ['create', 'Web', '--template', 'web', ...callback]
  const faults: [string, string[], string][] = [
    ['no name', ['create', '--template', 'web'], 'Give one name'],
    ['two names', ['create', 'Night', 'shift', '--template', 'web'], 'Give one name'],
    ['no template', ['create', 'Night'], '--template must be one of web, spa,'],
    [
      'an address that is not https',
      ['create', 'X', '--template', 'web', '--redirect-uri', 'http://a.example/'],
      'https',
    ],
    ['an id that is taken', [...web, '--id', 'trading'], 'give another one with --id'],
    ['an id of apps that register', [...web, '--id', 'app_1'], '--id must not begin'],
    ['an API that is unknown', [...web, '--api', 'https://nobody.example=read'], 'https://nobody.example'],
    ['an API without scopes', [...web, '--api', api.replace('?v=1', '')], 'must be RESOURCE=SCOPE,SCOPE'],
    ['an attribute that is unknown', [...web, '--claim', 'tier = nothing'], 'claims.tier: nothing is not declared'],
    ['an attribute that people are not asked by', [...web, '--claim', 'remarks'], 'remarks has no name'],
    ['a place that is none', [...web, '--role', 'a', '--claim', 'g = roles in mails'], 'claims.g.in'],
    ['a role that is no word', [...web, '--role', 'A role'], 'roles[0]'],
    ['a scope that is unknown', [...web, '--scope', 'openid read'], 'scope: read is not known'],
    ['one address of two', [...web, ...['a', 'b'].flatMap(a => ['--backchannel-logout-uri', a])], 'can be given once'],
    ['a change to an app that is not there', ['change', 'nobody', '--name', 'X'], 'has the id nobody'],
    ['a change that breaks the rules', ['change', 'night-shift', '--redirect-uri', ''], 'redirect_uris'],
    ['hours that are none', ['rotate', 'x', '--hours', '721'], '--hours must be a whole number from 1 to 720'],
    ['an app that is not there', ['show', 'nobody'], 'has the id nobody'],
  ]
  for (const [what, words, told] of faults)
    it(`refuses ${what}, and says why`, async () => {
      const before = (await storedApps(store).list()).length
      const { code, out, err } = await run(...words)
      expect([code, out]).to.deep.equal([2, ''])
      expect(err).to.include(told).and.to.not.include(' at ')
      expect((await storedApps(store).list()).length).to.equal(before)
    })

  it('refuses a new secret to an app that has none', async () => {
    await run('create', 'Phone', '--template', 'spa', ...callback)
    expect((await run('rotate', 'phone')).err).to.equal('phone is an app without a secret.')
  })
})
