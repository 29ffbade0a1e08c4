import { expect } from 'chai'
import { loopback } from '../src/network.ts'

describe('loopback', () => {
  it('is this machine, and no host that only begins like it', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])
      expect(loopback(host), host).to.equal(true)
    for (const host of ['example.com', 'localhost.example.com', '128.0.0.1', '127.0.0.1.example.com']) {
      expect(loopback(host), host).to.equal(false)
    }
  })
})
