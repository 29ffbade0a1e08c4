import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'

describe('a Latchkey of which answers are lost under load', function () {
  this.timeout(120_000)

  it('signs nobody out, and every signature is verified while keys are rotated every second', async () => {
    const engine = process.env.LATCHKEY_TEST_STORE ?? 'sqlite'
    const words = ['bench/lost.ts', '--seconds', '5', '--share', '10', '--engine', engine]
    const { stdout } = await promisify(execFile)(process.execPath, words)
    expect(stdout).to.match(/^12 sign-ins, [1-9]\d* refreshes; answers lost: [1-9]\d*;/m)
    expect(stdout).to.match(/^keys rotated: [1-9]\d*; signatures verified: [1-9]\d*$/m)
    expect(stdout).to.match(/^signed out, or not verified: 0$/m)
  })
})
