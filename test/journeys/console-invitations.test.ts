import { expect } from 'chai'
import { adminApiServed, type Member } from '../support/admin-api.ts'
import { usePasskey } from '../support/security.ts'

const day = 86_400_000
const reason = 'Contract 4712'
const shop = {
  ...{ client_name: 'Shop', redirect_uris: ['https://shop.example/callback'], grant_types: ['authorization_code'] },
  token_endpoint_auth_method: 'client_secret_post',
}

describe('invitations in the staff area and the admin API', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let ada: Member
  before(async () => {
    here = await adminApiServed(() => [], { LATCHKEY_REGISTRATION: 'token' })
    ada = await here.member('admin')
  })
  after(() => here.stop())

  const open = async ({ person, device }: Member, path: string) => {
    const page = await person.browser.get(`${here.issuer}${path}`)
    return page.find('[data-passkey]') ? usePasskey(person, page, device) : page
  }
  type Shown = Awaited<ReturnType<typeof open>>
  const register = async (bearer: string) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
    const answer = await fetch(`${here.issuer}/register`, { method: 'POST', headers, body: JSON.stringify(shop) })
    const body = (await answer.json()) as Record<string, string>
    here.latchkey.keepOut(...[body.client_secret, body.registration_access_token].filter(each => each !== undefined))
    return { status: answer.status, body }
  }
  const tokenOn = (page: Shown) => {
    const token = page.find('[data-invitation-token]')?.text ?? expect.fail(page.text)
    here.latchkey.keepOut(token)
    return token
  }
  const invited = async (uses = '1', days = '7') =>
    tokenOn(await (await open(ada, '/admin/new-invitation')).submit({ policy: 'third-party', uses, days, reason }))
  const events = async (name: string) => {
    const { body } = await here.ask(await here.asService('robot'), 'GET', `/audit?event=${name}`)
    return (body.entries as { data: Record<string, unknown> }[]).map(({ data }) => data)
  }

  it('are made for a policy, a number of apps and a time; the token is shown once, and registers that many', async () => {
    const token = await invited('2', '14')
    const answers = [await register(token), await register(token), await register(token)]
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 201, 401])
    const page = await open(ada, '/admin/invitations')
    const [first] = page.all('[data-invitation]')
    expect(first?.attributes['data-state']).to.equal('used-up')
    expect(page.text).to.include(ada.person.email).and.not.include(token)
    const id = first?.attributes['data-invitation']
    expect((await events('client.invited'))[0]).to.include({ invitation: id, staff: ada.account, reason, uses: 2 })
    const registered = await events('client.registered')
    expect(registered.slice(0, 2).map(({ invitation }) => invitation)).to.deep.equal([id, id])
  })

  it('are refused from when they are revoked, on a page that asks why', async () => {
    const token = await invited()
    const listed = await open(ada, '/admin/invitations')
    const id = listed.find('[data-state=open]')?.attributes['data-invitation'] ?? expect.fail(listed.text)
    const asked = await open(ada, `/admin/invitations/${id}/revoke`)
    expect(asked.find('[data-confirm]')?.text).to.equal('Revoke')
    expect(asked.find('[data-cancel]')?.attributes.href).to.equal('/admin/invitations')
    expect((await asked.submit({ reason: ' ' })).status).to.equal(422)
    const done = await asked.submit({ reason })
    expect(done.find('[role=status]')?.text).to.include('The invitation is revoked.')
    expect(done.find(`[data-invitation="${id}"]`)?.attributes['data-state']).to.equal('revoked')
    expect((await register(token)).status).to.equal(401)
    expect(await events('invitation.revoked')).to.deep.equal([
      { invitation: id, policy: 'third-party', staff: ada.account, reason },
    ])
    expect((await asked.submit({ reason })).status).to.equal(409)
  })

  it('are shown with the apps that came by them, which staff disable, enable and remove', async () => {
    const token = await invited()
    const { body } = await register(token)
    const id = body.client_id ?? expect.fail('it did not register')
    const { grant_types } = body
    const path = `/admin/apps/${id}`
    const works = async () => {
      const headers = { authorization: `Bearer ${body.registration_access_token}` }
      return (await fetch(String(body.registration_client_uri), { headers })).status
    }
    expect(grant_types).to.deep.equal(['authorization_code'])
    const page = await open(ada, path)
    expect(page.find('[data-source]')?.attributes['data-source']).to.equal('registration')
    expect(page.find('[data-invitation]')?.text).to.include(ada.person.email)
    expect(page.text).to.include('third-party')
    for (const act of ['change', 'rotate']) expect((await open(ada, `${path}/${act}`)).status, act).to.equal(404)
    const off = await (await open(ada, `${path}/disable`)).submit({ reason })
    expect([off.text.includes('The app is disabled.'), await works()]).to.deep.equal([true, 401])
    await (await open(ada, `${path}/enable`)).submit({ reason })
    expect(await works()).to.equal(200)
    const asked = await open(ada, `${path}/remove`)
    expect(asked.find('[data-confirm]')?.text).to.equal('Remove')
    const gone = await asked.submit({ reason })
    expect(gone.find('[role=status]')?.text).to.include('The app is removed.')
    expect([(await open(ada, path)).status, await works()]).to.deep.equal([404, 401])
    for (const name of ['app.disabled', 'app.enabled', 'app.removed'])
      expect(await events(name)).to.deep.include({ app: id, staff: ada.account, reason })
    for (const other of ['robot', 'nobody']) {
      expect((await open(ada, `/admin/apps/${other}/remove`)).status).to.equal(404)
      const posted = await ada.person.browser.post(`${here.issuer}/admin/apps/${other}/remove`, { reason })
      expect(posted.status).to.equal(404)
    }
    const robot = await here.asService('robot')
    const byProgram = await here.ask(robot, 'POST', `/apps/robot/remove`, { body: { reason } })
    expect([byProgram.status, byProgram.body.code]).to.deep.equal([404, 'not_found'])
  })

  it('are checked beside the field, and nothing typed is lost', async () => {
    const form = await open(ada, '/admin/new-invitation')
    for (const [name, typed] of [
      ['uses', '0'],
      ['uses', '1.5'],
      ['uses', 'many'],
      ['days', '366'],
      ['days', ''],
      ['reason', ' '],
    ] as const) {
      const page = await form.submit({ policy: 'third-party', uses: '3', days: '9', reason, [name]: typed })
      expect([page.status, page.find(`#${name}-error`) !== undefined], `${name} ${typed}`).to.deep.equal([422, true])
      if (name !== 'uses') expect(page.find('#uses')?.attributes.value).to.equal('3')
    }
  })

  it('are made and revoked by programs, once for each idempotency key, and listed a page at a time', async () => {
    const robot = await here.asService('robot')
    const body = { uses: 3, days: 30, reason }
    const headers = { 'idempotency-key': 'invite-once' }
    const made = await here.ask(robot, 'POST', '/invitations', { body, headers })
    expect(made.body.invitation).to.include({ policy: 'third-party', uses: 3, of: 3, state: 'open', client: 'robot' })
    expect((await here.ask(robot, 'POST', '/invitations', { body, headers })).body).to.deep.equal(made.body)
    here.latchkey.keepOut(made.body.token)
    expect((await register(made.body.token)).status).to.equal(201)
    const { id } = made.body.invitation
    const one = await here.ask(robot, 'GET', `/invitations/${id}`)
    expect(one.body).to.include({ uses: 2, of: 3 })
    expect(one.body.allows.grant_types).to.deep.equal(['authorization_code', 'refresh_token'])
    const revoked = await here.ask(robot, 'POST', `/invitations/${id}/revoke`, { body: { reason } })
    expect(revoked.body).to.include({ state: 'revoked', uses: 0 })
    const again = await here.ask(robot, 'POST', `/invitations/${id}/revoke`, { body: { reason } })
    expect([again.status, again.body.code]).to.deep.equal([409, 'conflict'])
    const wrong = await here.ask(robot, 'POST', '/invitations', { body: { ...body, uses: 10_001 } })
    expect([wrong.status, wrong.body.errors[0].name]).to.deep.equal([422, 'uses'])
    for (let each = 0; each < 50; each++)
      here.latchkey.keepOut((await here.ask(robot, 'POST', '/invitations', { body: { reason } })).body.token)
    const first = (await here.ask(robot, 'GET', '/invitations')).body
    const rest = (await here.ask(robot, 'GET', `/invitations?cursor=${first.next}`)).body
    expect(first.registration).to.equal('token')
    const all = [...first.invitations, ...rest.invitations]
    const ids = all.map(each => each.id)
    expect([ids.length, new Set(ids).size, rest.next]).to.deep.equal([54, 54, undefined])
    expect(JSON.stringify(all)).to.not.include(made.body.token)
  })

  it('expire, and are shown as that for a month', async () => {
    const token = await invited('1', '1')
    here.latchkey.clock.pass(day + 1)
    expect((await register(token)).status).to.equal(401)
    await here.latchkey.sweep()
    const tallied = (await events('refusals.tallied')).map(({ event, type }) => `${event} ${type}`)
    for (const type of ['used-up', 'revoked', 'expired']) expect(tallied).to.include(`registration.turned-away ${type}`)
    const { body } = await here.ask(await here.asService('robot'), 'GET', '/invitations?limit=')
    expect(body.errors).to.deep.equal([{ name: 'limit', detail: 'is not known' }])
    const page = await open(ada, '/admin/invitations')
    const last = await open(
      ada,
      `/admin/invitations${page.find('[rel=next]')?.attributes.href?.split('invitations')[1]}`,
    )
    const [over] = last.all('[data-state=expired]')
    const path = `/invitations/${over?.attributes['data-invitation']}`
    const robot = await here.asService('robot')
    expect((await here.ask(robot, 'GET', path)).body.state).to.equal('expired')
    here.latchkey.clock.pass(30 * day)
    expect((await here.ask(robot, 'GET', path)).status).to.equal(404)
  })

  for (const role of ['viewer', 'support', 'security'] as const)
    it(`can be looked at by ${role}, and by nobody below admin made or revoked`, async () => {
      const who = await here.member(role)
      const page = await open(who, '/admin/invitations')
      expect([page.status, page.text.includes('New invitation')]).to.deep.equal([200, false])
      expect(page.all('a').some(({ attributes: { href = '' } }) => href.endsWith('/revoke'))).to.equal(false)
      const policies = await open(who, '/admin/policies')
      expect(policies.find('[data-policy=third-party]')?.text).to.include('Default').and.include('authorization_code')
      const apis = await open(who, '/admin/apis')
      expect(apis.all('[data-api]').map(each => each.attributes['data-source'])).to.deep.equal(['file', 'default'])
      const api = await open(who, `/admin/apis/${encodeURIComponent(here.other)}`)
      const asking = api.all('[data-app]').map(each => each.attributes['data-app'])
      expect(asking).to.deep.equal(['robot', 'desk'])
      expect((await open(who, '/admin/apis/nothing')).status).to.equal(404)
      const robot = await here.asService('robot')
      const made = await here.ask(robot, 'POST', '/invitations', { body: { reason } })
      here.latchkey.keepOut(made.body.token)
      for (const path of ['/admin/new-invitation', `/admin/invitations/${made.body.invitation.id}/revoke`]) {
        expect((await open(who, path)).status, path).to.be.oneOf([403, 404])
        const posted = await who.person.browser.post(`${here.issuer}${path}`, { uses: '1', days: '7', reason })
        expect(posted.status, path).to.be.oneOf([403, 404])
      }
      const { status, body } = await register(made.body.token)
      expect(status).to.equal(201)
      const own = await open(who, `/admin/apps/${body.client_id}`)
      expect([own.status, own.all('a').filter(({ text }) => text === 'Remove')]).to.deep.equal([200, []])
      for (const act of ['disable', 'remove']) {
        const path = `/admin/apps/${body.client_id}/${act}`
        expect((await open(who, path)).status, path).to.be.oneOf([403, 404])
        const posted = await who.person.browser.post(`${here.issuer}${path}`, { reason })
        expect(posted.status, path).to.be.oneOf([403, 404])
      }
      expect((await open(who, `/admin/apps/${body.client_id}`)).text).to.not.include('Disabled')
    })

  it('are nothing to people who are not of the staff', async () => {
    const who = await here.member()
    for (const path of ['/admin/invitations', '/admin/new-invitation', '/admin/policies', '/admin/apis'])
      expect((await who.person.browser.get(`${here.issuer}${path}`)).status, path).to.equal(404)
    const posted = await who.person.browser.post(`${here.issuer}/admin/new-invitation`, {
      uses: '1',
      days: '7',
      reason,
    })
    expect(posted.status).to.equal(404)
  })
})
