import { expect } from 'chai'
import { jar, type Page } from '../support/jar.ts'
import { type Message, startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo, type Person, signUp, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

const day = 24 * 3_600_000

describe('an address that was changed lately', () => {
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  const told = async (to: string, what: string): Promise<Message> =>
    (await latchkey.outbox(to)).find(each => each.subject === what) ?? expect.fail(`${to} was not told: ${what}`)
  const codes = async (to: string) => (await latchkey.outbox(to)).filter(each => each.code !== undefined).length
  const changing = async (person: Person): Promise<Page> => {
    const page = await at.act(person, 'add', { factor: 'email' })
    return page.submit({ code: await codeSentTo(latchkey, person.email) })
  }
  const changeEmail = async (person: Person, email: string): Promise<Page> => {
    const page = await (await changing(person)).submit({ email })
    return page.submit({ code: await codeSentTo(latchkey, email) })
  }
  const press = async ({ link = '' }: Message, browser = jar()): Promise<Page> => (await browser.get(link)).submit()
  /** What a person sees of a page, but for what names it. */
  const seen = ({ status, h1, text }: Page, email: string) => ({ status, h1, text: text.replaceAll(email, '…') })
  /** Somebody whose address a thief has changed, ten days after they signed up. */
  const robbed = async () => {
    const ada = await at.joined()
    latchkey.clock.pass(10 * day)
    const thief = await at.elsewhere(ada)
    await changeEmail(thief, `thief-of-${ada.email}`)
    return ada
  }

  it('is nobody else’s to sign up with, on pages like any other, and the undo still gives it back', async () => {
    const ada = await robbed()
    const before = await codes(ada.email)
    const stranger = await (await jar().get(`${latchkey.issuer}/sign-up`)).submit({ email: ada.email })
    const free = await (await jar().get(`${latchkey.issuer}/sign-up`)).submit({ email: `free-${ada.email}` })
    expect(seen(stranger, ada.email)).to.deep.equal(seen(free, `free-${ada.email}`))
    expect(await codes(ada.email)).to.equal(before)
    await told(ada.email, 'This address recently belonged to a Latchkey account')
    for (const code of ['000000', '123456']) expect((await stranger.submit({ code })).status).to.equal(401)

    const done = await press(await told(ada.email, 'Your email address was changed'))
    expect([done.status, done.h1]).to.deep.equal([200, 'Your account is locked'])
    await told(ada.email, 'Your Latchkey account is locked')
    expect((await latchkey.outbox(`thief-of-${ada.email}`)).some(each => each.subject.includes('locked'))).to.equal(
      false,
    )
  })

  it('is nobody else’s to move to', async () => {
    const ada = await robbed()
    const bob = await at.joined()
    const before = await codes(ada.email)
    const taken = await (await changing(bob)).submit({ email: ada.email })
    const carol = await at.joined()
    const free = await (await changing(carol)).submit({ email: `other-${ada.email}` })
    expect(seen(taken, ada.email)).to.deep.equal(seen(free, `other-${ada.email}`))
    expect(await codes(ada.email)).to.equal(before)
  })

  it('is its own account’s to move back to', async () => {
    const ada = await at.joined()
    const { email } = ada
    await changeEmail(ada, `new-${email}`)
    ada.email = `new-${email}`
    const page = await changeEmail(ada, email)
    expect(page.find('.address')?.text).to.equal(email)
  })

  it('says so to who asks for a new password there, and looks as ever', async () => {
    const ada = await robbed()
    const ask = async (email: string) => (await jar().get(`${latchkey.issuer}/forgot-password`)).submit({ email })
    const [lately, never] = [await ask(ada.email), await ask(`never-${ada.email}`)]
    expect(seen(lately, ada.email)).to.deep.equal(seen(never, `never-${ada.email}`))
    const { text } = await told(ada.email, 'This address recently belonged to a Latchkey account')
    expect(text).to.contain('This wasn’t me')
  })

  it('is anybody’s once the change can no longer be undone', async () => {
    const ada = await robbed()
    latchkey.clock.pass(9 * day)
    const next = { ...somebody(), email: ada.email }
    const page = await signUp(latchkey, next, await jar().get(`${latchkey.issuer}/sign-up`))
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
  })
})
