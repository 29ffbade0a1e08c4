import { expect } from 'chai'
import { type Clerk, identityAt } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo, type Person, somebody } from '../support/people.ts'
import { credentialOn, securityAt } from '../support/security.ts'

const day = 24 * 3_600_000

describe('a phone number that was changed lately', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const at = securityAt(latchkey)

  const codes = async (to: string) => (await latchkey.outbox(to)).filter(each => each.code !== undefined).length
  const told = async (to: string) =>
    (await latchkey.outbox(to)).filter(({ text }) => text.includes('recently belonged to an account')).length
  /** What a person sees of a page, but for the number. */
  const seen = ({ status, h1, text }: Page, phone: string) => ({ status, h1, text: text.replaceAll(phone, '…') })

  /** The page that asks for a number, for somebody who is signed in; whoever has one already proves themselves first. */
  const adding = async (given?: Person): Promise<Page> => {
    const person = given ?? (await at.joined())
    const page = await at.act(person, 'add', { factor: 'sms' })
    if (page.find('input[name=phone]')) return page
    return page.submit({ code: await codeSentTo(latchkey, person.phone) })
  }
  const give = async (person: Person, phone: string): Promise<Page> => {
    const page = await (await adding(person)).submit({ phone })
    person.phone = phone
    return page.submit({ code: await codeSentTo(latchkey, phone) })
  }

  /** Somebody whose number a thief has replaced by their own, ten days after they signed up. */
  const robbed = async () => {
    const ada = await at.joined()
    await give(ada, ada.phone)
    latchkey.clock.pass(10 * day)
    await give(await at.elsewhere(ada), somebody().phone)
    return ada
  }
  /** The page that asks for a number, for somebody who signs up. */
  const signingUp = async (): Promise<Page> => {
    const person = somebody()
    let page = await (await jar().get(`${latchkey.issuer}/sign-up`)).submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    return page.submit({ password: person.password })
  }

  /** Enters the number where `page` asks for it, and a free one on `other`, which looks the same; no code is good there. */
  const expectRefused = async (page: Page, other: Page, phone: string) => {
    const [before, toldBefore] = [await codes(phone), await told(phone)]
    const free = somebody().phone
    const asked = await page.submit({ phone })
    expect(seen(asked, phone)).to.deep.equal(seen(await other.submit({ phone: free }), free))
    expect(await codes(phone)).to.equal(before)
    expect(await told(phone)).to.equal(toldBefore + 1)
    const last = (await latchkey.outbox(phone)).find(each => each.code !== undefined)?.code ?? ''
    for (const code of ['000000', last]) expect((await asked.submit({ code })).status).to.equal(401)
  }

  it('is nobody else’s to sign up with', async () => {
    const ada = await robbed()
    await expectRefused(await signingUp(), await signingUp(), ada.phone)
  })

  it('is nobody else’s to add, or to put in the place of another', async () => {
    const ada = await robbed()
    await expectRefused(await adding(), await adding(), ada.phone)
    const [bob, carol] = [await at.joined('sms'), await at.joined('sms')]
    await expectRefused(await adding(bob), await adding(carol), ada.phone)
  })

  it('is nobody else’s to set up after an identity check', async () => {
    const of = identityAt(latchkey)
    const staff: [Clerk, Clerk] = [await of.clerk(), await of.clerk()]
    const ada = await robbed()
    const lost = [await at.joined(), await at.joined()]
    for (const { email } of lost) await of.granted(staff, email)
    latchkey.clock.pass(day + 60_000)
    await latchkey.sweep()
    const afresh = async ({ email = '' }: Partial<Person> = {}): Promise<Page> => {
      const { link = '' } = await of.mailed(email, '/recover/afresh/')
      const page = await (await jar().get(link)).submit()
      return page.submit({ password: somebody().password })
    }
    await expectRefused(await afresh(lost[0]), await afresh(lost[1]), ada.phone)
  })

  it('is nobody else’s when its owner removed it, and can have it back', async () => {
    const ada = await at.joined()
    await give(ada, ada.phone)
    const credential = credentialOn(await at.open(ada), 'Text message')
    await at.act(ada, 'remove', { credential })
    await expectRefused(await adding(), await adding(), ada.phone)
    await give(ada, ada.phone)
    expect((await at.open(ada)).text).to.contain(ada.phone.slice(-2))
  })

  it('is refused to who was sent a code before it was changed', async () => {
    const ada = await at.joined()
    await give(ada, ada.phone)
    const page = await (await adding()).submit({ phone: ada.phone })
    const code = await codeSentTo(latchkey, ada.phone)
    await give(ada, somebody().phone)
    expect((await page.submit({ code })).status).to.equal(409)
  })

  it('stays the other accounts’ that have it, and anybody’s once the change can no longer be undone', async () => {
    const [ada, bob] = [await at.joined(), await at.joined('sms')]
    await give(ada, bob.phone)
    await give(ada, somebody().phone)
    // Bob has it, and gives it in again.
    await give(bob, bob.phone)
    expect((await at.open(bob)).text).to.contain(bob.phone.slice(-2))
    latchkey.clock.pass(9 * day)
    const carol = await at.joined()
    await give(carol, bob.phone)
    expect((await at.open(carol)).text).to.contain(bob.phone.slice(-2))
  })
})
