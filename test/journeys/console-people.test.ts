import { expect } from 'chai'
import { type Clerk, identityAt, passport } from '../support/identity.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { signIn } from '../support/people.ts'

const reason = 'She called, and I know her voice.'

describe('what staff do for one person in the console', function () {
  this.timeout(60_000)
  const latchkey = whileTesting(startLatchkey)
  const of = identityAt(latchkey)
  let [support, security, admin] = [] as unknown as [Clerk, Clerk, Clerk]
  before(async () => {
    ;[support, security, admin] = [await of.clerk('support'), await of.clerk('security'), await of.clerk('admin')]
  })

  const url = (path: string) => `${latchkey.issuer}${path}`
  const person = async () => {
    const joined = await of.at.joined()
    return { ...joined, id: await of.idOf(joined.email) }
  }
  const subjects = async (to: string) => (await latchkey.outbox(to)).map(each => each.text)

  describe('a copy of their data', () => {
    it('is what their own export gives, without their anti-phishing phrase, and they are told', async () => {
      const ada = await person()
      const phrase = 'three grey herons'
      await latchkey.store
        .collection({ name: 'accounts' } as never)
        .patch(ada.id, { antiPhishingPhrase: phrase } as never)
      const form = await admin.open(`/admin/people/${ada.id}/export`)
      expect(form.all('input').map(each => each.attributes.type)).to.not.include('password')
      const answer = await form.submit({ reason })
      expect(answer.status).to.equal(200)
      const copy = JSON.parse(answer.html)
      expect(copy.issuer).to.equal(latchkey.issuer)
      expect(copy.accounts[0]).to.include({ id: ada.id, email: ada.email }).and.not.have.property('antiPhishingPhrase')
      expect(copy.activity).to.be.an('array').that.is.not.empty
      expect(answer.html).to.not.contain(phrase).and.not.contain(ada.secret).and.not.contain(reason)
      expect((await subjects(ada.email)).join()).to.contain('Our staff took a copy of your data')
      const audit = await admin.open(`/admin/audit?account=${ada.id}&event=person.exported`)
      expect(audit.text).to.contain(reason)
    })

    it('is refused to staff who may not export, without a reason, and of their own account', async () => {
      const ada = await person()
      const path = `/admin/people/${ada.id}/export`
      for (const clerk of [support, security]) {
        await clerk.open('/admin')
        expect((await clerk.open(path)).status).to.equal(403)
        expect((await clerk.person.browser.post(url(path), { reason })).status).to.equal(403)
      }
      await admin.open(path)
      expect((await admin.person.browser.post(url(path), { reason: ' ' })).status).to.equal(422)
      const own = `/admin/people/${await of.idOf(admin.person.email)}/export`
      expect((await admin.person.browser.post(url(own), { reason })).status).to.equal(403)
      expect((await subjects(ada.email)).join()).to.not.contain('took a copy')
    })

    it('is taken twenty times a day by one of the staff, and not more often', async () => {
      const [ada, clerk] = [await person(), await of.clerk('admin')]
      const path = `/admin/people/${ada.id}/export`
      await clerk.open(path)
      const statuses: number[] = []
      for (let copy = 0; copy < 21; copy++)
        statuses.push((await clerk.person.browser.post(url(path), { reason })).status)
      expect(statuses).to.deep.equal([...Array(20).fill(200), 429])
      await admin.open(path)
      expect((await admin.person.browser.post(url(path), { reason })).status).to.equal(200)
    })
  })

  describe('an identity check that they start', () => {
    it('mails the person the link for their documents, and needs two others to decide', async () => {
      const ada = await person()
      const contact = `new.${ada.email}`
      const form = await support.open(`/admin/people/${ada.id}/start-recovery`)
      expect(form.find('input[type=password]')).to.equal(undefined)
      const done = await form.submit({ contact, reason })
      expect(done.find('[role=status]')?.text).to.contain('link for the identity check')
      const { link = '' } = await of.mailed(contact, '/recover/identity/')
      expect((await latchkey.outbox(ada.email)).some(each => each.link === link)).to.equal(false)
      const page = await (await ada.browser.get(link)).submit({ story: 'My bag was stolen.', documents: passport() })
      expect(page.status, page.text).to.equal(200)
      const number = of.numberOn(page)
      await of.queued(security, number)
      const seen = await support.open(`/admin/recovery/${number}`)
      expect(seen.text).to.contain('You started this identity check')
      expect(seen.find('button[value=approve]')).to.equal(undefined)
      expect((await support.decide(number, 'approve')).status).to.equal(403)
      await security.decide(number, 'approve')
      expect((await security.open(`/admin/recovery/${number}`)).text).to.not.contain('in the waiting period')
      await admin.decide(number, 'approve')
      await of.until('the delay to begin', async () =>
        (await security.open(`/admin/recovery/${number}`)).text.includes('in the waiting period') ? true : undefined,
      )
    })

    it('is none where the address is none, the account is locked or their own, or one is under way', async () => {
      const ada = await person()
      const path = `/admin/people/${ada.id}/start-recovery`
      const form = await support.open(path)
      const wrong = await form.submit({ contact: 'nobody', reason })
      expect([wrong.status, wrong.find('#contact-error') !== undefined]).to.deep.equal([422, true])
      expect(wrong.find('#contact')?.attributes.value).to.equal('nobody')
      expect((await form.submit({ contact: '', reason: ' ' })).status).to.equal(422)
      await of.send(ada.email)
      expect((await form.submit({ contact: '', reason })).status).to.equal(409)
      const own = `/admin/people/${await of.idOf(support.person.email)}/start-recovery`
      expect((await support.person.browser.post(url(own), { reason })).status).to.equal(403)
      const locked = await person()
      await security.open(`/admin/people/${locked.id}/lock`)
      await security.person.browser.post(url(`/admin/people/${locked.id}/lock`), { reason })
      const there = await support.open(`/admin/people/${locked.id}/start-recovery`)
      expect((await there.submit({ contact: '', reason })).status).to.equal(409)
      const viewer = await of.clerk('viewer')
      await viewer.open('/admin')
      expect((await viewer.person.browser.post(url(path), { reason })).status).to.equal(403)
    })
  })
  describe('a change of their email address', () => {
    const propose = async (id: string, email: string) =>
      (await security.open(`/admin/people/${id}/change-address`)).submit({ email, reason })
    const proposalOf = async (id: string) => {
      const { links } = await admin.open(`/admin/people/${id}`)
      return new URL(links.find(({ href }) => href.includes('/admin/proposals/'))?.href ?? '', latchkey.issuer).pathname
    }

    it('takes two of them, tells both addresses, and holds withdrawals', async () => {
      const ada = await person()
      const email = `new.${ada.email}`
      const done = await propose(ada.id, ` ${email.toUpperCase()} `)
      expect(done.find('[role=status]')?.text).to.contain('A second member of staff')
      const path = await proposalOf(ada.id)
      const before = await admin.open(path)
      expect(before.text.toLowerCase()).to.contain(email)
      expect((await security.person.browser.post(url(`${path}/confirm`), { reason })).status).to.equal(403)
      expect((await ada.browser.get(url('/account'))).status).to.equal(200)
      await admin.open(path)
      expect((await admin.person.browser.post(url(`${path}/confirm`), { reason })).status).to.equal(200)
      for (const to of [ada.email, email]) {
        const told = (await latchkey.outbox(to)).filter(each => each.text.includes('changed the email address'))
        expect(told, to).to.have.length(1)
        expect(told[0]?.link, 'nothing of it can be undone by mail').to.equal(undefined)
        expect(told[0]?.text).to.not.contain(reason)
      }
      const ended = new RegExp(`"event":"session.ended","data":{"account":"${ada.id}"`)
      expect(latchkey.logged(), 'sessions end at once, and not when they are next used').to.match(ended)
      expect((await ada.browser.get(url('/account'))).h1).to.equal('Sign in')
      const seen = await admin.open(`/admin/people/${ada.id}`)
      expect([seen.h1, seen.find('[data-hold]') !== undefined]).to.deep.equal([email, true])
    })

    it('is signed in with once the new address is proved, which recovers nothing before', async () => {
      const ada = await person()
      const email = `new.${ada.email}`
      await propose(ada.id, email)
      const path = await proposalOf(ada.id)
      await admin.open(path)
      await admin.person.browser.post(url(`${path}/confirm`), { reason })
      const browser = jar()
      await (await browser.get(url('/forgot-password'))).submit({ email })
      const mails = await latchkey.outbox(email)
      expect(mails.some(each => each.link?.includes('/reset/'))).to.equal(false)
      const there = { ...ada, email, browser: jar() }
      const asked = await signIn(latchkey, there, await there.browser.get(url('/sign-in')))
      expect((await there.browser.get(url('/account'))).h1).to.equal('Sign in')
      const { code = '' } = (await latchkey.outbox(email)).find(each => each.code) ?? {}
      await asked.submit({ code })
      expect((await there.browser.get(url('/account'))).status).to.equal(200)
      expect((await there.browser.get(url('/account'))).h1).to.not.equal('Sign in')
    })

    it('is void where the person proves the address that was put in before, or has another by then', async () => {
      const ada = await person()
      const [first, second] = [`first.${ada.email}`, `second.${ada.email}`]
      const confirm = async (path: string) => {
        await admin.open(path)
        return (await admin.person.browser.post(url(`${path}/confirm`), { reason })).status
      }
      await propose(ada.id, first)
      expect(await confirm(await proposalOf(ada.id))).to.equal(200)
      await propose(ada.id, second)
      const path = await proposalOf(ada.id)
      const there = { ...ada, email: first, browser: jar() }
      const asked = await signIn(latchkey, there, await there.browser.get(url('/sign-in')))
      await asked.submit({ code: (await latchkey.outbox(first)).find(each => each.code)?.code ?? '' })
      expect(await confirm(path)).to.equal(409)
      expect((await admin.open(`/admin/people/${ada.id}`)).h1).to.equal(first)
      const eve = await person()
      await propose(eve.id, `first.${eve.email}`)
      const former = await proposalOf(eve.id)
      await propose(eve.id, `second.${eve.email}`)
      const { links } = await admin.open(`/admin/people/${eve.id}`)
      const other = links.map(({ href }) => new URL(href, latchkey.issuer).pathname)
      const later = other.find(each => each.includes('/admin/proposals/') && each !== former) ?? expect.fail()
      expect([await confirm(former), await confirm(later)]).to.deep.equal([200, 409])
    })

    it('is refused for what is no address, one that somebody else has, and the one that the account has already', async () => {
      const [ada, eve] = [await person(), await person()]
      for (const [email, status] of [
        ['nobody', 422],
        [eve.email, 409],
        [ada.email, 409],
      ] as const) {
        const page = await propose(ada.id, email)
        expect(page.status, email).to.equal(status)
        expect(page.find('#email')?.attributes.value).to.equal(email)
      }
      expect((await person()).email).to.not.equal(ada.email)
      await propose(ada.id, `once.${eve.email}`)
      const path = await proposalOf(ada.id)
      await latchkey.store
        .collection({ name: 'accounts' } as never)
        .patch(eve.id, { email: `once.${eve.email}` } as never)
      await admin.open(path)
      expect((await admin.person.browser.post(url(`${path}/confirm`), { reason })).status).to.equal(409)
      expect((await admin.open(`/admin/people/${ada.id}`)).h1).to.equal(ada.email)
    })
  })
  describe('what was sent to them', () => {
    it('is listed by what it was about, and whether it was delivered, without code, link or address', async () => {
      const ada = await person()
      await (await jar().get(url('/forgot-password'))).submit({ email: ada.email })
      const { link = '' } = await of.mailed(ada.email, '/reset/')
      const viewer = await of.clerk('viewer')
      const page = await viewer.open(`/admin/people/${ada.id}`)
      const lines = page.all('[data-state]').map(each => each.attributes['data-state'])
      expect(new Set(lines)).to.deep.equal(new Set(['sent']))
      expect(page.text).to.contain('Choose a new password').and.contain('Your account is ready')
      const kept = JSON.stringify(await latchkey.store.collection({ name: 'sent_messages' } as never).find({}))
      for (const each of await latchkey.outbox(ada.email)) {
        expect(kept).to.not.contain(each.to)
        if (each.code) expect(kept).to.not.contain(each.code)
      }
      expect(kept).to.not.contain(link.split('/').at(-1))
    })
  })
})
