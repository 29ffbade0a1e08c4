import { expect } from 'chai'
import { appFieldNames } from '../../src/clients/app-fields.ts'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { asService } from '../support/keeping-apps.ts'
import { usePasskey } from '../support/security.ts'

describe('apps in the staff area', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let ada: Member
  before(async () => {
    here = await adminApiServed()
    ada = await here.member('admin')
  })
  after(() => here.stop())

  const open = async ({ person, device }: Member, path: string) => {
    const page = await person.browser.get(`${here.issuer}${path}`)
    return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
  }
  const works = (id: string, secret: string | undefined) =>
    asService(here.issuer, id, secret, { resource: here.other, scope: 'read' })
  const details = (name: string) => ({
    ...{ template: 'service', client_name: name, apis: `${here.other} read`, reason: 'For the night' },
  })
  const secretOn = (page: Awaited<ReturnType<typeof open>>) => {
    const secret = page.find('[data-client-secret]')?.text ?? expect.fail(page.text)
    here.latchkey.keepOut(secret)
    return secret
  }
  const made = async (name: string) => secretOn(await (await open(ada, '/admin/new-app')).submit(details(name)))

  it('are listed, each with where it is declared', async () => {
    await made('Listed')
    const page = await open(ada, '/admin/apps')
    expect(page.status).to.equal(200)
    expect(page.text).to.include('Configuration file').and.to.include('Staff area')
    expect((await open(ada, '/admin/apps/robot')).find('[data-source]')?.attributes['data-source']).to.equal('file')
  })

  it('are made from a template, and their secret is shown once', async () => {
    const secret = await made('Night shift')
    expect(await works('night-shift', secret)).to.include({ status: 200 })
    const page = await open(ada, '/admin/apps/night-shift')
    expect(page.h1).to.equal('Night shift')
    expect(page.text).not.to.include(secret)
  })

  it('are checked by the rules of clients.json, beside the field, and nothing typed is lost', async () => {
    const form = await open(ada, '/admin/new-app')
    const typed = { ...details('Shop'), template: 'web', redirect_uris: 'https://shop.example/\nhttp://shop.example/' }
    const page = await form.submit(typed)
    expect(page.status).to.equal(422)
    expect(page.find('#redirect_uris-error')?.text).to.include('http://shop.example/')
    expect(page.find('#redirect_uris')?.text).to.include('https://shop.example/')
    expect(page.find('#client_name')?.attributes.value).to.equal('Shop')
    const again = await page.submit({ ...typed, redirect_uris: 'https://shop.example/' })
    secretOn(again)
    const unexplained = await form.submit({ ...details('Other'), reason: ' ' })
    expect([unexplained.status, unexplained.find('#reason-error') !== undefined]).to.deep.equal([422, true])
    for (const apis of ['__proto__ read', 'constructor read', 'read', '']) {
      const form = await open(ada, '/admin/new-app')
      const odd = await ada.person.browser.post(form.url, { ...details('Odd one'), apis })
      expect([200, 422], apis).to.include(odd.status)
    }
  })

  it('are checked while they are typed, by those who may save them, and nothing comes of it', async () => {
    const url = `${here.issuer}/admin/new-app/check`
    await made('Typed')
    const { apis: _, ...half } = details('Half')
    const typed = { ...half, template: 'web', redirect_uris: 'http://half.example/ x' }
    const { faults } = (await ada.person.browser.post(url, typed)).json() as { faults: { field: string }[] }
    expect(faults.map(each => each.field)).to.deep.equal(['redirect_uris'])
    const sound = await ada.person.browser.post(url, { ...typed, redirect_uris: 'https://half.example/' })
    expect(sound.json()).to.deep.equal({ faults: [] })
    expect((await open(ada, '/admin/apps/half')).status).to.equal(404)
    expect((await ada.person.browser.post(url, { ...typed, template: 'constructor' })).status).to.equal(400)
    expect((await ada.person.browser.post(`${here.issuer}/admin/apps/robot/check`, typed)).status).to.equal(404)
    for (const path of [url, `${here.issuer}/admin/apps/typed/check`]) {
      for (const role of ['viewer', 'support', 'security'] as const) {
        const who = await here.member(role)
        expect((await who.person.browser.post(path, typed)).status, `${path} ${role}`).to.equal(403)
      }
      expect((await (await here.member()).person.browser.post(path, typed)).status, path).to.equal(404)
      expect((await ada.person.browser.post(path, typed)).status, path).to.equal(200)
    }
    const evil = { from: 'https://evil.example' }
    expect((await ada.person.browser.post(url, typed, evil)).status).to.equal(403)
  })

  it('are checked while they are typed only as long as their page opens without the passkey', async () => {
    const late = await here.member('admin')
    await made('Late shift')
    await open(late, '/admin/apps')
    const typed = { ...details('Late'), template: 'web', redirect_uris: 'https://late.example/' }
    const checks = ['/admin/new-app/check', '/admin/apps/late-shift/check', '/admin/apps/nobody/check']
    const answers = () =>
      Promise.all(checks.map(async each => (await late.person.browser.post(`${here.issuer}${each}`, typed)).status))
    expect(await answers()).to.deep.equal([200, 200, 404])
    here.latchkey.clock.pass(61 * 60_000)
    expect(await answers(), 'an app’s id is no more told than its page').to.deep.equal([401, 401, 401])
    await open(late, '/admin/apps')
    expect(await answers()).to.deep.equal([200, 200, 404])
  })

  it('are changed, disabled and enabled, each on a page that asks why', async () => {
    const secret = await made('Day shift')
    const form = await open(ada, '/admin/apps/day-shift/change')
    const changed = await form.submit({ client_name: 'Day and night', apis: `${here.other} read`, reason: 'Longer' })
    expect([changed.h1, changed.text.includes('The app was changed.')]).to.deep.equal(['Day and night', true])
    const asked = await open(ada, '/admin/apps/day-shift/disable')
    expect(asked.find('[data-confirm]')).not.to.equal(undefined)
    expect(asked.find('[data-cancel]')?.attributes.href).to.equal('/admin/apps/day-shift')
    expect(await works('day-shift', secret)).to.include({ status: 200 })
    const off = await asked.submit({ reason: 'Leaked' })
    expect(off.text).to.include('The app is disabled.')
    expect(await works('day-shift', secret)).to.include({ status: 401 })
    await (await open(ada, '/admin/apps/day-shift/enable')).submit({ reason: 'False alarm' })
    expect(await works('day-shift', secret)).to.include({ status: 200 })
  })

  it('keep what the form shows of them when it is saved as it is', async () => {
    const app = await here.asService('robot', ['admin:apps.write', 'admin:apps.read'])
    const said = {
      ...{ client_name: 'Kept', redirect_uris: ['https://kept.example/'], scope: 'openid email', roles: ['trader'] },
      ...{ post_logout_redirect_uris: ['https://kept.example/bye'], backchannel_logout_uri: 'https://kept.example/b' },
      ...{ apis: { [here.other]: ['read'] }, claims: { groups: { from: 'roles', in: ['id_token'] } } },
    }
    await here.ask(app, 'POST', '/apps', { body: { ...said, template: 'web', reason: 'Night' } })
    const form = await open(ada, '/admin/apps/kept/change')
    for (const name of appFieldNames) expect(form.all(`[name=${name}]`), name).not.to.have.length(0)
    await form.submit({ reason: 'Nothing new' })
    expect((await here.ask(app, 'GET', '/apps/kept')).body).to.deep.include(said)
  })

  it('get a new secret on a page that asks first, and the old one works for as long as was said', async () => {
    const first = await made('Rotating')
    const asked = await open(ada, '/admin/apps/rotating/rotate')
    expect(asked.find('[data-confirm]')?.text).to.equal('Rotate')
    const second = secretOn(await asked.submit({ hours: '2', reason: 'Yearly' }))
    for (const each of [first, second]) expect(await works('rotating', each)).to.include({ status: 200 })
    const leaked = await (await open(ada, '/admin/apps/rotating/rotate')).submit({ hours: '0', reason: 'Leaked' })
    const third = secretOn(leaked)
    for (const each of [first, second]) expect(await works('rotating', each)).to.include({ status: 401 })
    expect(await works('rotating', third)).to.include({ status: 200 })
    const wrong = await (await open(ada, '/admin/apps/rotating/rotate')).submit({ hours: '9999', reason: 'x' })
    expect(wrong.status).to.be.oneOf([400, 422])
  })

  it('are shown with how much they are used', async () => {
    await here.asService('robot')
    await here.latchkey.sweep()
    const page = await open(ada, '/admin/apps/robot')
    expect(page.find('[data-usage=day]')?.text).to.match(/Tokens issued: [1-9]/)
    const { body } = await here.ask(await here.asService('robot', ['admin:apps.read']), 'GET', '/apps/robot/usage')
    expect(body.usage.map(({ period }: { period: string }) => period)).to.deep.equal(['day', 'week', 'quarter'])
    expect(body.usage[2]).to.include({ signIns: 0 }).and.to.have.property('tokens').above(0)
  })

  it('of the file are shown and not changed', async () => {
    const page = await open(ada, '/admin/apps/robot')
    expect(page.all('a').map(each => each.attributes.href)).not.to.include('/admin/apps/robot/rotate')
    for (const act of ['change', 'rotate', 'disable'])
      expect((await open(ada, `/admin/apps/robot/${act}`)).status, act).to.equal(404)
    const posted = await ada.person.browser.post(`${here.issuer}/admin/apps/robot/disable`, { reason: 'x' })
    expect(posted.status).to.equal(404)
  })

  for (const role of ['viewer', 'support', 'security'] as const)
    it(`can be looked at by ${role}, and by nobody below admin changed`, async () => {
      const who = await here.member(role)
      expect((await open(who, '/admin/apps')).status).to.equal(200)
      expect((await open(who, '/admin/apps')).text).not.to.include('New app')
      for (const path of ['/admin/new-app', '/admin/apps/listed/rotate', '/admin/apps/listed/disable'])
        expect((await open(who, path)).status, path).to.be.oneOf([403, 404])
      for (const path of ['/admin/new-app', '/admin/apps/listed/rotate', '/admin/apps/listed/disable']) {
        const posted = await who.person.browser.post(`${here.issuer}${path}`, { ...details('Mine'), hours: '1' })
        expect(posted.status, path).to.be.oneOf([403, 404])
      }
      expect((await open(ada, '/admin/apps/mine')).status).to.equal(404)
    })

  it('are nothing to people who are not of the staff', async () => {
    const who = await here.member()
    for (const path of ['/admin/apps', '/admin/apps/robot', '/admin/new-app'])
      expect((await who.person.browser.get(`${here.issuer}${path}`)).status, path).to.equal(404)
    const posted = await who.person.browser.post(`${here.issuer}/admin/new-app`, details('Mine'))
    expect(posted.status).to.equal(404)
  })
})
