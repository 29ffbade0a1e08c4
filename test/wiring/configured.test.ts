import { expect } from 'chai'
import { ConfigError, configure } from '../../src/config.ts'
import { logLevel, mtls, proxies } from '../../src/wiring/configured.ts'
import { authority, pemFolder } from '../support/certificates.ts'

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

describe('how much is logged, as configured', () => {
  const files = pemFolder()
  after(files.remove)
  const level = (typed: string) => logLevel(configure({ LATCHKEY_LOG: typed }))

  it('is what was typed, or what the file that it names holds now', () => {
    expect(level('warn')).to.equal('warn')
    const file = files.write('level', 'debug\n')
    expect(level(file)).to.equal('debug')
    files.write('level', 'error')
    expect(level(file)).to.equal('error')
  })

  it('is a fault where the file is not there, or says something else', () => {
    expect(() => level('/nowhere/level')).to.throw(ConfigError, 'LATCHKEY_LOG cannot be read: ENOENT')
    expect(() => level(files.write('level', 'loud'))).to.throw(ConfigError, 'holds none of silent, error, warn')
  })
})

describe('client certificates as configured', () => {
  const files = pemFolder()
  after(files.remove)
  const made = (more: Record<string, string> = {}) =>
    mtls(
      configure({
        LATCHKEY_MTLS_URL: 'https://mtls.example.com',
        LATCHKEY_MTLS_HEADER: 'Client-Cert',
        LATCHKEY_TRUST_PROXY: '192.0.2.1',
        ...more,
      }),
    )

  it('are none where no URL is told', () => expect(mtls(configure({}))).to.equal(undefined))

  it('name no authority where there is no file of them', () => {
    expect(made()).to.deep.equal({ url: 'https://mtls.example.com', header: 'client-cert', authorities: [] })
  })

  it('name every authority of the file', async () => {
    const both = (await authority('CN=one')).cert + (await authority('CN=two')).cert
    const { authorities } = made({ LATCHKEY_MTLS_CA: files.write('ca.pem', both) }) ?? {}
    expect(authorities?.map(each => each.subject)).to.deep.equal(['CN=one', 'CN=two'])
  })

  it('are refused at the start where the file is not there, or holds none', () => {
    for (const file of ['nowhere.pem', files.write('empty.pem', 'nothing')])
      expect(() => made({ LATCHKEY_MTLS_CA: file })).to.throw(ConfigError, 'LATCHKEY_MTLS_CA cannot be used')
  })
})
