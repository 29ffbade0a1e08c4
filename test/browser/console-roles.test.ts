import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { type Role, roles } from '../../src/accounts/role.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { staffAt } from './staff.ts'
import { sees, type Visitor, visit } from './visitor.ts'

const reason = 'She called from the number that we know.'
const everywhere = [
  ...['Staff', 'People', 'Proposals', 'Identity checks', 'Apps', 'Audit log', 'Webhooks', 'Roles'],
  ...['Signing keys', 'Settings'],
]

describe('in a browser, what one of the staff sees and does depends on their role:', function () {
  this.timeout(90_000)
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_REGISTRATION: 'token' } }))
  const { of, enters, finds, acts, mayNotOpen, mayNotPost } = staffAt(latchkey)
  const kept = async (email: string) => (await accounts(latchkey.store).byEmail(email)) ?? expect.fail(email)
  const held = async (email: string) =>
    roles({ store: latchkey.store, now: latchkey.clock.now }).held((await kept(email)).id)

  /** What is in the bar of the staff area. */
  const places = (who: Visitor) =>
    who.page.getByRole('navigation', { name: 'Staff area' }).getByRole('link').allInnerTexts()
  /** What can be done to the person whose page is open. */
  const choices = (who: Visitor) => who.page.locator('[data-act]').allInnerTexts()
  const has = (who: Visitor, button: string) =>
    who.page
      .getByRole('button', { name: button })
      .or(who.page.getByRole('link', { name: button }))
      .count()

  /** Somebody with this role opens the page of a person; all of them see the same bar. */
  const opensPerson = async (who: Visitor, role: Role) => {
    const person = await of.at.joined()
    const own = await enters(who, role)
    expect(await places(who)).to.deep.equal(everywhere)
    await finds(who, person.email)
    return { ada: person, own, id: (await kept(person.email)).id }
  }

  /** The form of a new app says what is wrong beside the field while somebody types, and takes it back, without being sent. */
  const checksWhileTyping = async (who: Visitor) => {
    await who.follow('Apps')
    await who.follow('New app')
    await sees(who, 'New app')
    const said = (name: string) => who.page.locator(`#${name}-error[role=alert]`)
    for (const [label, name, wrong, right] of [
      ['Redirect URIs', 'redirect_uris', 'http://broker.example/', 'https://broker.example/callback'],
      ['Attributes in tokens', 'claims', 'groups = nothing', ''],
    ] as const) {
      const field = who.page.getByLabel(label, { exact: true })
      await field.fill(wrong)
      await said(name).waitFor()
      expect(await said(name).innerText()).to.include(wrong.split(' ').at(-1))
      expect(await field.getAttribute('aria-invalid')).to.equal('true')
      expect(await field.getAttribute('aria-describedby')).to.include(`${name}-error`)
      await field.fill(right)
      await said(name).waitFor({ state: 'detached' })
      expect(await field.getAttribute('aria-invalid')).to.equal(null)
    }
    // Nobody is told of a field that they have not come to yet.
    expect(await said('client_name').count()).to.equal(0)
    expect(await who.page.getByLabel('Redirect URIs', { exact: true }).inputValue()).to.include('https://broker')
  }

  const shop = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'], token_endpoint_auth_method: 'none' }
  /** An app registers itself with the token of an invitation; resolves to its status and its id. */
  const registers = async (token: string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${latchkey.issuer}/register`, { method: 'POST', headers, body: JSON.stringify(shop) })
    const { client_id = '', registration_access_token } = (await answer.json()) as Record<string, string>
    if (registration_access_token !== undefined) latchkey.keepOut(registration_access_token)
    return { status: answer.status, id: client_id }
  }

  /** An administrator invites an app, removes the one that came, and revokes the invitation. */
  const invitesAndRevokes = async (who: Visitor) => {
    await who.follow('Apps')
    await sees(who, 'Apps')
    await who.follow('Invitations')
    await sees(who, 'Invitations')
    await who.follow('New invitation')
    await sees(who, 'New invitation')
    await who.type('Number of apps', '0')
    await who.type('Reason', reason)
    await who.press('Create invitation')
    await who.page.getByRole('alert').getByText('Enter a whole number from 1 to 10,000.').waitFor()
    who.complaints.splice(0)
    await who.type('Number of apps', '2')
    await who.press('Create invitation')
    await sees(who, 'The invitation is ready')
    const token = await who.page.locator('[data-invitation-token]').innerText()
    latchkey.keepOut(token)
    const { status, id } = await registers(token)
    expect(status).to.equal(201)
    await who.page.goto(`${latchkey.issuer}/admin/apps/${id}`)
    await sees(who, 'Shop')
    await who.follow('Remove')
    await sees(who, 'Remove app')
    await who.type('Reason', reason)
    await who.page.locator('[data-confirm]').click()
    await who.page.getByRole('status').getByText('The app is removed.').waitFor()
    await who.follow('Invitations')
    await who.follow('Revoke')
    await sees(who, 'Revoke invitation')
    await who.type('Reason', reason)
    await who.page.locator('[data-confirm]').click()
    await who.page.getByRole('status').getByText('The invitation is revoked.').waitFor()
    expect((await registers(token)).status).to.equal(401)
  }

  /** Somebody who may only look finds invitations, policies and APIs, and nothing to press there. */
  const onlyLooksAtApps = async (who: Visitor) => {
    await who.follow('Apps')
    await sees(who, 'Apps')
    for (const place of ['Policies', 'APIs and scopes', 'Invitations']) {
      await who.follow(place)
      await sees(who, place)
      expect(await has(who, 'New invitation'), place).to.equal(0)
      if (place !== 'Invitations') await who.follow('All apps')
    }
    await mayNotOpen(who, '/admin/new-invitation')
    await mayNotPost(who, '/admin/new-invitation', { policy: 'third-party', uses: '1', days: '7', reason })
    await mayNotPost(who, '/admin/apps/nobody/remove', { reason })
    expect(await who.page.locator('[data-invitation]').count()).to.equal(0)
  }

  it('a viewer reads, and can change nothing', () =>
    visit(async who => {
      const { ada, id, own: viewer } = await opensPerson(who, 'viewer')
      await who.page.getByText('Authenticator app').first().waitFor()
      expect([await choices(who), await has(who, 'Save')]).to.deep.equal([[], 0])
      await mayNotOpen(who, `/admin/people/${id}/end-sessions`)
      await mayNotOpen(who, '/admin/audit.ndjson')
      await mayNotPost(who, `/admin/people/${id}/note`, { text: 'Nothing.' })
      await mayNotPost(who, `/admin/people/${id}/end-sessions`, { reason })
      await onlyLooksAtApps(who)
      await who.follow('Roles')
      await sees(who, 'Roles')
      expect(await has(who, 'Give role')).to.equal(0)
      await mayNotPost(who, '/admin/roles/give', { email: viewer, role: 'admin', reason })
      expect(await held(viewer)).to.deep.equal(['viewer'])
      expect((await ada.browser.get(`${latchkey.issuer}/account`)).h1, 'still signed in').to.not.equal('Sign in')
    }))

  it('support ends sessions and writes notes, and locks nobody out', () =>
    visit(async who => {
      const { ada, id } = await opensPerson(who, 'support')
      expect(await choices(who)).to.deep.equal(['End all sessions', 'Start identity check'])
      await acts(who, 'End all sessions')
      expect((await ada.browser.get(`${latchkey.issuer}/account`)).h1).to.equal('Sign in')
      await who.type('Add a note', reason)
      await who.press('Save')
      await who.page.getByRole('listitem').getByText(reason).first().waitFor()
      await mayNotOpen(who, `/admin/people/${id}/lock`)
      await mayNotPost(who, `/admin/people/${id}/lock`, { reason })
      await mayNotPost(who, `/admin/people/${id}/change-address`, { reason, email: 'eve@example.com' })
      expect((await kept(ada.email)).lock).to.equal(undefined)
      await onlyLooksAtApps(who)
      await who.follow('Audit log')
      await sees(who, 'Audit log')
      expect(await has(who, 'Verify')).to.equal(0)
      await mayNotPost(who, '/admin/audit/verify', {})
    }))

  it('security locks and unlocks, and has no say in apps, keys, roles or data', () =>
    visit(async who => {
      const { ada, id, own: grace } = await opensPerson(who, 'security')
      expect(await choices(who))
        .to.include('Lock account')
        .and.not.include('Export data')
      await acts(who, 'Lock account')
      expect((await kept(ada.email)).lock).to.not.equal(undefined)
      await mayNotOpen(who, `/admin/people/${id}/export`)
      await mayNotPost(who, `/admin/people/${id}/export`, { reason })
      await who.follow('Apps')
      await sees(who, 'Apps')
      expect(await has(who, 'New app')).to.equal(0)
      await mayNotOpen(who, '/admin/new-app')
      await mayNotPost(who, '/admin/new-app', { template: 'service', client_name: 'Mine', reason })
      expect(await who.page.getByText('Mine', { exact: true }).count()).to.equal(0)
      await onlyLooksAtApps(who)
      await who.follow('Signing keys')
      await sees(who, 'Signing keys')
      expect(await has(who, 'Rotate')).to.equal(0)
      await mayNotOpen(who, '/admin/keys/rotate')
      await mayNotPost(who, '/admin/keys/rotate', { reason })
      await mayNotPost(who, '/admin/roles/give', { email: grace, role: 'admin', reason })
      await who.follow('Audit log')
      await sees(who, 'Audit log')
      expect(await has(who, 'Verify')).to.equal(1)
      expect(await held(grace)).to.deep.equal(['security'])
    }))

  it('an administrator does the rest, but neither what takes two nor anything to themselves', () =>
    visit(async who => {
      const { ada, own } = await opensPerson(who, 'admin')
      for (const [place, button] of [
        ['Apps', 'New app'],
        ['Signing keys', 'Rotate'],
      ] as const) {
        await who.follow(place)
        await who.sees(place)
        expect(await has(who, button)).to.equal(1)
      }
      await checksWhileTyping(who)
      await invitesAndRevokes(who)
      await who.follow('Roles')
      const gives = async (role: Role) => {
        await who.type('Email', ada.email)
        await who.page.getByLabel('Role', { exact: true }).selectOption(role)
        await who.type('Reason', reason)
        await who.press('Give role')
      }
      await gives('viewer')
      await who.page.getByRole('status').waitFor()
      expect(await held(ada.email)).to.deep.equal(['viewer'])
      // A role that decides is only proposed, and the one who proposed it is not asked to confirm it.
      await gives('security')
      await who.page.getByRole('status').getByText('Proposed.').waitFor()
      await who.follow('Proposals')
      await who.follow('Give role')
      await sees(who, 'Confirm a proposal')
      expect([await has(who, 'Confirm'), await has(who, 'Withdraw')]).to.deep.equal([0, 1])
      const { pathname } = new URL(who.page.url())
      await mayNotPost(who, `${pathname}/confirm`, { reason }, 403, 'A second member of staff must confirm this.')
      expect(await held(ada.email)).to.deep.equal(['viewer'])
      await finds(who, own)
      expect(await choices(who)).to.deep.equal([])
      const { id } = await kept(own)
      await mayNotPost(who, `/admin/people/${id}/lift-hold`, { reason }, 403, 'your own account')
      await mayNotPost(who, `/admin/roles/${id}/admin`, { reason }, 409, 'administrator')
      expect(await held(own)).to.deep.equal(['admin'])
    }))
})
