import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { failing } from '../support/failing.ts'
import { browser, running } from '../support/provider.ts'
import { testStore } from '../support/store.ts'

describe('sessions that are begun beside what entitles to them', () => {
  it('give nobody their cookie where nothing entitles to them, even while they cannot be ended', async () => {
    const broken = failing(await testStore())
    const latchkey = await running({ store: broken.store })
    for (const dead of [false, true]) {
      const given = browser()
      latchkey.proof.entitled = async () => {
        await wait(50)
        if (dead) broken.failAt(0, { after: false, dead })
        throw new Error('not entitled')
      }
      const { headers } = await given.get(`${latchkey.issuer}/start`)
      broken.heal()
      const cookies = await given.cookies.getCookies(latchkey.issuer)
      expect(
        cookies.map(({ key }) => key),
        String(headers.get('set-cookie')),
      ).not.to.include('latchkey_session')
      expect((await given.get(`${latchkey.issuer}/mine`)).json()).to.deep.equal({})
    }
    expect(latchkey.of('session.started')).to.have.lengthOf(2)
    expect(latchkey.of('session.ended')).to.have.lengthOf(1)
    await latchkey.close()
  })
})
