import { expect } from 'chai'
import { configure } from '../../src/config.ts'
import { proxies } from '../../src/wiring/configured.ts'

describe('proxies as configured', () => {
  const certificates = { LATCHKEY_MTLS_URL: 'https://mtls.example.com:8443', LATCHKEY_MTLS_HEADER: 'Client-Cert' }
  const environment = { LATCHKEY_TRUST_PROXY: '192.0.2.1' }

  it('are believed about senders, and about certificates at the host that asks for them', () => {
    const made = proxies(configure({ ...environment, ...certificates, LATCHKEY_PROXY_HEADER: 'forwarded' }), {
      say: () => expect.fail(),
      now: () => 0,
    })
    expect(made).to.deep.include({ trusted: ['192.0.2.1'], forwarded: 'forwarded' })
    expect(made.certificates).to.deep.equal({ header: 'client-cert', host: 'mtls.example.com:8443' })
  })

  it('say of senders that they do not name once a minute, in one short line', () => {
    const said: string[] = []
    let at = 0
    const made = proxies(configure(environment), { say: text => void said.push(text), now: () => at })
    expect(made.certificates).to.equal(undefined)
    for (const [when, hop] of [
      [0, 'me'],
      [59_999, 'you'],
      [60_000, `"\n${'x'.repeat(500)}`],
    ] as const) {
      at = when
      made.unknown?.(hop)
    }
    expect(said).to.have.length(2)
    expect(said[0]).to.contain('names no address of the sender').and.contain('"me"')
    expect(said[1]).to.have.length.below(160).and.not.contain('\n')
  })
})
