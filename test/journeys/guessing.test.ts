import { expect } from 'chai'
import { accountsDeclaration } from '../../src/accounts/account.ts'
import { failuresDeclaration } from '../../src/accounts/failures.ts'
import type { Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

const hour = 3_600_000

describe('guessing at second factors', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const signOut = async (person: Person) => (await at.open(person, '/account')).submit({}, 'Sign out')
  /** From the password to the question of one factor. */
  const asked = async (person: Person, factor: string): Promise<Page> => {
    const page = await (await at.open(person, '/sign-in')).submit({ email: person.email, password: person.password })
    return page.html.includes(`/${factor}"`) ? page : person.browser.post(`${page.url}/use`, { factor })
  }
  /** So many wrong answers, five to a sign-in and hours apart; resolves to the statuses. */
  const guess = async (person: Person, factor: string, times: number): Promise<number[]> => {
    const statuses: number[] = []
    while (statuses.length < times) {
      latchkey.clock.pass(3 * hour)
      const page = await asked(person, factor)
      const wrong = factor === 'recovery-code' ? 'aaaaa-aaaaa' : '000000'
      for (let each = Math.min(5, times - statuses.length); each > 0; each--)
        statuses.push((await page.submit({ code: wrong })).status)
    }
    return statuses
  }
  const told = async ({ email }: Person, words: string) =>
    (await latchkey.outbox(email)).filter(each => each.text.includes(words))
  /** As after so many wrong answers, without the time that they take. */
  const hadWrong = async ({ email }: Person, factor: string, failed: number) => {
    const [account] = await latchkey.store.collection(accountsDeclaration).find({ email })
    const changed = await latchkey.store.collection(failuresDeclaration).patch(`${account?.id}.${factor}`, { failed })
    expect(changed?.failed).to.equal(failed)
  }
  const codesSent = async ({ email, phone }: Person, factor: string) =>
    (await latchkey.outbox(factor === 'sms' ? phone : email)).filter(each => each.code !== undefined).length
  const recover = async (person: Person): Promise<Page> =>
    (await asked(person, 'recovery-code')).submit({ code: person.recoveryCodes.pop() ?? '' })

  const ways: [factor: string, second: 'totp' | 'sms', words: string][] = [
    ['totp', 'totp', 'for your authenticator app'],
    ['sms', 'sms', 'instead of the codes we texted you'],
    ['email', 'totp', 'instead of the codes we emailed you'],
    ['recovery-code', 'totp', 'wrong recovery codes in a row'],
  ]
  for (const [factor, second, words] of ways) {
    it(`tells the owner after ten wrong answers in a row, and closes the factor after a hundred, even on a known device (${factor})`, async () => {
      const ada = await at.joined(second)
      const rightCode = async () => {
        if (factor === 'totp') return authenticatorCode(latchkey, ada)
        return factor === 'recovery-code'
          ? (ada.recoveryCodes[0] ?? '')
          : codeSentTo(latchkey, factor === 'sms' ? ada.phone : ada.email)
      }
      await signOut(ada)
      await guess(ada, factor, 9)
      expect(await told(ada, words)).to.have.length(0)
      await guess(ada, factor, 1)
      const mails = await told(ada, words)
      expect(mails).to.have.length(1)
      expect(mails[0]?.link, 'it can be answered with “this wasn’t me”').to.contain('/not-me/')
      await hadWrong(ada, factor, 97)
      expect(await guess(ada, factor, 3)).to.deep.equal([401, 401, 401])
      expect(await told(ada, words), 'told once').to.have.length(1)
      expect(await told(ada, 'until you sign in')).to.have.length(1)

      latchkey.clock.pass(3 * hour)
      const before = await codesSent(ada, factor)
      const { url } = await asked(ada, factor)
      const way = `${url.replace(/\/use$/, '')}/${factor}`
      const answered = await ada.browser.post(way, { code: await rightCode() })
      expect(answered.status).to.equal(403)
      expect(await at.isIn(ada), 'not even the right answer counts').to.equal(false)
      if (factor === 'sms' || factor === 'email')
        expect(await codesSent(ada, factor), 'nothing is sent').to.equal(before)

      // Another way reopens it.
      latchkey.clock.pass(3 * hour)
      if (factor === 'recovery-code') {
        await (await asked(ada, 'totp')).submit({ code: authenticatorCode(latchkey, ada) })
        expect(await at.isIn(ada)).to.equal(true)
        await signOut(ada)
      } else await recover(ada)
      latchkey.clock.pass(3 * hour)
      const again = await asked(ada, factor)
      const right = await again.submit({ code: await rightCode() })
      expect(right.status).to.equal(200)
      if (factor !== 'recovery-code') expect(right.url).to.equal(`${latchkey.issuer}/account`)
    })
  }

  it('never judges more than a hundred of the answers that come side by side', async () => {
    const ada = await at.joined()
    await signOut(ada)
    await guess(ada, 'totp', 1)
    await hadWrong(ada, 'totp', 97)
    latchkey.clock.pass(hour)
    const pages = [await asked(ada, 'totp'), await asked(ada, 'totp')]
    const statuses = await Promise.all(
      pages.flatMap(page => [1, 2, 3, 4, 5].map(async digit => (await page.submit({ code: `00000${digit}` })).status)),
    )
    expect(statuses.filter(each => each === 401)).to.have.length(3)
    expect(await told(ada, 'until you sign in')).to.have.length(1)
  })

  it('holds the right answer after ten wrong ones, on a known device too, until the owner says that it is they', async () => {
    const ada = await at.joined()
    await signOut(ada)
    await guess(ada, 'totp', 10)
    const held = await (await asked(ada, 'totp')).submit({ code: authenticatorCode(latchkey, ada) })
    expect(held.h1).to.equal('Confirm it’s you: check your email')
    expect(held.text).to.contain('Many wrong codes in a row')
    expect(await at.isIn(ada)).to.equal(false)
    // A right answer alone does not make anybody forget: the guesser may have given it.
    const [mail] = (await latchkey.outbox(ada.email)).filter(({ link }) => link?.includes('/confirm/'))
    await (await ada.browser.get(mail?.link ?? '')).submit({}, 'Yes, it’s me')
    expect((await held.submit({}, 'I’ve confirmed')).url).to.equal(`${latchkey.issuer}/account`)
    // The owner's word does.
    await signOut(ada)
    latchkey.clock.pass(hour)
    const next = await (await asked(ada, 'totp')).submit({ code: authenticatorCode(latchkey, ada) })
    expect(next.url).to.equal(`${latchkey.issuer}/account`)
  })

  it('forgets fewer than ten with the next right answer', async () => {
    const ada = await at.joined()
    for (let time = 0; time < 3; time++) {
      await signOut(ada)
      await guess(ada, 'totp', 4)
      latchkey.clock.pass(hour)
      const page = await (await asked(ada, 'totp')).submit({ code: authenticatorCode(latchkey, ada) })
      expect(page.url).to.equal(`${latchkey.issuer}/account`)
    }
    expect(await told(ada, 'in a row')).to.have.length(0)
  })

  it('is not forgiven for a right password, nor for a code from the mailbox', async () => {
    const ada = await at.joined()
    await signOut(ada)
    await guess(ada, 'totp', 10)
    await hadWrong(ada, 'totp', 99)
    latchkey.clock.pass(3 * hour)
    const page = await asked(ada, 'email')
    await page.submit({ code: await codeSentTo(latchkey, ada.email) })
    latchkey.clock.pass(3 * hour)
    await guess(ada, 'totp', 1)
    expect(await told(ada, 'until you sign in')).to.have.length(1)
  })

  it('counts what is guessed in a session that is open, when it steps up', async () => {
    const ada = await at.joined()
    for (let each = 0; each < 2; each++) {
      latchkey.clock.pass(hour)
      let step = await at.act(ada, 'add', { factor: 'passkey' })
      step = await step.submit({ email: ada.email, password: ada.password })
      for (let time = 0; time < 5; time++) await step.submit({ code: '000000' })
    }
    expect(await told(ada, 'for your authenticator app')).to.have.length(1)
  })
})
