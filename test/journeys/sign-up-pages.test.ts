import { expect } from 'chai'
import { authenticator } from '../support/authenticator.ts'
import type { Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody, usePasskey } from '../support/people.ts'

describe('the pages of a sign-up', () => {
  const latchkey = whileTesting(startLatchkey)
  const open = (person = somebody()) => person.browser.get(`${latchkey.issuer}/sign-up`)

  for (const first of ['password', 'passkey'] as const)
    for (const second of ['totp', 'sms'] as const)
      it(`takes at most seven pages, each that is left included, with a ${first} and then ${second}`, async () => {
        const person = somebody()
        latchkey.keepOut(person.password)
        const at: string[] = []
        const seen = (page: Page) => {
          at.push(page.h1)
          return page
        }
        let page = seen(await open(person))
        page = seen(await page.submit({ email: person.email }))
        page = seen(await page.submit({ code: await codeSentTo(latchkey, person.email) }))
        const choice = () => page.all('[name=second]').map(each => each.attributes['data-factor'])
        expect(choice()).to.deep.equal(['totp', 'sms'])
        if (first === 'passkey') {
          page = seen(await page.submit({}, { action: '/use' }))
          expect(choice()).to.deep.equal(['totp', 'sms'])
          page = seen(await usePasskey(person, page, authenticator(), { second }))
        } else {
          // A refusal keeps what was chosen.
          const weak = await page.submit({ password: 'password', second })
          expect(weak.find('[name=second][checked]')?.attributes.value).to.equal(second)
          page = seen(await weak.submit({ password: person.password }))
        }
        if (second === 'sms') page = seen(await page.submit({ phone: person.phone }))
        else person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
        const code = second === 'sms' ? codeSentTo(latchkey, person.phone) : authenticatorCode(latchkey, person)
        page = seen(await page.submit({ code: await code }))
        latchkey.keepOut(person.secret, ...page.all('[data-recovery-code]').map(each => each.text))
        page = await page.submit({ saved: true })
        if (first === 'password') page = await seen(page).submit({}, { action: '/skip' })
        expect(page.url).to.equal(`${latchkey.issuer}/account`)
        expect(at.length, at.join(', ')).to.be.at.most(7)
      })

  for (const first of ['password', 'passkey'] as const)
    it(`takes a number on the page of the authenticator, and at most seven pages so, after a ${first}`, async () => {
      const person = somebody()
      latchkey.keepOut(person.password)
      let count = 0
      const seen = (page: Page) => {
        count += 1
        return page
      }
      let page = seen(await open(person))
      page = seen(await page.submit({ email: person.email }))
      page = seen(await page.submit({ code: await codeSentTo(latchkey, person.email) }))
      if (first === 'passkey') {
        page = seen(await page.submit({}, { action: '/use' }))
        page = seen(await usePasskey(person, page, authenticator()))
      } else page = seen(await page.submit({ password: person.password }))
      latchkey.keepOut(page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? '')
      expect(page.find('details [data-factor=sms]')?.text).to.equal('Get codes by text message')
      expect(page.find('details')?.attributes.open).to.equal(undefined)
      // A number that is none is said beside its field, and kept; the authenticator is still there.
      const refused = await page.submit({ phone: '0151 23', country: 'DE' })
      expect([refused.status, refused.h1]).to.deep.equal([422, 'Set up your authenticator app'])
      expect(refused.alerts).to.have.length(1)
      expect(refused.find('#phone-error')?.text).to.match(/^We can’t text this number/)
      expect(refused.find('[name=phone]')?.attributes.value).to.equal('0151 23')
      expect(refused.find('option[value=DE]')?.attributes).to.have.property('selected')
      expect(refused.find('[data-totp-secret]')?.text).to.equal(page.find('[data-totp-secret]')?.text)
      page = seen(await refused.submit({ phone: person.phone }))
      page = seen(await page.submit({ code: await codeSentTo(latchkey, person.phone) }))
      latchkey.keepOut(...page.all('[data-recovery-code]').map(each => each.text))
      page = await page.submit({ saved: true })
      if (first === 'password') page = await seen(page).submit({}, { action: '/skip' })
      expect(page.url).to.equal(`${latchkey.issuer}/account`)
      expect(count).to.be.at.most(7)
    })

  it('offers no passkey as an eighth page to people who changed their mind on the way', async () => {
    const person = somebody()
    latchkey.keepOut(person.password)
    let page = await open(person)
    page = await page.submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password, second: 'sms' })
    page = await page.submit({ phone: person.phone })
    // The sixth page: after all, an authenticator.
    page = await page.submit({}, { action: '/use' })
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
    latchkey.keepOut(person.secret, ...page.all('[data-recovery-code]').map(each => each.text))
    expect(page.text, 'the seventh, and the last').to.contain('Step 5 of 5')
    page = await page.submit({ saved: true })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(page.find('[role=status]')?.text).to.equal('Your account is ready.')
  })
})
