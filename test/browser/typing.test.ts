import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signUp, somebody } from '../support/people.ts'
import { painted, type Visitor, visit } from './visitor.ts'

// Run in the page: what has the focus, whether that is to be seen, where it stands, and what is said of it last.
const focused = `(() => {
  const element = document.activeElement
  if (element === document.body) return undefined
  const { outlineStyle, outlineWidth } = getComputedStyle(element)
  const words = element.getAttribute('aria-describedby')?.split(' ').at(-1)
  return {
    name: (element.labels?.[0] ?? element).textContent.trim(),
    seen: element.matches(':focus-visible') && outlineStyle === 'solid' && Number.parseFloat(outlineWidth) >= 2,
    top: element.getBoundingClientRect().top + scrollY,
    told: words && document.getElementById(words).textContent.trim(),
  }
})()`
interface Focused {
  name: string
  seen: boolean
  top: number
  told?: string
}

describe('typing in a browser', () => {
  const latchkey = whileTesting(startLatchkey)
  let ada: Person
  before(async () => {
    ada = somebody()
    await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`), 'totp')
  })

  const focus = ({ page }: Visitor) => page.evaluate(focused) as Promise<Focused | undefined>

  /** What Tab leads to from here, until it leaves the page; each is to be seen, and none lies above the one before it. */
  const walk = async (who: Visitor): Promise<string[]> => {
    const names: string[] = []
    let top = Number.NEGATIVE_INFINITY
    for (let at = await focus(who); at !== undefined; at = await focus(who)) {
      expect(at.seen, `the focus on ${at.name} is to be seen`).to.equal(true)
      expect(at.top, at.name).to.be.at.least(top)
      top = at.top
      names.push(at.name)
      await who.page.keyboard.press('Tab')
    }
    return names
  }

  const until = async (who: Visitor, name: string): Promise<void> => {
    for (let at = 0; (await focus(who))?.name !== name; at++) {
      expect(at, `Tab never comes to ${name}`).to.be.below(20)
      await who.page.keyboard.press('Tab')
    }
  }

  /** Signs in as far as the second step. */
  const upToTheCode = async (who: Visitor, person: Person): Promise<void> => {
    await who.page.goto(`${latchkey.issuer}/sign-in`)
    await who.type('Email', person.email)
    await who.type('Password', person.password)
    await who.press('Sign in')
    await who.page.getByLabel('Six-digit code').waitFor()
  }

  it('needs no more than a keyboard', () =>
    visit(async who => {
      const { keyboard } = who.page
      const said = async (words: string) => {
        await who.page.getByRole('alert').filter({ hasText: words }).waitFor()
        await painted(who.page)
      }
      await who.page.goto(`${latchkey.issuer}/sign-in`)
      await painted(who.page)
      const order = ['Email', 'Password', 'Show', 'Forgot password?', 'Sign in', 'Use a passkey', 'Create an account']
      expect((await walk(who)).slice(0, order.length)).to.deep.equal(order)

      await who.page.reload()
      await painted(who.page)
      await keyboard.type(ada.email)
      expect(await who.page.getByLabel('Email').inputValue()).to.equal(ada.email)
      await keyboard.press('Tab')
      await keyboard.type('not the right one')
      await keyboard.press('Enter')
      await said('is incorrect. Check both')
      expect(await focus(who)).to.include({ name: 'Password', seen: true })
      expect((await focus(who))?.told).to.contain('is incorrect. Check both')

      await keyboard.type(ada.password)
      expect(await who.page.getByLabel('Password').inputValue()).to.equal(ada.password)
      await keyboard.press('Enter')
      await who.sees('Enter the code from your authenticator app')
      await keyboard.type('000000')
      await said('You have 4 attempts left')
      expect(await focus(who)).to.include({ name: 'Six-digit code', seen: true })
      expect((await focus(who))?.told).to.contain('That code is incorrect')

      await until(who, 'Use another way')
      await keyboard.press('Enter')
      await until(who, 'A recovery code')
      await keyboard.press('Enter')
      await who.sees('Enter a recovery code')
      await until(who, 'Use another way')
      await keyboard.press('Enter')
      await until(who, 'Code from your authenticator app')
      await keyboard.press('Enter')
      await who.sees('Enter the code from your authenticator app')
      await keyboard.type(authenticatorCode(latchkey, ada))
      await who.isAt(`${latchkey.issuer}/account`)
      await until(who, 'Skip to main content')
    }))

  it('takes a code as it is pasted, and sends it by itself', () =>
    visit(
      async who => {
        await upToTheCode(who, ada)
        const code = authenticatorCode(latchkey, ada)
        await who.page.evaluate(`navigator.clipboard.writeText('${code.slice(0, 3)} ${code.slice(3)}')`)
        await who.page.keyboard.press('Control+V')
        await who.isAt(`${latchkey.issuer}/account`)
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ))

  it('says when a code may be sent again, and sends it then', () =>
    visit(async who => {
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'sms')
      await who.page.clock.install()
      await upToTheCode(who, person)
      const again = who.page.getByRole('button', { name: 'Send again' })
      await who.page.getByText(/^in 0:(30|29)$/).waitFor()
      expect(await again.isDisabled()).to.equal(true)
      const first = await latchkey.outbox(person.phone)
      await who.page.clock.runFor(31_000)
      latchkey.clock.pass(31_000)
      expect(await again.isEnabled()).to.equal(true)
      await again.click()
      await who.page.getByText(/^in 0:(30|29)$/).waitFor()
      expect(await latchkey.outbox(person.phone)).to.have.length(first.length + 1)
      await who.type('Six-digit code', await codeSentTo(latchkey, person.phone))
      await who.isAt(`${latchkey.issuer}/account`)
    }))
})
