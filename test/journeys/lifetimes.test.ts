import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import type { Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

const minute = 60_000

describe('how long a session lives', () => {
  const latchkey = whileTesting(() =>
    startLatchkey({ environment: { LATCHKEY_SESSION_IDLE: '20', LATCHKEY_SESSION_MAX: '60' } }),
  )
  const at = securityAt(latchkey)

  const inAfter = (person: Person, minutes: number): Promise<boolean> => {
    latchkey.clock.pass(minutes * minute)
    return at.isIn(person)
  }

  it('is what the operator says, where nobody uses it', async () => {
    const ada = await at.joined()
    expect(await inAfter(ada, 19)).to.equal(true)
    expect(await inAfter(ada, 21)).to.equal(false)
  })

  it('is what the operator says, however much it is used', async () => {
    const ada = await at.joined()
    for (let each = 0; each < 3; each++) expect(await inAfter(ada, 19)).to.equal(true)
    expect(await inAfter(ada, 4)).to.equal(false)
  })
})
