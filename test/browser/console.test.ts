import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { staffAt } from './staff.ts'
import { sees, visit } from './visitor.ts'

describe('in a browser, two of the staff with passkeys', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(startLatchkey)
  const { of, enters, finds, acts } = staffAt(latchkey)

  it('mark an account as compromised, and lift its hold again: one proposes it, and the other confirms it', () =>
    visit(first =>
      visit(async second => {
        const ada = await of.at.joined()
        const grace = await enters(first, 'security')
        await finds(first, ada.email)
        await acts(first, 'Mark as compromised')
        expect(await first.page.locator('[data-hold]').count()).to.equal(1)
        await first.follow('Lift hold')
        await first.page.locator('[data-cancel]').click()
        await sees(first, ada.email)
        await acts(first, 'Lift hold', 'Propose')

        await enters(second, 'admin')
        await second.page.getByRole('navigation').getByRole('link', { name: 'Proposals' }).click()
        await sees(second, 'Proposals')
        await second.follow('Lift hold')
        await sees(second, 'Confirm a proposal')
        await second.page.getByText(grace).first().waitFor()
        await second.type('Reason', 'I called back, it was her.')
        await second.page.locator('[data-confirm]').click()
        await second.page.getByRole('status').waitFor()
        const owner = await accounts(latchkey.store).byEmail(ada.email)
        expect(owner?.holdUntil).to.equal(undefined)
        const told = await latchkey.outbox(ada.email)
        expect(told.filter(({ text }) => text.includes('Our staff')).length).to.be.at.least(2)
      }),
    ))
})
