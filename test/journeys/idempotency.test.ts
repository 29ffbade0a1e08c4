import { expect } from 'chai'
import { adminApiServed } from '../support/admin-api.ts'

describe('an Idempotency-Key', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let robot: string
  before(async () => {
    here = await adminApiServed()
    robot = await here.asService('robot')
  })
  after(() => here.stop())

  const create = (token: string, key: string, more: object = {}) =>
    here.ask(token, 'POST', '/apps', {
      headers: { 'idempotency-key': key },
      body: { template: 'service', client_id: `app-${key}`, client_name: 'Night shift', reason: 'Test', ...more },
    })

  it('gets the same answer again, secret included, and does it once', async () => {
    const first = await create(robot, 'one')
    expect(first.status).to.equal(200)
    expect(first.body.secret).to.match(/^[\w-]{43}$/)
    here.latchkey.keepOut(first.body.secret)
    expect((await create(robot, 'one')).body).to.deep.equal(first.body)
    const kept = JSON.stringify(await here.latchkey.store.collection({ name: 'admin_requests' } as never).find({}))
    expect(kept).not.to.include(first.body.secret)
  })

  it('is refused with another request, and with the same one at another address', async () => {
    expect((await create(robot, 'two')).status).to.equal(200)
    const other = await create(robot, 'two', { client_name: 'Day shift' })
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused'])
  })

  it('of another client is nothing to this one: its answer stays its own', async () => {
    const first = await create(robot, 'three')
    here.latchkey.keepOut(first.body.secret)
    const twin = await create(await here.asService('twin'), 'three')
    expect([twin.status, twin.body.code]).to.deep.equal([409, 'app_id_taken'])
    expect(JSON.stringify(twin.body)).not.to.include(first.body.secret)
  })

  it('makes one of several requests that come at once', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => create(robot, 'four')))
    const made = all.filter(({ status }) => status === 200)
    expect(made).not.to.deep.equal([])
    expect(new Set(made.map(({ body }) => body.secret)).size).to.equal(1)
    for (const { status, body } of all.filter(each => each.status !== 200))
      expect([status, body.code]).to.deep.equal([409, 'conflict'])
  })

  it('is free again after a request that failed, and after a day', async () => {
    expect((await create(robot, 'five', { client_id: 'No' })).body.code).to.equal('invalid_app_id')
    expect((await create(robot, 'five')).status).to.equal(200)
    here.latchkey.clock.pass(25 * 3_600_000)
    expect((await create(robot, 'five')).body.code).to.equal('app_id_taken')
  })

  it('is no longer than 200 visible characters', async () => {
    for (const key of ['a b', 'x'.repeat(201)])
      expect((await create(robot, key, { client_id: 'fine' })).body.code).to.equal('invalid_argument')
  })
})
