import { expect } from 'chai'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { vienna } from '../support/travellers.ts'

describe('what was typed wrong', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))
  const at = securityAt(latchkey)

  const signingIn = async () => {
    const ada = await at.joined()
    await (await at.open(ada, '/account')).submit({}, 'Sign out')
    return { ada, start: await at.open(ada, '/sign-in') }
  }

  it('is said to be empty where it is empty', async () => {
    const { ada, start } = await signingIn()
    const nobody = await start.submit({ email: '', password: 'x' })
    expect([nobody.status, nobody.alerts]).to.deep.equal([422, ['Enter your email address.']])
    const nothing = await start.submit({ email: ada.email, password: '' })
    expect([nothing.status, nothing.alerts]).to.deep.equal([422, ['Enter your password.']])
    expect(nothing.find('#email')?.attributes.value).to.equal(ada.email)
  })

  it('costs no try where a code is empty or lacks digits', async () => {
    const { ada, start } = await signingIn()
    const asked = await start.submit({ email: ada.email, password: ada.password })
    for (let each = 0; each < 12; each += 1) {
      const page = await asked.submit({ code: each % 2 ? '' : '12345' })
      expect(page.status).to.equal(422)
      expect(page.alerts).to.have.length(1)
    }
    expect((await asked.submit({ code: authenticatorCode(latchkey, ada) })).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('changes the heading once a way is closed', async () => {
    const { ada, start } = await signingIn()
    const asked = await start.submit({ email: ada.email, password: ada.password })
    let page = asked
    for (let each = 0; each < 4; each += 1) page = await asked.submit({ code: '000000' })
    expect([page.status, page.h1]).to.deep.equal([401, 'Enter the code from your authenticator app'])
    for (const status of [401, 403]) {
      page = await asked.submit({ code: '000000' })
      expect([page.status, page.h1]).to.deep.equal([status, 'Choose another way'])
      expect(page.alerts[0]).to.match(/^Too many attempts. This sign-in method is closed for now/)
    }
  })

  it('is no phone number without the country that it is dialled in, which the page knows', async () => {
    const person = somebody()
    const language = { 'accept-language': 'de-AT,de;q=0.9' }
    const browser = jar(language)
    let page = await (await browser.get(`${latchkey.issuer}/sign-up`)).submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password })
    const chosen = () => page.find('#country option[selected]')
    expect([chosen()?.attributes.value, chosen()?.text]).to.deep.equal(['AT', 'Österreich (+43)'])
    expect(
      page
        .all('#country option')
        .slice(0, 2)
        .map(({ text }) => text),
    ).to.deep.equal(['Afghanistan (+93)', 'Ägypten (+20)'])

    page = await page.submit({ phone: '', country: 'GB' })
    expect([page.status, page.alerts]).to.deep.equal([422, ['Geben Sie Ihre Mobilnummer ein.']])
    expect(chosen()?.attributes.value).to.equal('GB')
    page = await page.submit({ phone: '0664 12345', country: 'GB' })
    expect([page.status, page.find('#phone')?.attributes.value]).to.deep.equal([422, '0664 12345'])
    page = await page.submit({ phone: person.phone.replace('+43', '0'), country: 'AT' })
    expect(page.text).to.include(person.phone)
    page = await page.submit({ code: await codeSentTo(latchkey, person.phone) })
    expect(page.all('[data-recovery-code]')).to.have.lengthOf(10)
    latchkey.keepOut(person.password, ...page.all('[data-recovery-code]').map(each => each.text))
  })

  it('is less often a phone number: the page begins with the country that the request comes from, whatever the language', async () => {
    const person = somebody()
    const browser = jar({ 'accept-language': 'en-US', 'x-forwarded-for': vienna })
    let page = await (await browser.get(`${latchkey.issuer}/sign-up`)).submit({ email: person.email })
    page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
    page = await page.submit({ password: person.password })
    expect(page.find('#country option[selected]')?.text).to.equal('Austria (+43)')
    latchkey.keepOut(person.password)
  })

  it('is a weak password for the same reason while it is typed and when it is posted, in the language of the page', async () => {
    const person = somebody()
    const start = await person.browser.get(`${latchkey.issuer}/sign-up`, { headers: { 'accept-language': 'de' } })
    const asked = await start.submit({ email: person.email })
    const page = await asked.submit({ code: await codeSentTo(latchkey, person.email) })
    const judge = async (password: string) => {
      const path = page.find('[data-judge]')?.attributes['data-judge'] ?? ''
      return (await person.browser.post(`${latchkey.issuer}${path}`, { password })).json()
    }
    const weak = [
      '1987-12-31',
      'password',
      'k#9Xp2!',
      `${person.email.split('@')[0]} plum`,
      'plum anchor violin '.repeat(7),
    ]
    for (const password of weak) {
      const { score, text } = await judge(password)
      const refused = await page.submit({ password })
      expect(refused.alerts, password).to.deep.equal([text])
      expect(score, password).to.be.below(3)
    }
    expect((await judge('1987-12-31')).text).to.match(/^Daten und Jahreszahlen sind leicht zu erraten/)
    expect(await judge('plum anchor violin')).to.deep.equal({ score: 4, text: 'Stark: sehr schwer zu erraten' })
  })
})
