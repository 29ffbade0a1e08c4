import { expect } from 'chai'
import { agentOf } from '../../src/accounts/agent.ts'

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
