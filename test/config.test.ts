import { expect } from 'chai'
import { ConfigError, configure } from '../src/config.ts'
import { listed } from '../src/setting.ts'
import { settings } from '../src/settings.ts'

type Environment = Record<string, string>

const secret = 'a-secret-of-more-than-32-characters!'
const production = {
  NODE_ENV: 'production',
  LATCHKEY_ISSUER: 'https://id.example.com',
  LATCHKEY_SECRETS: secret,
  LATCHKEY_MAIL_URL: 'smtps://mail.example.com',
  LATCHKEY_SMS_URL: 'https://sms.example.com/send',
}

describe('config', () => {
  const faults = (environment: Environment): readonly string[] => {
    try {
      configure(environment)
      return []
    } catch (fault) {
      expect(fault).to.be.instanceOf(ConfigError)
      return (fault as ConfigError).faults
    }
  }

  it('needs no setting at all', () => {
    const config = configure({})
    expect(config).to.deep.include({ issuer: 'http://localhost:3000', local: true, production: false })
    expect(config.listen).to.deep.include({ host: 'localhost', port: 3000, tls: undefined, trustProxy: [] })
    expect(config).to.deep.include({ store: 'sqlite:data/latchkey.db', clients: 'clients.json', secrets: undefined })
    const mail = { url: undefined, from: 'Latchkey <no-reply@localhost>', fromTyped: false, ehlo: 'localhost' }
    expect(config.mail).to.deep.equal(mail)
  })

  it('takes an empty setting for one that is not made', () => {
    const empty = Object.fromEntries(listed(settings).map(({ name }) => [name, '']))
    expect(configure(empty)).to.deep.equal(configure({}))
  })

  it('takes a whole production configuration', () => {
    const config = configure({ ...production, LATCHKEY_LISTEN: '[::1]:8443', LATCHKEY_SESSION_IDLE: '10' })
    expect(config).to.deep.include({ production: true, local: false, secrets: [secret] })
    expect(config.listen).to.deep.include({ host: '::1', port: 8443 })
    expect(config.session.idle).to.equal(600_000)
    expect(config.mail.from).to.equal('Latchkey <no-reply@id.example.com>')
  })

  it('listens where the issuer says', () => {
    expect(configure(production).listen.port).to.equal(443)
    expect(configure({ LATCHKEY_ISSUER: 'http://127.0.0.1:4000' }).listen).to.include({ host: '127.0.0.1', port: 4000 })
    expect(configure({ LATCHKEY_ISSUER: 'http://[::1]' }).listen).to.include({ host: '::1', port: 80 })
  })

  it('reads whose documents make clients', () => {
    const read = (LATCHKEY_CIMD?: string) => configure({ LATCHKEY_CIMD }).apps.documents
    expect([read(), read('off'), read('*')]).to.deep.equal(['off', 'off', '*'])
    expect(read('app.example, localhost:8443')).to.deep.equal(['app.example', 'localhost:8443'])
  })

  it('knows where apps show certificates, and one way only', () => {
    const both = {
      LATCHKEY_MTLS_URL: 'https://mtls.example.com',
      LATCHKEY_TLS_CERT: 'c.pem',
      LATCHKEY_TLS_KEY: 'k.pem',
    }
    const listening = { ...both, LATCHKEY_MTLS_LISTEN: '[::1]:8443', LATCHKEY_MTLS_CA: 'ca.pem' }
    expect(configure(listening).mtls).to.deep.equal({
      url: 'https://mtls.example.com',
      listen: { host: '::1', port: 8443 },
      header: undefined,
      ca: 'ca.pem',
    })
    const header = { LATCHKEY_MTLS_HEADER: 'Client-Cert', LATCHKEY_TRUST_PROXY: '192.0.2.1' }
    expect(configure({ ...both, ...header }).mtls).to.deep.include({ header: 'client-cert', listen: undefined })
    expect(configure().mtls).to.equal(undefined)
    expect(() => configure({ ...listening, ...header })).to.throw(ConfigError, 'one of the two')
  })

  it('reads lists without their blanks', () => {
    const { listen, secrets } = configure({
      LATCHKEY_TRUST_PROXY: '10.0.0.0/8, 2001:db8::/32 ,192.0.2.7,',
      LATCHKEY_SECRETS: `${secret}, ${secret}-older`,
    })
    expect(listen.trustProxy).to.deep.equal(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'])
    expect(listen.forwarded).to.equal(undefined)
    expect(configure({ LATCHKEY_PROXY_HEADER: 'Forwarded' }).listen.forwarded).to.equal('forwarded')
    expect(secrets).to.deep.equal([secret, `${secret}-older`])
  })

  const wrong: Record<string, readonly [string, string][]> = {
    LATCHKEY_ISSUER: [
      ['not a URL', 'must be a URL of http:// or https://'],
      ['ftp://id.example.com', 'must be a URL of http:// or https://'],
      ['https://id.example.com/sso', 'must have no path, query or user'],
      ['https://me@id.example.com', 'must have no path, query or user'],
      ['http://id.example.com', 'must be https unless it is on loopback'],
    ],
    LATCHKEY_LISTEN: [
      ['3000', 'must be host:port'],
      ['::1:3000', 'must be host:port'],
      ['localhost:65536', 'must have a port up to 65535'],
    ],
    LATCHKEY_STORE: [
      ['mysql://db', 'must be sqlite:PATH, sqlite::memory:, postgres://… or mongodb://…'],
      ['sqlite:', 'must be sqlite:PATH, sqlite::memory:, postgres://… or mongodb://…'],
    ],
    LATCHKEY_BRAND: [],
    LATCHKEY_CLIENTS: [],
    LATCHKEY_REGISTRATION: [['yes', 'must be off, token or open']],
    LATCHKEY_CIMD: [
      ['off,app.example', 'must be off, * or hosts'],
      ['*,app.example', 'must be off, * or hosts'],
      ['https://app.example', 'must be off, * or hosts'],
      [',', 'must be off, * or hosts'],
    ],
    LATCHKEY_SECRETS: [
      ['short', 'each must have 32 characters or more'],
      [`${secret},short`, 'each must have 32 characters or more'],
      [',', 'each must have 32 characters or more'],
    ],
    LATCHKEY_MAIL_URL: [['mail.example.com', 'must be a URL of smtp:// or smtps://']],
    LATCHKEY_MAIL_FROM: [
      ['nobody', 'must be an address'],
      ['a@b.example\r\nBcc: c@d.example', 'must be an address'],
    ],
    LATCHKEY_MAIL_EHLO: [
      ['my host', 'must be a host name, or an address in brackets'],
      ['a\r\nb', 'must be a host name, or an address in brackets'],
    ],
    LATCHKEY_SMS_URL: [
      ['sms.example.com', 'must be a URL of https:// or http://'],
      ['http://sms.example.com', 'must be https'],
    ],
    LATCHKEY_SMS_DAILY: [
      ['0', 'must be a whole number from 1 to 10000000'],
      ['many', 'must be a whole number from 1 to 10000000'],
    ],
    LATCHKEY_SMS_COUNTRIES: [
      ['Austria', 'must be countries of two letters each (ISO 3166-1)'],
      ['AT,+43', 'must be countries of two letters each (ISO 3166-1)'],
      [',', 'must be countries of two letters each (ISO 3166-1)'],
    ],
    LATCHKEY_TLS_CERT: [['cert.pem', 'and LATCHKEY_TLS_KEY go together']],
    LATCHKEY_TLS_KEY: [['key.pem', 'LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY go together']],
    LATCHKEY_TRUST_PROXY: [
      ['proxy.example.com', 'each must be an address or a CIDR block'],
      ['10.0.0.0/33', 'each must be an address or a CIDR block'],
      ['10.0.0.0/8/8', 'each must be an address or a CIDR block'],
      ['2001:db8::/129', 'each must be an address or a CIDR block'],
    ],
    LATCHKEY_SECURITY_CONTACT: [
      ['security@example.com', 'each must be https://… or mailto:…'],
      ['http://example.com/report', 'each must be https://… or mailto:…'],
      ['mailto:nobody', 'each must be https://… or mailto:…'],
      ['https://example.com/\nContact: https://evil.example', 'each must be https://… or mailto:…'],
    ],
    LATCHKEY_PROXY_HEADER: [['X-Real-IP', 'must be X-Forwarded-For or Forwarded']],
    LATCHKEY_MTLS_URL: [
      ['http://mtls.example.com', 'must be a URL of https://'],
      ['https://mtls.example.com/token', 'must have no path, query or user'],
      ['https://mtls.example.com', 'one of the two, goes with LATCHKEY_MTLS_URL'],
    ],
    LATCHKEY_MTLS_LISTEN: [
      ['3000', 'must be host:port'],
      ['localhost:8443', 'needs LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY'],
    ],
    LATCHKEY_MTLS_HEADER: [
      ['Client Cert', 'must be the name of a header'],
      ['Client-Cert', 'needs LATCHKEY_TRUST_PROXY'],
    ],
    LATCHKEY_MTLS_CA: [['ca.pem', 'LATCHKEY_MTLS_CA needs LATCHKEY_MTLS_URL']],
    LATCHKEY_TRUST: [['366', 'must be a whole number from 0 to 365']],
    LATCHKEY_GEOIP: [],
    LATCHKEY_WORKERS: [
      ['0', 'must be a whole number from 1 to 64'],
      ['65', 'must be a whole number from 1 to 64'],
      ['1.5', 'must be a whole number from 1 to 64'],
      ['two', 'must be a whole number from 1 to 64'],
    ],
    LATCHKEY_SESSION_IDLE: [
      ['4', 'must be a whole number from 5 to 525600'],
      ['50000', 'must not be longer than LATCHKEY_SESSION_MAX'],
    ],
    LATCHKEY_SESSION_MAX: [['-5', 'must be a whole number from 5 to 525600']],
    LATCHKEY_REFRESH_MAX: [['0', 'must be a whole number from 1 to 365']],
    LATCHKEY_REQUIRE_PAR: [['true', 'must be yes or no']],
    LATCHKEY_DPOP_NONCES: [['1', 'must be yes or no']],
    LATCHKEY_HOLD: [['8761', 'must be a whole number from 0 to 8760']],
    LATCHKEY_KEY_DAYS: [['3651', 'must be a whole number from 0 to 3650']],
    LATCHKEY_CLOSING: [
      ['0', 'must be a whole number from 1 to 90'],
      ['91', 'must be a whole number from 1 to 90'],
    ],
    LATCHKEY_RECOVERY_DELAY: [['0', 'must be a whole number from 1 to 720']],
    LATCHKEY_HASH_QUEUE: [['0', 'must be a whole number from 1 to 10000']],
    LATCHKEY_METRICS_TOKEN: [['short', 'must have 16 characters or more']],
    LATCHKEY_AUDIT_HEADS: [],
    LATCHKEY_LOG: [['loud', 'must be silent, error, warn, info or debug']],
  }
  it('is shown a wrong text of every setting', () => {
    expect(Object.keys(wrong)).to.have.members(listed(settings).map(({ name }) => name))
  })
  for (const [name, cases] of Object.entries(wrong)) {
    for (const [typed, fault] of cases) {
      it(`refuses ${name}=${JSON.stringify(typed)} by its name`, () => {
        const found = faults({ [name]: typed })
        expect(found.filter(each => each.includes(name) && each.endsWith(fault))).to.have.length(1)
      })
    }
  }

  it('refuses a store of its own for each of several workers', () => {
    const environment = { LATCHKEY_WORKERS: '2', LATCHKEY_STORE: 'sqlite::memory:' }
    expect(faults(environment)).to.deep.equal(['LATCHKEY_WORKERS needs a store that processes can share'])
  })

  it('refuses a name that it does not know, and leaves other programs’ names alone', () => {
    expect(faults({ LATCHKEY_ISUER: 'https://id.example.com', PATH: '/bin' })).to.deep.equal([
      'LATCHKEY_ISUER is not a setting',
    ])
  })

  it('tells of every fault at once, each by the name that was typed', () => {
    const found = faults({
      NODE_ENV: 'production',
      LATCHKEY_ISSUER: 'http://id.example.com',
      LATCHKEY_WORKERS: 'many',
      LATCHKEY_LOG: 'loud',
      LATCHKEY_TLS_CERT: 'cert.pem',
      LATCHKEY_NONSENSE: 'x',
    })
    for (const name of ['ISSUER', 'WORKERS', 'LOG', 'TLS_CERT', 'NONSENSE', 'SECRETS', 'MAIL_URL', 'SMS_URL']) {
      expect(found.filter(fault => fault.startsWith(`LATCHKEY_${name} `))).to.have.length(1, name)
    }
  })

  it('never repeats what was typed: it may be a secret', () => {
    const thrown = faults({ LATCHKEY_SECRETS: 'hunter2', LATCHKEY_MAIL_URL: 'http://u:hunter2@mail.example.com' })
    expect(thrown).to.have.length(2)
    expect(thrown.join()).to.not.include('hunter2')
  })
})
