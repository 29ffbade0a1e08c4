import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { invitations } from '../../src/clients/invitations.ts'
import { registrationsDeclaration } from '../../src/clients/registrations.ts'
import { storedApps } from '../../src/clients/stored-apps.ts'
import { appsInvite, appsList, appsRemove } from '../../src/commands/apps-command.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'
import { within } from '../support/cli.ts'
import { type Database, testDatabase } from '../support/store.ts'

describe('latchkey apps', () => {
  let folder: string
  let environment: Record<string, string>
  let store: Store
  let database: Database
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-clients-'))
    const file = join(folder, 'clients.json')
    const {
      clients: [declared],
    } = JSON.parse(readFileSync('clients.json', 'utf8'))
    Object.assign(declared, { apis: {} })
    writeFileSync(file, JSON.stringify({ apis: [], clients: [declared], policies: [{ policy: 'partner' }] }))
    database = testDatabase(folder)
    const url = database.url
    environment = { LATCHKEY_STORE: url, LATCHKEY_CLIENTS: file }
    store = await openStore(url, { now: Date.now, sweep: false })
  })
  after(async () => {
    await store.close()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const commands = { invite: appsInvite, list: appsList, remove: appsRemove }
  const invited = () => invitations({ store, now: Date.now })
  const run = (...words: string[]) => within(commands, words, environment)
  const recorded = async () => {
    const names: string[] = []
    for await (const entry of ledger({ store }).entries()) names.push((entry as { name: string }).name)
    return names
  }

  it('invites: the token once, and what became of it', async () => {
    const { code, out, err } = await run('invite', '--policy', 'partner', '--uses', '3', '--expires', '2')
    expect(code).to.equal(0)
    expect(out).to.match(/^[\w-]{43}\n$/)
    expect(err).to.match(/^For 3 under partner, until \d{4}-\d\d-\d\d; revoke it by its id, [0-9a-f]{64}: /)
    const found = await invited().find(out.trim())
    expect(found).to.include({ policy: 'partner', uses: 3 })
    expect(found?.until).to.be.closeTo(Date.now() + 2 * 86_400_000, 60_000)
    expect(await recorded()).to.include('client.invited')
  })

  it('invites one, for a week, as a third party unless told', async () => {
    const { out } = await run('invite')
    expect(await invited().find(out.trim())).to.include({ policy: 'third-party', uses: 1 })
  })

  it('invites under no policy that there is not, nor without end', async () => {
    for (const [words, told] of [
      [['--policy', 'nobody'], 'There is no policy nobody'],
      [['--uses', '0'], '--uses must be a whole number from 1 to 10000.'],
      [['--uses', '1e3'], '--uses must be'],
      [['--expires', '366'], '--expires must be a whole number from 1 to 365.'],
    ] as const) {
      const { code, out, err } = await run('invite', ...words)
      expect([code, out]).to.deep.equal([2, ''])
      expect(err).to.include(told)
    }
  })

  it('lists and removes who registered, and withdraws invitations', async () => {
    const metadata = { client_name: 'Shop', redirect_uris: ['https://shop.example/callback'] }
    const kept = store.collection(registrationsDeclaration)
    for (const id of ['app_1', 'app_2'])
      await kept.insert({ id, policy: 'partner', metadata: metadata as never, registeredAt: Date.UTC(2026, 0, 2) })
    const made = {
      id: 'shop',
      template: 'web',
      entry: { client_name: 'Our shop' },
      createdAt: Date.UTC(2026, 0, 3),
      rev: 0,
    }
    for (const [id, off] of [
      ['shop', {}],
      ['till', { disabledAt: 1 }],
    ] as const)
      await storedApps(store).add({ ...made, template: 'web', id, ...off })
    const { err } = await run('invite')
    const invitation = /[0-9a-f]{64}/.exec(err)?.[0] ?? ''
    const { out } = await run('list')
    expect(out).to.include('trading\tfile\tTrading\t\t\nshop\tstore\tOur shop\t\t2026-01-03\ntill\tstore:disabled\t')
    expect(out).to.include('app_1\tregistered:partner\tShop\tshop.example\t2026-01-02\napp_2\t')
    expect(out).to.include(`${invitation}\tinvitation:third-party\tinvitation for 1\t`)
    const rows = JSON.parse((await run('list', '--json')).out)
    expect(rows.filter(({ source }: { source: string }) => !source.startsWith('store')).slice(0, 2)).to.deep.equal([
      { id: 'trading', source: 'file', name: 'Trading', host: '' },
      { id: 'app_1', source: 'registered:partner', name: 'Shop', host: 'shop.example', at: Date.UTC(2026, 0, 2) },
    ])
    for (const id of ['app_1', invitation]) expect((await run('remove', id)).code).to.equal(0)
    const left = (await run('list')).out
    expect(left).to.include('app_2').and.not.include('app_1').and.not.include(invitation)
    expect(await recorded()).to.include.members(['app.removed', 'invitation.revoked'])
    const revoked = (await invited().get(invitation)) ?? expect.fail(invitation)
    expect(invited().stateOf(revoked)).to.equal('revoked')
    expect((await run('remove', invitation)).err).to.include('not open any more')
    for (const words of [['app_1'], [], ['app_2', 'app_3']]) expect((await run('remove', ...words)).code).to.equal(2)
  })

  it('lists apps that show client certificates, where those are accepted', async () => {
    const clients = join(folder, 'bound.json')
    const bound = {
      ...{ client_id: 'bound', client_name: 'Bound', grant_types: ['client_credentials'] },
      ...{ token_endpoint_auth_method: 'client_secret_basic', client_secret: 'bound-development-only-secret-0001' },
      tls_client_certificate_bound_access_tokens: true,
    }
    writeFileSync(clients, JSON.stringify({ apis: [], clients: [bound] }))
    const accepting = {
      ...{
        LATCHKEY_CLIENTS: clients,
        LATCHKEY_MTLS_URL: 'https://127.0.0.1:3443',
        LATCHKEY_MTLS_HEADER: 'client-cert',
      },
      LATCHKEY_TRUST_PROXY: '127.0.0.1',
    }
    const { code, out, err } = await within(commands, ['list'], { ...environment, ...accepting })
    expect([code, err]).to.deep.equal([0, ''])
    expect(out).to.include('bound\tfile\tBound\t')
  })

  it('tells what is wrong with clients.json', async () => {
    const faulty = { ...environment, LATCHKEY_CLIENTS: join(folder, 'nowhere.json') }
    const { code, err } = await within(commands, ['list'], faulty)
    expect(code).to.equal(2)
    expect(err).to.include('cannot be read (ENOENT)')
  })
})
