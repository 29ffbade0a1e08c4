import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { credentialsDeclaration } from '../../src/accounts/credential.ts'
import { type Role, roles } from '../../src/accounts/role.ts'
import { identityAt } from '../support/identity.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { device, openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

describe('in a browser, two of the staff with passkeys', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(startLatchkey)
  const of = identityAt(latchkey)

  const sees = async (who: Visitor, heading: string) => {
    await who.sees(heading)
    await openToEverybody(who)
  }

  /** Somebody becomes one of the staff, adds a passkey and opens the staff area from their account. */
  const enters = async (who: Visitor, role: Role): Promise<string> => {
    const clerk = await of.at.joined()
    const id = await of.idOf(clerk.email)
    await roles({ store: latchkey.store, now: latchkey.clock.now }).give(id, role)
    await signedIn(who, clerk, latchkey.issuer)
    await who.page.goto(`${latchkey.issuer}/account/security`)
    await device(who)
    await who.page.locator('button[data-factor=passkey]').click()
    await who.sees('Sign in faster with a passkey')
    await who.press('Create a passkey')
    await who.sees('Security')
    // As if it had been added long ago.
    const held = latchkey.store.collection(credentialsDeclaration)
    for (const each of await held.find({ account: id })) await held.patch(each.id, { addedUnder: undefined })
    await who.page.goto(`${latchkey.issuer}/account`)
    await who.follow('Staff area')
    await sees(who, 'Use your passkey')
    await who.press('Use a passkey')
    await sees(who, 'Staff')
    return clerk.email
  }

  it('mark an account as compromised, and lift its hold again: one proposes it, and the other confirms it', () =>
    visit(first =>
      visit(async second => {
        const ada = await of.at.joined()
        const grace = await enters(first, 'security')
        await first.follow('People')
        await sees(first, 'People')
        await first.type('Search for people', ada.email)
        await first.press('Search')
        await first.follow(ada.email)
        await sees(first, ada.email)
        const acts = async (who: Visitor, act: string, button: string) => {
          await who.follow(act)
          await sees(who, act)
          await who.type('Reason', 'She called from the number that we know.')
          await who.page.locator('[data-confirm]').getByText(button).click()
        }
        await acts(first, 'Mark as compromised', 'Mark as compromised')
        await first.page.getByRole('status').waitFor()
        expect(await first.page.locator('[data-hold]').count()).to.equal(1)
        await first.follow('Lift hold')
        await first.page.locator('[data-cancel]').click()
        await sees(first, ada.email)
        await acts(first, 'Lift hold', 'Propose')
        await first.page.getByRole('status').waitFor()

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
