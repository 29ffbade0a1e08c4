import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

describe('what was typed wrong', () => {
  const latchkey = whileTesting(startLatchkey)
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
    for (let each = 0; each < 6; each += 1) page = await asked.submit({ code: '000000' })
    expect([page.status, page.h1]).to.deep.equal([403, 'Choose another way'])
  })
})
