import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'

describe('a Latchkey that is killed under load', function () {
  this.timeout(180_000)

  it('has everything that it acknowledged when it is back, keeps revoked tokens out, and has a whole audit log', async () => {
    const engine = process.env.LATCHKEY_TEST_STORE ?? 'sqlite'
    const { stdout } = await promisify(execFile)(process.execPath, [
      'bench/kills.ts',
      '--kills',
      '3',
      '--engine',
      engine,
    ])
    expect(stdout).to.match(/^3 kills; acknowledged: \d+ sign-ins, [1-9]\d* refreshes/m)
    expect(stdout).to.match(/^lost, or refused wrongly: 0$/m)
  })
})
