import { expect } from 'chai'
import { openStore } from '../../src/store/open.ts'
import { peopleRoom, someone } from '../support/people-store.ts'

const clients = {
  attributes: [
    { attribute: 'kyc_tier', type: 'integer' },
    { attribute: 'jurisdiction', values: ['AT', 'DE'] },
  ],
  apis: [],
  clients: [
    {
      ...{ client_id: 'shop', client_name: 'Shop', token_endpoint_auth_method: 'none', first_party: true },
      ...{ redirect_uris: ['https://shop.example/callback'], roles: ['trader'] },
    },
  ],
}

describe('latchkey people import and export, of attributes and former ids', () => {
  const { file, inFolder, lines, people, accounts } = peopleRoom()
  const declaring = () => ({ LATCHKEY_CLIENTS: file('clients.json', JSON.stringify(clients)) })
  const importing = (...records: object[]) => people(['import', lines(...records)], undefined, declaring())
  const told = { attributes: { kyc_tier: 2, jurisdiction: 'AT' }, app_roles: { shop: ['trader'] }, legacy_sub: 'old|1' }

  it('brings those that are declared, and takes them along to another store', async () => {
    const { code, err } = await importing(someone('ada', told), someone('bob'))
    expect([code, err]).to.deep.equal([0, ''])
    const [ada, bob] = await accounts()
    expect(ada).to.deep.include({ attributes: told.attributes, appRoles: { shop: ['trader'] }, legacySub: 'old|1' })
    expect(bob).to.not.have.any.keys('attributes', 'appRoles', 'legacySub')
    const path = inFolder('moved.jsonl')
    await people(['export', '--with-secrets', path])
    const other = `sqlite:${inFolder('other.db')}`
    const there = await openStore(other, { now: Date.now, sweep: false })
    try {
      expect((await people(['import', path], other, declaring())).code).to.equal(0)
      const moved = (await accounts(there))[0]
      expect(moved).to.deep.include({ id: 'ada', attributes: told.attributes, legacySub: 'old|1' })
    } finally {
      await there.close()
    }
  })

  it('reads what other products spell as text, and lists of one value', async () => {
    expect((await importing(someone('ada', { attributes: { kyc_tier: ['3'], jurisdiction: ['DE'] } }))).code).to.equal(
      0,
    )
    expect((await accounts())[0]?.attributes).to.deep.equal({ kyc_tier: 3, jurisdiction: 'DE' })
  })

  const refused = 'which clients.json does not declare so (--ignore leaves them out)'
  const faults: [string, object[], string][] = [
    [
      'an attribute that nobody declared',
      [someone('ada', { attributes: { rank: 1 } })],
      `attributes has rank, ${refused}`,
    ],
    [
      'a value of another type',
      [someone('ada', { attributes: { kyc_tier: 'gold' } })],
      `attributes has kyc_tier, ${refused}`,
    ],
    [
      'a role that an app does not have',
      [someone('ada', { app_roles: { shop: ['king'] } })],
      'app_roles names no role of shop: king',
    ],
    [
      'a role in no app',
      [someone('ada', { app_roles: { nobody: ['trader'] } })],
      'app_roles names no role of nobody: trader',
    ],
  ]
  for (const [what, records, said] of faults)
    it(`names ${what}, and imports nobody`, async () => {
      const { code, err } = await importing(...records)
      expect([code, err]).to.deep.equal([1, `line 1: ${said}\n`])
      expect(await accounts()).to.deep.equal([])
    })

  it('names a former id that another account has, or that is there beside one', async () => {
    await importing(someone('ada', { legacy_sub: 'old|1' }))
    const { code, err } = await importing(someone('bob', { legacy_sub: 'old|1' }))
    expect([code, err]).to.deep.equal([1, 'line 1: legacy_sub is that of another account\n'])
    const both = [lines(someone('eve', { legacy_sub: 'old|2' })), '--ids', 'legacy_sub']
    const beside = await people(['import', ...both])
    expect([beside.code, beside.err.startsWith('line 1: legacy_sub is there beside an id')]).to.deep.equal([1, true])
  })
})
