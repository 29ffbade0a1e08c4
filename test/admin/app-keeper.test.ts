import { expect } from 'chai'
import { parseClients } from '../../src/clients/declared.ts'
import { registrationsDeclaration } from '../../src/clients/registrations.ts'
import { storedAppsDeclaration } from '../../src/clients/stored-apps.ts'
import { Problem } from '../../src/errors.ts'
import { asService, keeping, wishes } from '../support/keeping-apps.ts'
import { browser, declared, type Running, running, trading, wallet } from '../support/provider.ts'

const hour = 3_600_000
const service = () => wishes({ client_name: 'Night shift', apis: { [wallet]: ['read'] } })

describe('apps that staff keep', () => {
  let latchkey: Running
  let ahead: number
  let keeper: ReturnType<typeof keeping>
  beforeEach(async () => {
    latchkey = await running()
    ahead = 0
    keeper = keeping(latchkey, () => Date.now() + ahead)
  })
  afterEach(() => latchkey.close())

  const problem = async (promise: Promise<unknown>): Promise<Problem> => {
    const fault = await promise.then(
      () => undefined,
      (fault: unknown) => fault,
    )
    expect(fault).to.be.instanceOf(Problem)
    return fault as Problem
  }
  const asked = (id: string, secret: string | undefined) =>
    asService(latchkey.issuer, id, secret, { resource: wallet, scope: 'read' })

  it('get tokens at once, in a process that was running before, with the secret that is told once', async () => {
    expect(await asked('night-shift', 'x'.repeat(43))).to.include({ status: 401 })
    const { app, secret } = await keeper.create('service', undefined, service())
    expect(app).to.include({ client_id: 'night-shift', source: 'store', template: 'service' })
    expect(secret).to.match(/^[\w-]{43}$/)
    expect(await asked('night-shift', secret)).to.include({ status: 200 })
    expect(await asked('night-shift', `${secret}x`)).to.include({ status: 401, error: 'invalid_client' })
    const stored = JSON.stringify(await latchkey.store.collection(storedAppsDeclaration).get('night-shift'))
    expect(stored).not.to.contain(secret)
    expect(await keeper.one('night-shift')).not.to.have.property('secret')
  })

  it('may ask for what staff gave them, and for nothing else', async () => {
    const { secret } = await keeper.create('service', 'night', service())
    const more = (more: object) => asService(latchkey.issuer, 'night', secret, more)
    expect(await more({ resource: trading, scope: 'read' })).to.include({ status: 400, error: 'invalid_target' })
    expect(await more({ resource: wallet, scope: 'transfer' })).not.to.have.property('scope')
    await keeper.change('night', { ...service(), apis: { [trading]: ['read'] } })
    expect(await more({ resource: trading, scope: 'read' })).to.include({ status: 200 })
    expect(await asked('night', secret)).to.include({ error: 'invalid_target' })
  })

  it('are signed in to by people, who are asked first, with the redirect URIs that staff entered', async () => {
    const asked: string[] = []
    latchkey.meet = async (ctx, { interactions }) => {
      const { prompt } = await interactions.details(ctx)
      asked.push(prompt)
      await (prompt === 'consent' ? interactions.consent(ctx) : interactions.finish(ctx, latchkey.proof))
    }
    const callback = `${latchkey.issuer.replace('127.0.0.1', 'localhost')}/news/callback`
    await keeper.create('spa', 'news', wishes({ redirect_uris: [callback] }))
    const authorize = (redirect_uri: string) =>
      browser().get(
        `${latchkey.issuer}/authorize?${new URLSearchParams({
          ...{ client_id: 'news', response_type: 'code', scope: 'openid', redirect_uri },
          ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
        })}`,
      )
    expect((await authorize(callback)).url).to.match(/\/news\/callback\?code=/)
    expect(asked).to.deep.equal(['login', 'consent'])
    expect((await authorize(`${callback}/elsewhere`)).status).to.equal(400)
  })

  it('take the former secret for as long as staff said, and then the new one alone', async () => {
    const { secret: first } = await keeper.create('service', 'night', service())
    const { secret: second, app } = await keeper.rotate('night', 24)
    expect(app.formerUntil).to.be.closeTo(Date.now() + 24 * hour, 60_000)
    expect(second).not.to.equal(first)
    expect(await asked('night', first)).to.include({ status: 200 })
    expect(await asked('night', second)).to.include({ status: 200 })
    latchkey.pass(25 * hour)
    ahead = 25 * hour
    expect(await asked('night', first)).to.include({ status: 401 })
    expect(await asked('night', second)).to.include({ status: 200 })
    expect(await keeper.one('night')).to.include({ formerUntil: undefined })
  })

  it('take the former secret no longer where it leaked, nor the one before it', async () => {
    const { secret: first } = await keeper.create('service', 'night', service())
    const { secret: second } = await keeper.rotate('night', 24)
    const { secret: third } = await keeper.rotate('night', 24)
    expect(await asked('night', first)).to.include({ status: 401 })
    expect(await asked('night', second)).to.include({ status: 200 })
    const { secret: fourth } = await keeper.rotate('night', 0)
    for (const former of [second, third]) expect(await asked('night', former)).to.include({ status: 401 })
    expect(await asked('night', fourth)).to.include({ status: 200 })
  })

  it('rotate once for each of two who rotate at once, so that one of both secrets counts and the other is the former', async () => {
    await keeper.create('service', 'night', service())
    const [one, other] = await Promise.all([keeper.rotate('night', 1), keeper.rotate('night', 1)])
    for (const { secret } of [one, other]) expect(await asked('night', secret)).to.include({ status: 200 })
  })

  it('are unknown while they are off, and as before when they are on again', async () => {
    const { secret } = await keeper.create('service', 'night', service())
    expect(await asked('night', secret)).to.include({ status: 200 })
    const off = await keeper.disable('night', true)
    expect(off.disabledAt).to.be.closeTo(Date.now(), 60_000)
    expect(await asked('night', secret)).to.include({ status: 401 })
    expect(await latchkey.clients.app('night')).to.equal(undefined)
    await keeper.disable('night', false)
    expect(await asked('night', secret)).to.include({ status: 200 })
  })

  it('ask for less once the file declares an API no more', async () => {
    const apis = { [wallet]: ['read', 'transfer'], [trading]: ['read'] }
    const { secret } = await keeper.create('service', 'night', { ...service(), apis })
    const file = declared(latchkey.issuer) as { clients: object[] }
    const narrow = { apis: [{ resource: wallet, name: 'Wallet', scopes: ['read'] }], clients: [] }
    await latchkey.oidc.declare(parseClients({ ...file, ...narrow }, { local: true, production: false }))
    const more = (more: object) => asService(latchkey.issuer, 'night', secret, more)
    expect(await more({ resource: wallet, scope: 'read' })).to.include({ status: 200, scope: 'read' })
    expect(await more({ resource: wallet, scope: 'transfer' })).not.to.have.property('scope')
    expect(await more({ resource: trading, scope: 'read' })).to.include({ error: 'invalid_target' })
  })

  const refused: [string, object, string, string][] = [
    ['no name', { client_name: '' }, 'client_name', 'invalid_app_name'],
    ['no redirect URI', {}, 'redirect_uris', 'uri_missing'],
    ['a wildcard', { redirect_uris: ['https://*.example/'] }, 'redirect_uris', 'uri_malformed'],
    ['plain http', { redirect_uris: ['https://a.example/', 'http://a.example/'] }, 'redirect_uris', 'uri_not_https'],
    ['a scheme of its own', { redirect_uris: ['com.example.app:/'] }, 'redirect_uris', 'uri_own_scheme'],
    ['an API that is not there', { redirect_uris: ['https://a.example/'], apis: { x: ['y'] } }, 'apis', 'invalid_app'],
    ['a scope that is not there', { redirect_uris: ['https://a.example/'], scope: 'root' }, 'scope', 'invalid_app'],
  ]
  for (const [what, more, field, code] of refused)
    it(`are not made with ${what}`, async () => {
      const fault = await problem(keeper.create('web', 'news', wishes(more)))
      expect(fault).to.include({ code, field })
      expect(await latchkey.clients.app('news')).to.equal(undefined)
    })

  it('do not lead people back to this server, where they would take what they see for its own', async () => {
    const fault = await problem(keeper.create('web', 'news', wishes({ redirect_uris: [`${latchkey.issuer}/account`] })))
    expect(fault).to.include({ code: 'uri_leads_astray', field: 'redirect_uris' })
    expect(fault.values).to.deep.equal({ uri: `${latchkey.issuer}/account` })
  })

  it('take no id of another app, whatever its source, of two at once either', async () => {
    expect(await problem(keeper.create('service', 'trading', service()))).to.include({ code: 'app_id_taken' })
    expect(await problem(keeper.create('service', 'app_x', service()))).to.include({ code: 'invalid_app_id' })
    expect(await problem(keeper.create('service', 'No', service()))).to.include({ code: 'invalid_app_id' })
    const both = await Promise.allSettled([1, 2].map(() => keeper.create('service', 'night', service())))
    expect(both.map(each => each.status).sort()).to.deep.equal(['fulfilled', 'rejected'])
  })

  it('are the only ones that staff change: what registered is only disabled and removed, and the file stays as it is', async () => {
    await latchkey.store.collection(registrationsDeclaration).insert(registered('app_guest'))
    for (const id of ['trading', 'app_guest', 'nobody']) {
      expect(await problem(keeper.rotate(id, 1))).to.include({ code: 'not_found' })
      if (id !== 'app_guest') expect(await problem(keeper.disable(id, true))).to.include({ code: 'not_found' })
      if (id !== 'app_guest') expect(await problem(keeper.remove(id))).to.include({ code: 'not_found' })
      expect(await problem(keeper.change(id, service()))).to.include({ code: 'not_found' })
    }
    expect(await problem(keeper.one('nobody'))).to.include({ code: 'not_found' })
    expect((await keeper.disable('app_guest', true)).disabledAt).to.be.a('number')
    expect((await keeper.disable('app_guest', false)).disabledAt).to.equal(undefined)
    await keeper.create('service', 'night', service())
    expect(await problem(keeper.remove('night'))).to.include({ code: 'not_found' })
    await keeper.remove('app_guest')
    for (const act of [() => keeper.one('app_guest'), () => keeper.remove('app_guest')])
      expect(await problem(act())).to.include({ code: 'not_found' })
    expect(await problem(keeper.disable('app_guest', true))).to.include({ code: 'not_found' })
  })

  it('have no secret where their kind keeps none', async () => {
    const { secret } = await keeper.create('native', 'phone', wishes({ redirect_uris: ['com.example.app:/'] }))
    expect(secret).to.equal(undefined)
    expect(await problem(keeper.rotate('phone', 1))).to.include({ code: 'app_without_secret' })
  })

  it('give way to the file where that declares the same id later', async () => {
    const { secret } = await keeper.create('service', 'night', service())
    const file = declared(latchkey.issuer) as { clients: Record<string, unknown>[] }
    const own = { ...file.clients.at(-1), client_id: 'night', client_secret: 'another-secret-of-thirty-two-characters' }
    await latchkey.oidc.declare(
      parseClients({ ...file, clients: [...file.clients, own] }, { local: true, production: false }),
    )
    expect(await asked('night', secret)).to.include({ status: 401 })
    expect(await asked('night', own.client_secret)).to.include({ status: 200 })
    expect(await keeper.one('night')).to.include({ source: 'file' })
    const { apps } = await keeper.list()
    expect(apps.filter(each => each.client_id === 'night')).to.have.lengthOf(1)
  })

  it('are listed by source and page, none twice and none left out', async () => {
    for (let n = 0; n < 60; n++) await keeper.create('service', `night-${n}`, service())
    for (let n = 0; n < 60; n++)
      await latchkey.store.collection(registrationsDeclaration).insert(registered(`app_${n}`))
    const seen: string[] = []
    const pages: number[] = []
    for (let after: string | undefined; ; ) {
      const { apps, next } = await keeper.list(after)
      seen.push(...apps.map(each => `${each.source}:${each.client_id}`))
      pages.push(apps.length)
      if (next === undefined) break
      after = next
    }
    expect(new Set(seen).size).to.equal(seen.length)
    expect(seen).to.have.lengthOf(125)
    expect(pages).to.deep.equal([50, 50, 25])
    expect(seen.slice(0, 5).every(each => each.startsWith('file:'))).to.equal(true)
  })
})

const registered = (id: string) => ({
  ...{ id, policy: 'third-party', registeredAt: 1 },
  metadata: { client_name: 'Guest', redirect_uris: ['https://guest.example/'] },
})
