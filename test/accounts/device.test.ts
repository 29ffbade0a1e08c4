import { expect } from 'chai'
import { agentOf, type Devices, deviceCookie, deviceId, devices, isDevice } from '../../src/accounts/device.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const day = 24 * 3_600_000

describe('devices', () => {
  let at = 0
  let store: Store
  let seen: Devices
  const now = () => at
  const laptop = { device: deviceId('laptop'), address: '192.0.2.1', agent: undefined }
  const phone = { ...laptop, device: deviceId('phone'), address: '192.0.2.2' }
  const ada = { id: 'ada', securityStamp: 3 }
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    seen = devices({ store, trustFor: 30 * day, now })
  })
  afterEach(() => store.close())

  it('are known to those accounts only that signed in on them, for a year', async () => {
    await seen.saw(laptop, 'ada')
    await seen.saw(laptop, 'ada')
    expect(await seen.known(laptop.device, 'ada')).to.equal(true)
    expect(await seen.known(laptop.device, 'bob')).to.equal(false)
    expect(await seen.known(phone.device, 'ada')).to.equal(false)
    at += 366 * day
    expect(await seen.known(laptop.device, 'ada')).to.equal(false)
  })

  it('are trusted by the account that says so, for as long as is agreed', async () => {
    await seen.saw(laptop, 'ada')
    await seen.saw(laptop, 'bob')
    expect(await seen.trusted(laptop.device, ada)).to.equal(false)
    await seen.trust(laptop.device, ada)
    expect(await seen.trusted(laptop.device, ada)).to.equal(true)
    expect(await seen.trusted(laptop.device, { id: 'bob', securityStamp: 3 })).to.equal(false)
    at += 30 * day - 1
    await seen.saw(laptop, 'ada')
    expect(await seen.trusted(laptop.device, ada), 'using it does not prolong it').to.equal(true)
    at += 1
    expect(await seen.trusted(laptop.device, ada)).to.equal(false)
    expect(await seen.trustedBy(ada)).to.deep.equal([])
    const [former] = await seen.trustedBy(ada, true)
    expect(former).to.include({ device: laptop.device, trustedUntil: undefined })
    expect(await seen.chosen(laptop.device, 'ada')).to.equal(true)
    expect(await seen.chosen(laptop.device, 'bob')).to.equal(false)
    expect(await seen.known(laptop.device, 'ada')).to.equal(true)
  })

  it('are trusted no more once what protects the account has changed', async () => {
    await seen.saw(laptop, 'ada')
    await seen.trust(laptop.device, ada)
    expect(await seen.trusted(laptop.device, { id: 'ada', securityStamp: 4 })).to.equal(false)
    expect(await seen.trustedBy({ id: 'ada', securityStamp: 4 })).to.deep.equal([])
  })

  it('are not trusted before they were seen', async () => {
    await seen.trust(laptop.device, ada)
    expect(await seen.trusted(laptop.device, ada)).to.equal(false)
    expect(await seen.known(laptop.device, 'ada')).to.equal(false)
  })

  it('are listed, however many there are', async () => {
    for (let turn = 0; turn < 510; turn++) {
      const each = { ...laptop, device: deviceId(`device ${turn}`) }
      await seen.saw(each, 'ada')
      await seen.trust(each.device, ada)
    }
    expect(await seen.trustedBy(ada)).to.have.length(510)
  }).timeout(20_000)

  it('are listed, last seen first, and forgotten', async () => {
    for (const each of [laptop, phone]) {
      await seen.saw(each, 'ada')
      await seen.trust(each.device, ada)
      at += 1
    }
    const list = await seen.trustedBy(ada)
    expect(list.map(({ address }) => address)).to.deep.equal(['192.0.2.2', '192.0.2.1'])
    expect(await seen.forget(laptop.device, 'bob')).to.equal(false)
    expect(await seen.forget(laptop.device, 'ada')).to.equal(true)
    expect(await seen.forget(laptop.device, 'ada')).to.equal(false)
    expect(await seen.known(laptop.device, 'ada')).to.equal(false)
    expect(await seen.trustedBy(ada)).to.have.length(1)
  })

  it('are kept as digests, and only cookies of ours count', () => {
    expect(deviceId('cookie')).to.not.contain('cookie')
    expect(isDevice('x'.repeat(43))).to.equal(true)
    for (const odd of [undefined, '', 'x', 'x'.repeat(44), `${'x'.repeat(42)}=`]) expect(isDevice(odd)).to.equal(false)
    expect(deviceCookie(true)).to.match(/^__Host-/)
  })
})

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'
const known: [header: string, browser: string, system: string][] = [
  [`${windows} Chrome/141.0.0.0 Safari/537.36`, 'Chrome', 'Windows'],
  [`${windows} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`, 'Microsoft Edge', 'Windows'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox', 'Linux'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    'Safari',
    'iOS',
  ],
]

describe('a browser in words', () => {
  for (const [header, browser, system] of known) {
    it(`is ${browser} on ${system}`, () => expect(agentOf(header)).to.deep.equal({ browser, system }))
  }

  it('is nothing that somebody wrote into the header', () => {
    const odd = [
      '',
      'curl/8.0',
      '<script>alert(1)</script>/1.0',
      'Your account is locked, call +1/1.0',
      'x'.repeat(9_000),
    ]
    for (const header of [undefined, ...odd]) {
      const { browser = '', system = '' } = agentOf(header)
      expect(`${browser}${system}`).to.match(/^[\w .-]{0,40}$/)
    }
  })
})
