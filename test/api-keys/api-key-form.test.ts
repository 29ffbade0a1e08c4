import { expect } from 'chai'
import { plainBlock } from '../../src/api-keys/api-key-form.ts'
import { plainAddress, within } from '../../src/network.ts'

describe('addresses', () => {
  const spelled: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
  ]
  for (const [typed, plain] of spelled) it(`${typed} is ${plain}`, () => expect(plainAddress(typed)).to.equal(plain))

  const none = ['', 'localhost', '192.0.2', '192.0.2.256', '0300.0.2.7', '0xc0.0.2.7', '3221225991', '192.0.2.7/24']
  for (const typed of [...none, 'fe80::1%eth0', '::ffff:192.0.2.7.1', ' 192.0.2.7', '[::1]'])
    it(`${JSON.stringify(typed)} is none`, () => expect(plainAddress(typed)).to.equal(undefined))

  const blocks: [string, string | undefined][] = [
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['203.0.113.7/32', '203.0.113.7'],
    ['203.0.113.7', '203.0.113.7'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['2001:db8:1:2:3::/48', '2001:db8:1::/48'],
    ['2001:db8::1/128', '2001:db8::1'],
    ['::ffff:203.0.113.7/120', '203.0.113.0/24'],
    ['::ffff:203.0.113.7/128', '203.0.113.7'],
    ['0.0.0.0/0', undefined],
    ['8.0.0.0/7', undefined],
    ['::/0', undefined],
    ['2000::/3', undefined],
    ['::ffff:0.0.0.0/96', undefined],
    ['::ffff:203.0.113.7/64', undefined],
    ['203.0.113.0/33', undefined],
    ['203.0.113.0/024', undefined],
    ['203.0.113.0/-1', undefined],
    ['203.0.113.0/', undefined],
    ['203.0.113.0/24/24', undefined],
    ['203.0.113.0/255.255.255.0', undefined],
    ['2001:db8::/129', undefined],
    ['example.com', undefined],
  ]
  for (const [typed, plain] of blocks)
    it(`the block ${typed} is ${plain}`, () => expect(plainBlock(typed)).to.equal(plain))

  it('stand in a block, or do not', () => {
    const list = ['203.0.113.0/24', '198.51.100.7', '2001:db8::/48']
    for (const inside of ['203.0.113.255', '::ffff:203.0.113.1', '198.51.100.7', '2001:db8::ffff', '2001:DB8:0:1::'])
      expect(within(list)(inside), inside).to.equal(true)
    for (const outside of ['203.0.114.0', '198.51.100.8', '2001:db8:1::', '::1', 'none', '', undefined])
      expect(within(list)(outside), outside).to.equal(false)
    expect(within([])('192.0.2.1')).to.equal(false)
  })
})
