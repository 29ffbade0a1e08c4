import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { type Person, signUp, somebody } from '../support/people.ts'

describe('the times that somebody is shown and emailed', () => {
  const latchkey = whileTesting(startLatchkey)

  const joined = async (zone?: string): Promise<Person> => {
    const person = somebody()
    if (zone !== undefined) await person.browser.cookies.setCookie(`latchkey_zone=${zone}; Path=/`, latchkey.issuer)
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    return person
  }
  const choose = async ({ browser }: Person, zone: string) =>
    (await browser.get(`${latchkey.issuer}/account/profile`)).submit({ name: '', username: '', zone }, 'Save')
  /** Changes what its owner is mailed of, and returns that mail. */
  const mailed = async ({ browser, email }: Person): Promise<string> => {
    await browser.post(`${latchkey.issuer}/account/security/phrase`, { phrase: `blue herons ${latchkey.clock.now()}` })
    const [last] = await latchkey.outbox(email)
    return last?.text ?? ''
  }
  /** The hours of a zone at the moment, and the minutes. */
  const hour = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hour12: false }).format(latchkey.clock.now())
  const shown = async ({ browser }: Person) =>
    (await browser.get(`${latchkey.issuer}/account/activity`)).find('.moment time')?.text ?? ''

  it('are in the zone of the browser that the account was made with', async () => {
    const ada = await joined('Asia/Tokyo')
    expect(await shown(ada)).to.match(new RegExp(`, ${hour('Asia/Tokyo')}:\\d\\d$`))
    expect(await mailed(ada)).to.match(new RegExp(`, ${hour('Asia/Tokyo')}:\\d\\d:\\d\\d GMT\\+9`))
  })

  it('are in the zone that the profile names', async () => {
    const ada = await joined('Asia/Tokyo')
    await choose(ada, 'America/Anchorage')
    expect(await shown(ada)).to.match(new RegExp(`, ${hour('America/Anchorage')}:\\d\\d$`))
    expect(await mailed(ada)).to.match(new RegExp(`, ${hour('America/Anchorage')}:\\d\\d:\\d\\d GMT-[89]`))
  })

  it('are in universal time where no zone is known, or the browser names one that there is not', async () => {
    for (const zone of [undefined, 'Europe/Atlantis', '%3Cscript%3E', '+09:00']) {
      const ada = await joined(zone)
      expect(await mailed(ada), zone).to.include(' UTC')
      const page = await ada.browser.get(`${latchkey.issuer}/account/activity`)
      expect(page.find('html')?.attributes, zone).not.to.have.property('data-zone')
    }
  })
})
