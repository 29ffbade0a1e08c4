import { expect } from 'chai'
import type { Records } from '../../src/records/adapter.ts'
import { type Consents, consents as consentsOf } from '../../src/records/consents.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

describe('consents on a slow store', () => {
  let store: Store
  let consents: Consents
  beforeEach(async () => {
    store = await testStore()
    const records = { grantsOf: async () => [], revokeGrant: async () => {} } as unknown as Records
    consents = consentsOf(slow(store, 5), records, () => 1_000)
  })
  afterEach(() => store.close())

  const allow = (scope: string) => consents.add('ada', 'shop', { oidc: [scope], apis: { [scope]: [scope] } })
  const allowed = async () => [...((await consents.of('ada', 'shop'))?.oidc ?? [])].sort()

  it('keep everything that is allowed at once', async () => {
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(allow))
    expect(await allowed()).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    expect(Object.keys((await consents.of('ada', 'shop'))?.apis ?? {}).sort()).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
  })

  it('are forgotten once the app looks different, and begin anew', async () => {
    const as = (shown: string | undefined, scope: string) =>
      consents.add('ada', 'shop', { oidc: [scope], apis: {} }, shown)
    await as('one', 'openid')
    await as('one', 'email')
    expect((await consents.of('ada', 'shop', 'one'))?.oidc).to.deep.equal(['openid', 'email'])
    for (const other of ['other', undefined]) expect(await consents.of('ada', 'shop', other)).to.equal(undefined)
    await as('other', 'phone')
    expect((await consents.of('ada', 'shop', 'other'))?.oidc).to.deep.equal(['phone'])
    expect(await consents.of('ada', 'shop', 'one')).to.equal(undefined)
  })

  it('of two looks at once are of one of them', async () => {
    await Promise.all(['one', 'two'].map(shown => consents.add('ada', 'shop', { oidc: [shown], apis: {} }, shown)))
    const left = await Promise.all(['one', 'two'].map(shown => consents.of('ada', 'shop', shown)))
    expect(left.filter(each => each !== undefined)).to.have.lengthOf(1)
    for (const each of left) if (each) expect(each.oidc).to.have.lengthOf(1)
  })

  const tell = (...attributes: string[]) => consents.add('ada', 'shop', { oidc: [], apis: {}, attributes })
  const told = async () => {
    const { attributes = [], withheld = [] } = (await consents.of('ada', 'shop')) ?? {}
    return [[...attributes].sort(), [...withheld].sort()]
  }

  it('keep apart what an app may be told, what is withheld from it and what nobody was asked about', async () => {
    await tell('tier')
    await Promise.all([tell('country'), allow('a'), consents.withhold('ada', 'shop', 'tier')])
    expect(await told()).to.deep.equal([['country'], ['tier']])
    expect(await allowed()).to.deep.equal(['a'])
    for (const each of ['tier', 'nothing', 'a', 'constructor'])
      expect(await consents.withhold('ada', 'shop', each), each).to.equal(false)
    for (const [account, client] of [
      ['eve', 'shop'],
      ['ada', 'bank'],
    ] as const)
      expect(await consents.withhold(account, client, 'country')).to.equal(false)
    await tell('tier')
    expect(await told()).to.deep.equal([['country', 'tier'], []])
  })

  it('withhold an attribute once, of ten who do so at once, and never for ever', async () => {
    await tell('tier', 'country')
    const done = await Promise.all(Array.from({ length: 10 }, () => consents.withhold('ada', 'shop', 'tier')))
    expect(done.filter(Boolean)).to.have.lengthOf(1)
    await consents.revoke('ada', 'shop')
    expect(await consents.withhold('ada', 'shop', 'country')).to.equal(false)
    await tell('country')
    expect(await told()).to.deep.equal([['country'], []])
  })

  it('forget what an app may be told with all else, once it looks different', async () => {
    await tell('tier', 'country')
    await consents.withhold('ada', 'shop', 'tier')
    await consents.add('ada', 'shop', { oidc: ['openid'], apis: {} }, 'other')
    expect(await consents.of('ada', 'shop', 'other')).to.deep.include({ attributes: [], withheld: [] })
  })

  it('bring nothing back that was taken back while more was allowed', async () => {
    await allow('before')
    await Promise.all([allow('more'), consents.revoke('ada', 'shop')])
    expect(await allowed()).to.not.include('before')
  })
})
