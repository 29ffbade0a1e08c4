import { expect } from 'chai'
import { listed } from '../src/setting.ts'
import { settings } from '../src/settings.ts'
import { settingFaults } from './support/settings.ts'

const secret = 'a-secret-of-more-than-32-characters!'

describe('a wrong setting', () => {
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
      ['a @ b', 'must be an address'],
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
    LATCHKEY_AUDIT_FILE: [],
    LATCHKEY_BACKUP: [
      ['every=6h', 'must name a folder: folder=PATH'],
      ['folder=b,every=5m', 'must have every=15m or more, in m, h or d'],
      ['folder=b,every=6', 'must have every=15m or more, in m, h or d'],
      ['folder=b,keep=0', 'must have keep=1 or more'],
      ['folder=b,each=6h', 'has no part each: folder, every and keep'],
      ['folder=b,folder=c', 'names a part twice'],
    ],
    LATCHKEY_BACKUP_PASSPHRASE: [['short', 'must have 16 characters or more']],
    LATCHKEY_LOG: [
      ['loud', 'must be silent, error, warn, info or debug, or the path of a file that holds one of them'],
    ],
  }
  it('is shown a wrong text of every setting', () => {
    expect(Object.keys(wrong)).to.have.members(listed(settings).map(({ name }) => name))
  })
  for (const [name, cases] of Object.entries(wrong)) {
    for (const [typed, fault] of cases) {
      it(`refuses ${name}=${JSON.stringify(typed)} by its name`, () => {
        const found = settingFaults({ [name]: typed })
        expect(found.filter(each => each.includes(name) && each.endsWith(fault))).to.have.length(1)
      })
    }
  }
})
