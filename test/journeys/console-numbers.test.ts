import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { type Clerk, identityAt } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo, type Person } from '../support/people.ts'
import { credentialOn } from '../support/security.ts'

const reason = 'She lost her SIM card, and I know her voice.'

describe('a change of a person’s phone number in the console', function () {
  this.timeout(60_000)
  const latchkey = whileTesting(startLatchkey)
  const of = identityAt(latchkey)
  let [security, admin] = [] as unknown as [Clerk, Clerk]
  before(async () => {
    ;[security, admin] = [await of.clerk('security'), await of.clerk('admin')]
  })

  const url = (path: string) => `${latchkey.issuer}${path}`
  const person = async (second: 'totp' | 'sms' = 'sms') => {
    const joined = await of.at.joined(second)
    return { ...joined, id: await of.idOf(joined.email) }
  }
  const numberOf = async (id: string) => (await accounts(latchkey.store).get(id))?.phone
  let given = 0
  const fresh = () => `+43664765${String(4300 + ++given)}`
  const propose = async (id: string, phone: string, country?: string) =>
    (await security.open(`/admin/people/${id}/change-number`)).submit({ phone, ...(country && { country }), reason })
  const proposalOf = async (id: string) => {
    const { links } = await admin.open(`/admin/people/${id}`)
    return new URL(links.find(({ href }) => href.includes('/admin/proposals/'))?.href ?? '', latchkey.issuer).pathname
  }
  const confirm = async (id: string) => {
    const path = await proposalOf(id)
    await admin.open(path)
    return admin.person.browser.post(url(`${path}/confirm`), { reason })
  }
  const changed = async (id: string, phone: string) => {
    expect((await propose(id, phone)).status).to.equal(200)
    expect((await confirm(id)).status).to.equal(200)
  }
  /** Signs in at a new browser by password, up to the question for the code. */
  const asked = async ({ email, password }: Person) => {
    const browser = jar()
    return { browser, page: await (await browser.get(url('/sign-in'))).submit({ email, password }) }
  }

  it('takes two of them, tells both numbers and the mailbox, ends sessions and holds withdrawals', async () => {
    const [ada, phone] = [await person(), fresh()]
    const done = await propose(ada.id, `\u200e00${phone.slice(1, 5)}\u00a0${phone.slice(5)}\u2069`)
    expect(done.find('[role=status]')?.text).to.contain('A second member of staff')
    const path = await proposalOf(ada.id)
    await latchkey.sweep()
    const news = async ({ person: { email } }: Clerk) =>
      (await latchkey.outbox(email)).find(({ subject }) => subject === '1 decision is waiting for you')
    const mail = await news(admin)
    expect([mail?.link, await news(security)]).to.deep.equal([url('/admin/proposals'), undefined])
    expect(mail?.text)
      .to.contain('A decision is waiting for you')
      .and.contain('1 proposal is waiting for your confirmation')
    expect(mail?.text).to.not.contain(ada.email).and.not.contain(phone).and.not.contain(reason)
    expect((await admin.open(path)).find('[data-becomes]')?.text).to.contain(phone)
    await security.open(path)
    expect((await security.person.browser.post(url(`${path}/confirm`), { reason })).status).to.equal(403)
    expect(await numberOf(ada.id)).to.equal(ada.phone)
    expect((await confirm(ada.id)).status).to.equal(200)
    for (const to of [ada.email, ada.phone, phone]) {
      const told = (await latchkey.outbox(to)).filter(each => each.text.includes('changed the phone number'))
      expect(told, to).to.have.length(1)
      expect(told[0]?.link, 'nothing of it can be undone by a message').to.equal(undefined)
      expect(told[0]?.text).to.not.contain(reason).and.not.contain(phone)
    }
    const ended = new RegExp(`"event":"session.ended","data":{"account":"${ada.id}"`)
    expect(latchkey.logged()).to.match(ended)
    expect((await ada.browser.get(url('/account'))).h1).to.equal('Sign in')
    expect((await admin.open(`/admin/people/${ada.id}`)).find('[data-hold]')).to.not.equal(undefined)
  })

  it('may be typed as it is dialled in the country that is chosen, which begins with that of the number before', async () => {
    const [ada, phone] = [await person(), fresh()]
    const home = phone.replace('+43', '0')
    const form = await security.open(`/admin/people/${ada.id}/change-number`)
    const chosen = (page: Page) => page.find('#country option[selected]')?.text
    expect(chosen(form)).to.equal('Austria (+43)')
    expect(form.find('#phone')?.attributes).to.include({ type: 'tel', autocomplete: 'off', dir: 'ltr' })
    const wrong = await propose(ada.id, '0664 12345', 'GB')
    expect([wrong.status, wrong.alerts.length, chosen(wrong)]).to.deep.equal([422, 1, 'United Kingdom (+44)'])
    expect(wrong.find('#phone')?.attributes.value).to.equal('0664 12345')
    expect(wrong.find('#reason')?.text).to.equal(reason)
    const empty = await propose(ada.id, '', 'GB')
    expect([empty.status, empty.find('#phone-error')?.text]).to.deep.equal([422, 'Fill in this field.'])
    expect((await propose(ada.id, home, 'AT')).status).to.equal(200)
    expect((await admin.open(await proposalOf(ada.id))).find('[data-becomes]')?.text).to.contain(phone)
    expect((await confirm(ada.id)).status).to.equal(200)
    expect((await latchkey.outbox(phone)).length).to.be.above(0)
  })

  it('counts for nothing until its owner, who knows the password, proves it by a code', async () => {
    const [ada, phone] = [await person(), fresh()]
    await changed(ada.id, phone)
    expect(await numberOf(ada.id)).to.equal(undefined)
    const shown = await admin.open(`/admin/people/${ada.id}`)
    expect(shown.text).to.not.contain(phone).and.not.contain(ada.phone)
    const { browser, page } = await asked(ada)
    const before = await latchkey.outbox(ada.phone)
    const right = await codeSentTo(latchkey, phone)
    await page.submit({ code: right === '000000' ? '000001' : '000000' })
    expect(await numberOf(ada.id)).to.equal(undefined)
    await page.submit({ code: right })
    expect((await browser.get(url('/account'))).h1).to.not.equal('Sign in')
    expect(await numberOf(ada.id)).to.equal(phone)
    expect(await latchkey.outbox(ada.phone)).to.have.length(before.length)
    expect(latchkey.logged()).to.match(new RegExp(`"event":"number.proved","data":{"account":"${ada.id}"`))
  })

  it('lets nobody who reads the mailbox choose a password by it', async () => {
    const [ada, phone] = [await person(), fresh()]
    await changed(ada.id, phone)
    const browser = jar()
    await (await browser.get(url('/forgot-password'))).submit({ email: ada.email })
    const { link = '' } = await of.mailed(ada.email, '/reset/')
    const page = await (await browser.get(link)).submit({})
    const again = await browser.post(`${page.url}/use`, { factor: 'sms' })
    expect(again.status).to.equal(403)
    expect((await latchkey.outbox(phone)).some(each => each.code)).to.equal(false)
    expect(page.html).to.contain('recovery-code').and.not.contain('value="sms"')
  })

  it('takes no code that was sent to the former number, and none from a sign-in that began before', async () => {
    const [ada, phone] = [await person(), fresh()]
    const { browser, page } = await asked(ada)
    const code = await codeSentTo(latchkey, ada.phone)
    await changed(ada.id, phone)
    await page.submit({ code })
    expect((await browser.get(url('/account'))).h1).to.equal('Sign in')
    expect(await numberOf(ada.id)).to.equal(undefined)
    latchkey.clock.pass(31_000)
    await browser.post(`${page.url}/sms/begin`)
    const there = (await latchkey.outbox(phone)).find(each => each.code)
    expect((await browser.post(`${page.url}/sms`, { code: there?.code ?? 'none' })).status).to.be.oneOf([410, 409])
    expect((await browser.get(url('/account'))).h1).to.equal('Sign in')
    expect(await numberOf(ada.id)).to.equal(undefined)
  })

  it('is of the second of two numbers, where staff change it again before it was proved', async () => {
    const [ada, wrong, phone] = [await person(), fresh(), fresh()]
    await changed(ada.id, wrong)
    const { browser, page } = await asked(ada)
    const code = await codeSentTo(latchkey, wrong)
    await changed(ada.id, phone)
    await page.submit({ code })
    expect((await browser.get(url('/account'))).h1).to.equal('Sign in')
    const there = await asked(ada)
    await there.page.submit({ code: await codeSentTo(latchkey, phone) })
    expect(await numberOf(ada.id)).to.equal(phone)
    // A number that the account never had is kept from nobody.
    const eve = await person()
    expect((await propose(eve.id, wrong)).status).to.equal(200)
  })

  it('is refused beside the field for what is no mobile number, and for one that somebody gave up lately', async () => {
    const [ada, eve] = [await person(), await person()]
    await changed(eve.id, fresh())
    for (const [phone, status] of [
      ['', 422],
      ['12345', 422],
      ['+43 1 51444', 422],
      [eve.phone, 409],
    ] as const) {
      const page = await propose(ada.id, phone)
      expect([page.status, page.find('#phone-error') !== undefined], phone).to.deep.equal([status, true])
      expect(page.find('#phone')?.attributes.value ?? '').to.equal(phone)
    }
    expect((await propose(ada.id, ada.phone)).status).to.equal(409)
  })

  it('is none of an account that has no number, which nobody can sign in by then', async () => {
    const ada = await person('totp')
    expect((await admin.open(`/admin/people/${ada.id}`)).html).to.not.contain('change-number')
    const phone = fresh()
    const page = await propose(ada.id, phone)
    expect([page.status, page.text.includes('Only its owner can add one')]).to.deep.equal([409, true])
    expect(await latchkey.outbox(phone)).to.deep.equal([])
  })

  it('is no reason to let its owner, or staff, remove the last method that is certain to work', async () => {
    const ada = await person('totp')
    await of.at.addPhone(ada)
    const before = await of.at.open(ada, '/account/security')
    const credential = credentialOn(before, 'Authenticator')
    const removes = (page: Page) => page.all('form[action=/account/security/remove]').length
    expect(removes(before)).to.equal(2)
    await changed(ada.id, fresh())
    const there = await of.at.elsewhere(ada)
    expect(removes(await of.at.open(there, '/account/security'))).to.equal(1)
    const owners = await there.browser.post(url('/account/security/remove'), { credential })
    const path = `/admin/people/${ada.id}/remove-factor`
    await security.open(`${path}?credential=${credential}`)
    const staffs = await security.person.browser.post(url(path), { credential, reason })
    expect([owners.status, staffs.status]).to.deep.equal([409, 409])
  })

  it('is void where the owner proves the number that was put in before it', async () => {
    const [ada, first] = [await person(), fresh()]
    await changed(ada.id, first)
    await propose(ada.id, fresh())
    const { page } = await asked(ada)
    await page.submit({ code: await codeSentTo(latchkey, first) })
    expect(await numberOf(ada.id)).to.equal(first)
    expect((await confirm(ada.id)).status).to.equal(409)
    expect(await numberOf(ada.id)).to.equal(first)
  })

  it('is void where the owner set up another number after it was proposed', async () => {
    const [ada, theirs] = [await person(), fresh()]
    await propose(ada.id, fresh())
    let page = await of.at.act(ada, 'add', { factor: 'sms' })
    page = await page.submit({ code: await codeSentTo(latchkey, ada.phone) })
    page = await page.submit({ phone: theirs })
    await page.submit({ code: await codeSentTo(latchkey, theirs) })
    expect(await numberOf(ada.id)).to.equal(theirs)
    expect((await confirm(ada.id)).status).to.equal(409)
    expect(await numberOf(ada.id)).to.equal(theirs)
  })
})
