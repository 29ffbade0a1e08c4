import { expect } from 'chai'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'

describe('the development outbox', () => {
  const latchkey = whileTesting(() => startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } }))

  const statuses = (address: string) =>
    Promise.all(
      ['/dev/outbox', '/dev/outbox.json', '/dev/outbox.json?to=a@example.com', '/dev/outbox/'].map(
        async path => (await fetch(latchkey.issuer + path, { headers: { 'x-forwarded-for': address } })).status,
      ),
    )

  it('is shown to the machine itself', async () => {
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
      expect((await statuses(address)).slice(0, 3), address).to.deep.equal([200, 200, 200])
  })

  it('is hidden from everybody on the network', async () => {
    for (const address of ['192.168.1.7', '203.0.113.5', '2001:db8::7', '::ffff:203.0.113.5'])
      expect(await statuses(address), address).to.deep.equal([404, 404, 404, 404])
  })
})
