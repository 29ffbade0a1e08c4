import { expect } from 'chai'
import { deviceGround, devices } from '../conformance/devices.ts'
import type { Answer, Ground } from '../conformance/ground.ts'
import { shopGround, shops } from '../conformance/shops.ts'
import { jar } from '../support/jar.ts'
import { type Person, signIn } from '../support/people.ts'
import { sometimesSlow } from '../support/store.ts'

const ten = Array.from({ length: 10 }, (_, index) => index)

/** How many got tokens; each of the others was told that somebody else did. */
const winners = (answers: readonly Answer[]): Answer[] => {
  const [won, lost] = [answers.filter(each => each.status === 200), answers.filter(each => each.status !== 200)]
  for (const { body } of lost) expect(body.error).to.equal('invalid_grant')
  return won
}

describe('what was asked from elsewhere, ten at once on a slow store', () => {
  let here: Ground
  let person: Person
  let lag = false
  const slowly = async <T>(act: () => Promise<T>): Promise<T> => {
    lag = true
    try {
      return await act()
    } finally {
      lag = false
    }
  }
  afterEach(() => here.stop())

  it('a device that polls ten times at once gets one token, which works', async () => {
    here = await deviceGround(store => sometimesSlow(store, 15, () => lag))
    person = await here.person()
    const { ask, enter, letIn, poll } = devices(here, person)
    const { body } = await ask()
    await letIn(await enter(body.user_code))
    const [won, ...more] = winners(await slowly(() => Promise.all(ten.map(() => poll(body.device_code)))))
    expect(more).to.deep.equal([])
    const userinfo = await here.get('userinfo', { authorization: `Bearer ${won?.body.access_token}` })
    expect(userinfo.status).to.equal(200)
  })

  it('of ten presses that let a device in or turn it away, one counts', async () => {
    here = await deviceGround(store => sometimesSlow(store, 15, () => lag))
    person = await here.person()
    const { ask, enter, poll } = devices(here, person)
    const { body } = await ask()
    const page = await enter(body.user_code)
    const press = (at: number) => page.submit({}, at % 2 === 0 ? 'Connect the device' : 'I didn’t start this')
    const pages = await slowly(() => Promise.all(ten.map(press)))
    const ends = pages.filter(each => /\/device\/(connected|refused)$/.test(each.url))
    expect(ends).to.have.length(1)
    const answer = await poll(body.device_code)
    expect(answer.status).to.equal(ends[0]?.url.endsWith('connected') ? 200 : 400)
  })

  it('two people who enter one code at once do not share the device', async () => {
    here = await deviceGround(store => sometimesSlow(store, 15, () => lag))
    person = await here.person()
    const other = await here.person()
    const { ask, enter, poll } = devices(here, person)
    const { body } = await ask()
    const pages = [await enter(body.user_code), await enter(body.user_code, other)]
    const done = await slowly(() => Promise.all(pages.map(each => each.submit({}, 'Connect the device'))))
    const first = done.findIndex(each => each.url.endsWith('/device/connected'))
    expect(done.filter(each => each.url.endsWith('/device/connected'))).to.have.length(1)
    const { body: tokens } = await poll(body.device_code)
    const userinfo = await here.get('userinfo', { authorization: `Bearer ${tokens.access_token}` })
    const winner = first === 0 ? person : other
    const { body: own } = await here.tokens('desk', winner.browser)
    expect(userinfo.body.sub).to.equal((await here.verified(own.id_token)).sub)
  })

  it('an app that polls ten times at once gets one token, of ten presses in two browsers', async () => {
    here = await shopGround(undefined, store => sometimesSlow(store, 15, () => lag))
    person = await here.person()
    const { ask, approvals, poll } = shops(here, person)
    const second = { ...person, browser: jar() }
    await signIn(here.latchkey, second, await second.browser.get(`${here.issuer}/sign-in`))
    const { body } = await ask()
    const pages = [await approvals(), await approvals(second)]
    const press = (at: number) => pages[at % 2]?.submit({}, 'Approve')
    const done = await slowly(() => Promise.all(ten.map(press)))
    expect(done.filter(each => each?.find('[role=status]')?.text.includes('Request approved'))).to.have.length(1)
    expect(winners(await slowly(() => Promise.all(ten.map(() => poll(body.auth_req_id)))))).to.have.length(1)
  })

  it('ten requests at once ask a person five times', async () => {
    here = await shopGround(undefined, store => sometimesSlow(store, 15, () => lag))
    person = await here.person()
    const { ask } = shops(here, person)
    const answers = await slowly(() => Promise.all(ten.map(() => ask())))
    expect(answers.filter(each => each.status === 200)).to.have.length(5)
    expect(answers.filter(each => each.status === 403)).to.have.length(5)
  })
})
