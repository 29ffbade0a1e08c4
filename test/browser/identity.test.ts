import { expect } from 'chai'
import { file, pdf } from '../support/identity.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, signUp, somebody } from '../support/people.ts'
import { png } from '../support/png.ts'
import { vienna } from '../support/travellers.ts'
import { casesAt } from './deciding-cases.ts'
import { staffAt } from './staff.ts'
import { openToEverybody, sees, type Visitor, visit } from './visitor.ts'

const london = '51.140.0.1'
const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

describe('in a browser, somebody who has lost everything', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const { of, joins } = staffAt(latchkey)
  const { arrives, lines, opens, news, examines, approves } = casesAt(latchkey)
  const inVienna = { extraHTTPHeaders: { 'x-forwarded-for': vienna } }
  /** Somebody from Vienna. */
  const living = async () => {
    const person = somebody({ 'x-forwarded-for': vienna })
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }

  const passport = { name: 'passport.png', mimeType: 'image/png', buffer: png({ width: 40, height: 30 }) }
  const letter = { name: 'letter.pdf', mimeType: 'application/pdf', buffer: pdf() }

  /** From the help centre to the case number; resolves to that. */
  const asks = (who: Visitor, email: string): Promise<string> =>
    (async () => {
      await who.page.goto(`${latchkey.issuer}/help`)
      await sees(who, 'Help with signing in')
      await who.follow('Start an identity check')
      await sees(who, 'Identity check')
      await who.type('Email of your account', email)
      await who.press('Send link')
      await sees(who, 'Check your email')
      await who.page.goto((await of.mailed(email, '/recover/identity/')).link ?? '')
      await sees(who, 'Send your documents')
      await who.type('What happened?', 'My bag was stolen.')
      await who.press('Send documents')
      await who.page.getByText('Choose at least one identity document').waitFor()
      expect(await who.page.getByLabel('What happened?').inputValue()).to.equal('My bag was stolen.')
      const documents = who.page.getByLabel('Identity documents')
      // Too many or too large: said before anything is sent, and what was typed stays.
      const large = { ...passport, buffer: Buffer.alloc(10 * 1024 * 1024 + 1) }
      const sent: string[] = []
      who.page.on('request', request => void (request.method() === 'POST' && sent.push(request.url())))
      for (const [files, said] of [
        [[passport, passport, passport, passport], 'You can send up to three files'],
        [[passport, large], 'Your files are too large. Send up to three'],
      ] as const) {
        await documents.setInputFiles([...files])
        await who.page.getByRole('alert').getByText(said).waitFor()
        await who.press('Send documents')
        expect(await documents.getAttribute('aria-invalid')).to.equal('true')
        expect(await documents.getAttribute('aria-describedby')).to.contain('documents-error')
      }
      await openToEverybody(who)
      expect(sent).to.deep.equal([])
      expect(await who.page.getByLabel('What happened?').inputValue()).to.equal('My bag was stolen.')
      await documents.setInputFiles([passport, letter])
      await who.press('Send documents')
      await who.page.getByRole('alert').getByText('take a screenshot').waitFor()
      await openToEverybody(who)
      expect(await documents.getAttribute('aria-invalid')).to.equal('true')
      expect(await who.page.getByLabel('What happened?').inputValue()).to.equal('My bag was stolen.')
      await documents.setInputFiles([passport, passport])
      await who.press('Send documents')
      await sees(who, 'Your identity check')
      return (await who.page.locator('[data-case-number]').textContent()) ?? ''
    })()

  /** The first of the staff refuses the older of two cases, which came from elsewhere, and approves the other. */
  const first = (older: string, number: string) =>
    visit(async who => {
      const email = await joins(who, 'support')
      expect(await news(email, '2 decisions are waiting for you'))
        .to.include('(2 days ago)')
        .and.not.include(number)
      const hands = await arrives(who)
      const waiting = await lines(who, 'waiting')
      expect(waiting).to.have.length(2)
      expect(waiting[0]).to.include(older).and.include('Waiting for the first approval · 2 days old')
      expect(waiting[1]).to.include(number).and.include('Waiting for the first approval · less than a day old')

      await opens(who, hands, older)
      const fact = (name: string) => who.page.locator('.facts > div', { hasText: name }).innerText()
      expect(await fact('Documents sent from')).to.match(
        /Safari on iOS Not seen before\s+United Kingdom .* Not seen before/,
      )
      expect(await fact('Usual devices')).to.include('Chrome on Linux')
      expect(await fact('Usual locations')).to.include('Austria')
      const refuse = who.page.getByRole('button', { name: 'Refuse' })
      await hands.enter(refuse)
      await who.page.getByRole('alert').getByText('Enter a reason.').waitFor()
      await openToEverybody(who)
      await hands.write(who.page.getByLabel('Reason'), 'She is at home and asked for nothing.')
      await hands.enter(refuse)
      await who.page.getByRole('status').getByText(`You refused case ${older}.`).waitFor()
      await sees(who, 'Identity checks')
      expect([(await lines(who, 'waiting')).length, (await lines(who, 'closed'))[0]].join())
        .to.include(`1,${older}`)
        .and.include('Refused')
      await opens(who, hands, older)
      expect(await who.page.getByRole('main').innerText())
        .to.include('She is at home and asked for nothing.')
        .and.include('Deleted after the decision.')
      await hands.enter(who.page.getByRole('link', { name: 'All identity checks' }))
      await sees(who, 'Identity checks')

      await opens(who, hands, number)
      expect(await who.page.getByRole('main').innerText())
        .to.include('My bag was stolen.')
        .and.not.include('Not seen before')
      await examines(who, hands)
      await approves(who, hands, number)
    })

  const second = (number: string) =>
    visit(async who => {
      const email = await joins(who, 'support')
      expect(await news(email, '1 decision is waiting for you')).to.include('need only one more approval: 1')
      const hands = await arrives(who)
      expect(await lines(who, 'waiting')).to.have.length(1)
      expect((await lines(who, 'waiting'))[0])
        .to.include(number)
        .and.include('Waiting for the second approval')
      await opens(who, hands, number)
      const said = await who.page.locator('section[aria-labelledby=decided]').innerText()
      expect(said)
        .to.include('Approved')
        .and.include('The photo and the name fit.')
        .and.include('genuine and still valid')
      await approves(who, hands, number)
    })

  it('sends documents, two of the staff approve with their passkeys, and everything is set up afresh', () =>
    visit(async who => {
      const [eve, ada] = [await living(), await living()]
      const elsewhere = jar({ 'x-forwarded-for': london, 'user-agent': iPhone })
      const form = await of.ask(eve.email, '', elsewhere)
      const documents = file(passport.buffer, passport.name, passport.mimeType)
      const older = of.numberOn(await form.submit({ story: 'All is lost.', documents }))
      await of.mailed(eve.email, '/recover/cancel/')
      latchkey.clock.pass(48.1 * 3_600_000)
      const number = await asks(who, ada.email)
      const status = who.page.url()
      await of.mailed(ada.email, '/recover/cancel/')
      await of.until('the case in the queue', async () => {
        const told = (await latchkey.outbox(ada.email)).filter(each => each.link?.includes('/recover/cancel/'))
        return told.length > 0 ? true : undefined
      })
      await first(older, number)
      await second(number)
      await of.until('the delay', async () => {
        await who.page.goto(status)
        return (await who.page.getByText('time to object').count()) > 0 ? true : undefined
      })
      await openToEverybody(who)
      latchkey.clock.pass(24.1 * 3_600_000)
      await who.page.goto((await of.mailed(ada.email, '/recover/afresh/')).link ?? '')
      await sees(who, 'Set up your account again')
      await who.press('Continue')
      await sees(who, 'Choose a password')
      const anew = { ...somebody(), email: ada.email }
      latchkey.keepOut(anew.password)
      await who.type('Password', anew.password)
      await who.press('Continue')
      await sees(who, 'Set up your authenticator app')
      anew.secret = ((await who.page.locator('[data-totp-secret]').textContent()) ?? '').replace(/\s/g, '')
      latchkey.keepOut(anew.secret)
      await who.type('Code shown in the app', authenticatorCode(latchkey, anew))
      await sees(who, 'Save your recovery codes')
      latchkey.keepOut(...(await who.page.locator('[data-recovery-code]').allTextContents()))
      await who.page.getByLabel('I have saved these codes somewhere safe').check()
      await who.press('Continue')
      await sees(who, 'Your account')
      await who.page.getByText('Your apps may block withdrawals and payments').waitFor()
    }, inVienna))

  it('is stopped by the account’s owner, who was told', () =>
    visit(async who => {
      const ada = await of.at.joined()
      await asks(who, ada.email)
      await who.page.goto((await of.mailed(ada.email, '/recover/cancel/')).link ?? '')
      await sees(who, 'Did you request this identity check?')
      await who.press('Stop this identity check')
      await sees(who, 'Identity check stopped')
      await who.follow('Lock my account as well')
      await sees(who, 'Secure your account')
    }))
})
