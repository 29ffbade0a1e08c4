import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'

describe('the flood that is measured', function () {
  this.timeout(180_000)

  it('grows the store by less than 5 MB, keeps every sign-in and its entry in the audit log, and says so', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      'bench/flood.ts',
      '--seconds',
      '4',
      '--workers',
      '2',
    ])
    const [, grown] = /the store grew by (-?[\d.]+) MB/.exec(stdout) ?? []
    expect(Number(grown), stdout).to.be.lessThan(5)
    const [, , came] = /ratio ([\d.]+) .*; (\d+) people came in meanwhile/.exec(stdout) ?? []
    expect(Number(came), stdout).to.be.greaterThan(0)
    expect(stdout).to.match(/ 0 of \d+ sign-ins missing/)
    expect(stdout).to.match(/sent \d+ requests from one address/)
    expect(stdout).to.not.match(/\d+ × 50\d/)
  })
})
