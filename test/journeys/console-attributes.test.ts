import { expect } from 'chai'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { usePasskey } from '../support/security.ts'

const shop = {
  ...{ client_id: 'constructor', client_name: 'Shop', token_endpoint_auth_method: 'none', first_party: true },
  ...{ redirect_uris: ['https://shop.example/callback'], roles: ['trader', 'auditor'] },
  claims: { tier: { from: 'kyc_tier' } },
}
const attributes = [
  { attribute: 'kyc_tier', type: 'integer' },
  { attribute: 'jurisdiction', values: ['AT', 'DE'] },
]

describe('attributes and roles in the staff area', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let [ada, security, person] = [] as unknown as [Member, Member, Member]
  let base: string
  before(async () => {
    here = await adminApiServed(() => [shop], {}, attributes)
    ada = await here.member('admin')
    security = await here.member('security')
    person = await here.member()
    base = `/admin/people/${person.account}`
  })
  after(() => here.stop())

  const open = async ({ person, device }: Member, path: string) => {
    const page = await person.browser.get(`${here.issuer}${path}`)
    return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
  }
  const shown = async (what: string) => (await open(ada, base)).find(what)?.text

  it('are shown with a person, and set with a reason', async () => {
    expect(await shown('[data-attribute=kyc_tier]')).to.include('Not set')
    const form = await open(ada, `${base}/attributes/kyc_tier`)
    expect([form.h1, form.find('[data-cancel]')?.attributes.href]).to.deep.equal(['Edit kyc_tier', base])
    const unexplained = await form.submit({ value: '2', reason: ' ' })
    expect([unexplained.status, unexplained.find('#value')?.attributes.value]).to.deep.equal([422, '2'])
    const done = await form.submit({ value: '2', reason: 'Passport checked' })
    expect(done.find('[role=status]')?.text).to.include('Saved.')
    expect(done.find('[data-attribute=kyc_tier]')?.text).to.include('2')
    await (await open(ada, `${base}/attributes/kyc_tier`)).submit({ value: '', reason: 'By mistake' })
    expect(await shown('[data-attribute=kyc_tier]')).to.include('Not set')
  })

  it('are refused beside the field where they do not fit, and nothing typed is lost', async () => {
    const form = await open(ada, `${base}/attributes/kyc_tier`)
    const page = await form.submit({ value: 'two', reason: 'Ticket 1' })
    expect([page.status, page.find('#value')?.attributes.value]).to.deep.equal([422, 'two'])
    expect(page.find('#value-error')?.text).to.include('This value doesn’t fit')
    expect(page.find('#reason')?.text).to.equal('Ticket 1')
  })

  it('of a choice are chosen, and roles are ticked', async () => {
    const choice = await open(ada, `${base}/attributes/jurisdiction`)
    expect(choice.all('input[type=radio]').map(({ attributes }) => attributes.value)).to.deep.equal(['', 'AT', 'DE'])
    await choice.submit({ value: 'DE', reason: 'Moved' })
    expect(await shown('[data-attribute=jurisdiction]')).to.include('DE')
    expect(await shown('[data-app-roles]')).to.include('Not set')
    const roles = await open(ada, `${base}/app-roles/constructor`)
    expect(roles.all('input[checked]')).to.deep.equal([])
    await roles.submit({ roles: 'auditor', reason: 'Hired' })
    expect(await shown('[data-app-roles]'))
      .to.include('auditor')
      .and.to.not.include('trader')
    const again = await open(ada, `${base}/app-roles/constructor`)
    expect(again.find('input[checked]')?.attributes.value).to.equal('auditor')
  })

  it('are read by staff of every role, and set by none below admin, nor on one’s own account', async () => {
    const seen = await open(security, base)
    expect(seen.find('[data-attribute=jurisdiction]')?.text).to.include('DE').and.to.not.include('Edit')
    const paths = ['attributes/kyc_tier', 'app-roles/constructor']
    for (const path of paths) {
      expect((await open(security, `${base}/${path}`)).status, path).to.equal(403)
      const given = { value: '9', roles: 'trader', reason: 'Mine' }
      expect((await security.person.browser.post(`${here.issuer}${base}/${path}`, given)).status, path).to.equal(403)
      const own = `${here.issuer}/admin/people/${ada.account}/${path}`
      expect((await ada.person.browser.post(own, given)).status, path).to.equal(403)
    }
    expect(await shown('[data-attribute=kyc_tier]')).to.include('Not set')
  })

  it('that are not declared have no page', async () => {
    for (const path of ['attributes/nothing', 'app-roles/robot', 'app-roles/nobody'])
      expect((await open(ada, `${base}/${path}`)).status, path).to.equal(404)
  })
})
