import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { type KeyHolder, keyHolder } from '../support/key-holder.ts'
import { authenticatorCode, codeSentTo, signUp, somebody } from '../support/people.ts'
import { type Held, signRfc9421 } from '../support/signing.ts'

const minute = 60_000

describe('API keys', () => {
  let holder: KeyHolder
  before(async () => {
    holder = await keyHolder()
  })
  after(() => holder.latchkey.stop())

  it('stop at once when the key is revoked, and say so', async () => {
    const key = await holder.create({ name: 'Short-lived' })
    const asked = await (await holder.keysPage()).submit({}, { action: `${key.id}/revoke`, button: 'Revoke' })
    const revoked = await asked.submit({}, 'Revoke')
    expect(revoked.url).to.equal(`${holder.latchkey.issuer}/account/api-keys`)
    expect(revoked.text).to.not.contain(key.id)
    const question = signRfc9421(key, {}, { at: holder.at() })
    expect(await holder.verdict(question)).to.include({ active: false, code: 40106, reason: 'KEY_REVOKED' })
    expect(await holder.mails(/was revoked/)).to.have.length(1)
  })

  let rotated: { before: Held; after: Held }
  it('go on with the former secret for a day after a rotation', async () => {
    const before = await holder.create({ name: 'Rotating' })
    const page = await (await holder.keysPage()).submit({}, { action: `${before.id}/rotate`, button: 'Rotate' })
    const after = holder.shownOn(page)
    expect(after.id).to.equal(before.id)
    expect(after.secret).to.not.equal(before.secret)
    for (const each of [before, after])
      expect(await holder.verdict(signRfc9421(each, {}, { at: holder.at() }))).to.include({ active: true })
    expect(await holder.mails(/was rotated/)).to.have.length(1)
    rotated = { before, after }
  })

  it('ask for a fresh proof to make a key, and lose nothing of what was typed', async () => {
    const typed = {
      name: 'Later',
      scope: ['read', 'transfer'],
      addresses: '203.0.113.7\n2001:db8::/48',
      expires: '2099-12-31',
    }
    // Signed in with an emailed code, which is no second factor.
    const elsewhere = { ...holder.ada, browser: jar() }
    const start = await elsewhere.browser.get(`${holder.latchkey.issuer}/sign-in`)
    const second = await start.submit({ email: holder.ada.email, password: holder.ada.password })
    const mailed = await elsewhere.browser.post(`${second.url}/use`, { factor: 'email' })
    await mailed.submit({ code: await codeSentTo(holder.latchkey, holder.ada.email) })
    let page = await elsewhere.browser.get(`${holder.latchkey.issuer}/account/api-keys`)
    page = await page.submit(typed, 'Create key')
    expect(page.url).to.match(/\/sign-in\//)
    expect(page.text).to.contain('API key')
    page = await page.submit({ password: holder.ada.password })
    page = await page.submit({ code: authenticatorCode(holder.latchkey, holder.ada) })
    expect(page.url).to.match(/\/account\/api-keys\?draft=/)
    const [form] = page.forms.filter(each => each.action.endsWith('/account/api-keys'))
    expect(form?.fields.find(each => each.name === 'name')?.value).to.equal('Later')
    expect(form?.fields.find(each => each.name === 'addresses')?.value).to.equal(typed.addresses)
    expect(form?.fields.find(each => each.name === 'expires')?.value).to.equal('2099-12-31')
    const made = holder.shownOn(await page.submit({}, 'Create key'))
    const question = { ...signRfc9421(made, {}, { at: holder.at() }), scope: 'transfer' }
    expect(await holder.verdict({ ...question, address: '198.51.100.1' })).to.include({ active: false, code: 40103 })
    expect(await holder.verdict(question)).to.include({ active: false, code: 40103, reason: 'ADDRESS_NOT_ALLOWED' })
    expect(await holder.verdict({ ...question, address: '::ffff:203.0.113.7' })).to.include({ active: true })
  })

  it('say what is wrong with a key beside its field, and keep what was typed', async () => {
    const wrong: [Record<string, string | string[]>, string, RegExp][] = [
      [{ name: '', addresses: '192.0.2.1' }, 'name', /name/],
      [{ name: 'Bot', scope: ['transfer'] }, 'addresses', /IP addresses you list/],
      [{ name: 'Bot', addresses: '192.0.2.1 10.0.0.300' }, 'addresses', /10\.0\.0\.300/],
      [{ name: 'Bot', expires: '2020-01-01' }, 'expires', /today or a later day/],
      [{ name: 'Bot', public_key: 'my key' }, 'public_key', /Ed25519/],
    ]
    for (const [answers, field, text] of wrong) {
      const page = await (await holder.keysPage()).submit({ scope: ['read'], ...answers }, 'Create key')
      expect(page.status).to.equal(422)
      expect(page.alerts).to.have.length(1)
      expect(page.alerts[0]).to.match(text)
      const input = page.all('form.new-key input, form.new-key textarea').find(each => each.attributes.name === field)
      expect(input?.attributes['aria-invalid'], field).to.equal('true')
      const shown = page.forms.find(each => each.action.endsWith('/account/api-keys'))
      for (const [name, value] of Object.entries(answers).filter(([name]) => name !== 'scope'))
        expect(shown?.fields.find(each => each.name === name)?.value, name).to.equal(value)
    }
  })

  it('take a key pair of the owner’s own, whose private half nobody else sees', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const pem = String(publicKey.export({ format: 'pem', type: 'spki' }))
    const page = await (await holder.keysPage()).submit({ name: 'Pair', public_key: pem }, 'Create key')
    expect(page.find('[data-api-key-secret]')).to.equal(undefined)
    const id = page.find('[data-api-key-id]')?.text ?? ''
    const key = { id, secret: String(privateKey.export({ format: 'pem', type: 'pkcs8' })) }
    expect(await holder.verdict(signRfc9421(key, { body: 'x' }, { at: holder.at() }))).to.include({
      active: true,
      key_id: id,
    })
    expect(
      await holder.verdict(signRfc9421({ id, secret: pem.replaceAll('-', '') }, {}, { at: holder.at() })),
    ).to.include({
      active: false,
      code: 40107,
    })
    const other = generateKeyPairSync('ed25519')
    const next = String(other.publicKey.export({ format: 'pem', type: 'spki' }))
    const refused = await (await holder.keysPage()).submit({ public_key: 'none' }, { action: `${id}/rotate` })
    expect(refused.status).to.equal(422)
    await (await holder.keysPage()).submit({ public_key: next }, { action: `${id}/rotate` })
    const newer = { id, secret: String(other.privateKey.export({ format: 'pem', type: 'pkcs8' })) }
    for (const each of [key, newer])
      expect(await holder.verdict(signRfc9421(each, {}, { at: holder.at() }))).to.include({ active: true })
  })

  it('are renamed by their owner alone', async () => {
    const key = await holder.create({ name: 'Old name' })
    const page = await (await holder.keysPage()).submit({ name: 'New name' }, { action: `${key.id}/rename` })
    expect(page.text).to.contain('New name').and.to.not.contain('Old name')
    expect(await holder.mails(/was renamed/)).to.have.length(1)
    const empty = await page.submit({ name: ' ' }, { action: `${key.id}/rename` })
    expect(empty.status).to.equal(422)
    expect(empty.alerts).to.have.length(1)
    const eve = somebody()
    await signUp(holder.latchkey, eve, await eve.browser.get(`${holder.latchkey.issuer}/sign-up`))
    for (const act of ['rename', 'rotate', 'revoke']) {
      const theirs = `${holder.latchkey.issuer}/account/api-keys/${key.id}/${act}`
      expect((await eve.browser.post(theirs, { name: 'Mine' })).status, act).to.equal(404)
    }
    const stranger = await somebody().browser.post(`${holder.latchkey.issuer}/account/api-keys/${key.id}/revoke`)
    expect(stranger.status).to.equal(401)
    expect(await holder.verdict(signRfc9421(key, {}, { at: holder.at() }))).to.include({ active: true })
  })

  it('are limited to twenty keys an account', async () => {
    const hoarder = somebody()
    await signUp(holder.latchkey, hoarder, await hoarder.browser.get(`${holder.latchkey.issuer}/sign-up`))
    const open = () => hoarder.browser.get(`${holder.latchkey.issuer}/account/api-keys`)
    for (let each = 0; each < 20; each += 1) {
      const page = await hoarder.browser.post(`${holder.latchkey.issuer}/account/api-keys`, { name: `Key ${each}` })
      holder.latchkey.keepOut(page.find('[data-api-key-secret]')?.text ?? '')
    }
    const full = await open()
    expect(full.text).to.contain('20 keys')
    const more = await hoarder.browser.post(`${holder.latchkey.issuer}/account/api-keys`, { name: 'One more' })
    expect(more.status).to.equal(409)
    expect((await open()).all('.keys .line')).to.have.length(20)
  })

  it('ask again ten minutes after the proof, for making and for rotating, and not for revoking', async () => {
    const key = await holder.create({ name: 'Stale' })
    holder.latchkey.clock.pass(10 * minute)
    expect((await (await holder.keysPage()).submit({ name: 'Too late' }, 'Create key')).url).to.match(/\/sign-in\//)
    expect((await (await holder.keysPage()).submit({}, { action: `${key.id}/rotate` })).url).to.match(/\/sign-in\//)
    const asked = await (await holder.keysPage()).submit({}, { action: `${key.id}/revoke` })
    expect((await asked.submit({}, 'Revoke')).url).to.match(/\/account\/api-keys$/)
  })

  it('end with the last day of their key, and with the overlap of a rotation', async () => {
    holder.latchkey.clock.pass(24 * 60 * minute)
    expect(await holder.verdict(signRfc9421(rotated.before, {}, { at: holder.at() }))).to.include({
      active: false,
      code: 40104,
    })
    expect(await holder.verdict(signRfc9421(rotated.after, {}, { at: holder.at() }))).to.include({ active: true })
    holder.latchkey.clock.pass(90 * 24 * 60 * minute)
    const ended = await holder.verdict(signRfc9421(rotated.after, {}, { at: holder.at() }))
    expect(ended).to.include({ active: false, code: 40105, reason: 'KEY_EXPIRED' })
  })
})
