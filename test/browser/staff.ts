import { expect } from 'chai'
import { credentialsDeclaration } from '../../src/accounts/credential.ts'
import { type Role, roles } from '../../src/accounts/role.ts'
import { identityAt } from '../support/identity.ts'
import type { Running } from '../support/latchkey.ts'
import { device, sees, signedIn, type Visitor } from './visitor.ts'

/** What staff do in their browsers, at one Latchkey. */
export function staffAt(latchkey: Running) {
  const of = identityAt(latchkey)

  /** Somebody becomes one of the staff and adds a passkey: their account is open then. Resolves to their email address. */
  const joins = async (who: Visitor, role: Role): Promise<string> => {
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
    return clerk.email
  }

  /** The same, and they open the staff area from their account. */
  const enters = async (who: Visitor, role: Role): Promise<string> => {
    const email = await joins(who, role)
    await who.follow('Staff area')
    await sees(who, 'Use your passkey')
    await who.page.getByText('You’re opening the staff area').waitFor()
    await who.press('Use a passkey')
    await sees(who, 'Staff')
    return email
  }

  /** Opens the page of a person by searching for them. */
  const finds = async (who: Visitor, email: string) => {
    await who.follow('People')
    await sees(who, 'People')
    await who.type('Search for people', email)
    await who.press('Search')
    await who.follow(email)
    await sees(who, email)
  }

  /** Follows a link to what asks for a reason, gives one and presses its button. */
  const acts = async (who: Visitor, act: string, button = act) => {
    await who.follow(act)
    await sees(who, act)
    await who.type('Reason', 'She called from the number that we know.')
    await who.page.locator('[data-confirm]').getByText(button).click()
    await who.page.getByRole('status').waitFor()
  }

  /** Does something in the browser that is refused with this status and this sentence, and comes back to the page from which it was done. */
  const refused = async (who: Visitor, tried: () => Promise<unknown>, status: number, sentence: string) => {
    const from = who.page.url()
    const answered = who.page.waitForResponse(answer => answer.request().isNavigationRequest())
    await Promise.all([answered, tried()])
    expect((await answered).status(), who.page.url()).to.equal(status)
    await who.page.getByRole('alert').getByText(sentence).waitFor()
    // The browser reports the status as well: that is expected here, and nothing else is.
    const failed = new RegExp(`^Failed to load resource: the server responded with a status of ${status} `)
    expect(who.complaints.splice(0).filter(each => !failed.test(each))).to.deep.equal([])
    await who.page.goto(from)
  }
  const byRole = 'Your role doesn’t allow this.'

  return {
    of,
    joins,
    enters,
    finds,
    acts,
    /** Opens an address that is not for their role. */
    mayNotOpen: (who: Visitor, path: string) =>
      refused(who, () => who.page.goto(`${latchkey.issuer}${path}`), 403, byRole),
    /** Posts to an address from the page where they are, with a form that the page does not have. */
    mayNotPost: (who: Visitor, path: string, given: Record<string, string>, status = 403, sentence = byRole) =>
      refused(who, () => who.page.evaluate(posting(path, given)), status, sentence),
  }
}

/** Returns the script that adds a form to a page and sends it, as somebody with developer tools would. */
function posting(path: string, given: Record<string, string>): string {
  return `{
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: ${JSON.stringify(path)}, hidden: true })
    for (const [name, value] of ${JSON.stringify(Object.entries(given))})
      form.append(Object.assign(document.createElement('input'), { name, value }))
    document.body.append(form)
    form.requestSubmit()
  }`
}
