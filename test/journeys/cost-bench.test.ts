import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'

describe('the cost that is measured', function () {
  this.timeout(120_000)

  it('is printed for a token beside the bare library, with the memory and the first token', async () => {
    const words = ['bench/run.ts', '--only', 'token', '--count', '20']
    const { stdout } = await promisify(execFile)(process.execPath, words)
    expect(stdout).to.match(/^\| client_credentials, JWT \(20 × \d+\) +\| [\d.]+ +\| [\d.]+ +\| [\d.]+ +\| [\d.]+/m)
    expect(stdout).to.match(/^First token \d+ ms after start; memory \d+ MiB idle, \d+ MiB loaded/m)
  })
})
