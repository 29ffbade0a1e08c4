import { expect } from 'chai'
import { startSuite } from '../support/all-apps.ts'
import { authenticator } from '../support/authenticator.ts'
import type { Page } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { type Person, signUp, somebody } from '../support/people.ts'

describe('the home page of an account', () => {
  const latchkey = whileTesting(startSuite)

  const joined = async (device?: Parameters<typeof signUp>[4]): Promise<Person> => {
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'totp', device)
    return person
  }
  const home = ({ browser }: Person): Promise<Page> => browser.get(`${latchkey.issuer}/account`)
  const texts = (page: Page, what: string) => page.all(what).map(({ text }) => text.replace(/\s+/g, ' ').trim())

  it('says whose it is: name, email and masked phone', async () => {
    const ada = await joined()
    expect(texts(await home(ada), '.facts dd')).to.deep.equal([ada.email])
    const form = { name: 'Ada Lovelace', username: '', language: 'en', zone: '' }
    await ada.browser.post(`${latchkey.issuer}/account/profile`, form)
    expect(texts(await home(ada), '.facts dd')).to.deep.equal(['Ada Lovelace', ada.email])
    expect((await (await home(ada)).follow('Edit profile')).h1).to.equal('Your profile')
  })

  it('opens every app of the suite, the one that was used last first, with its last use', async () => {
    const ada = await joined()
    const links = (page: Page) => page.all('.launcher a').map(({ attributes }) => attributes.href)
    const { trading, staking, wallet, card } = latchkey.apps
    const before = await home(ada)
    expect(links(before)).to.have.members([trading, staking, wallet, card].map(each => `${each}/`))
    expect(before.all('.launcher time')).to.have.length(0)
    await ada.browser.get(`${wallet}/login`)
    const after = await home(ada)
    expect(links(after)[0]).to.equal(`${wallet}/`)
    expect(after.all('.launcher time')).to.have.length(1)
  })

  it('shows the last five things that happened, and leads to all of them', async () => {
    const ada = await joined()
    for (let each = 0; each < 6; each++)
      await ada.browser.post(`${latchkey.issuer}/account/profile`, { name: `Ada ${each}`, language: 'en', zone: '' })
    const page = await home(ada)
    expect(page.all('.lately .line')).to.have.length(5)
    expect(texts(page, '.lately .name')[0]).to.equal('Profile changed')
    expect((await page.follow('All activity')).h1).to.equal('Activity')
  })

  it('measures how well the account is protected, and names the next best step until all is done', async () => {
    const ada = await joined()
    const [measure, next] = [
      (page: Page) => page.find('meter')?.attributes.value,
      (page: Page) => page.find('[data-next]'),
    ]
    let page = await home(ada)
    expect([measure(page), next(page)?.attributes['data-next']]).to.deep.equal(['1', 'passkey'])

    const phone = await joined(authenticator())
    page = await home(phone)
    expect([measure(page), next(page)?.attributes['data-next']]).to.deep.equal(['3', 'phrase'])
    await phone.browser.post(`${latchkey.issuer}/account/security/phrase`, { phrase: 'blue herons at dusk' })
    page = await home(phone)
    // Its owner was told by their strongest factor: the step-up comes first.
    expect(Number(measure(page))).to.be.at.least(3)
  })

  it('repeats no list of another page', async () => {
    const page = await home(await joined())
    expect(page.text).to.not.include('Sign-in methods')
  })
})
