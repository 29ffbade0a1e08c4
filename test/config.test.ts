import { expect } from 'chai'
import { ConfigError, configure } from '../src/config.ts'
import { workersWanted } from '../src/environment.ts'
import { listed } from '../src/setting.ts'
import { settings } from '../src/settings.ts'
import { settingFaults } from './support/settings.ts'

const secret = 'a-secret-of-more-than-32-characters!'
const production = {
  NODE_ENV: 'production',
  LATCHKEY_ISSUER: 'https://id.example.com',
  LATCHKEY_SECRETS: secret,
  LATCHKEY_MAIL_URL: 'smtps://mail.example.com',
  LATCHKEY_SMS_URL: 'https://sms.example.com/send',
}

describe('config', () => {
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

  it('takes as the sender of emails one line with an address in it', () => {
    for (const sender of ['no-reply@example.com', 'Latchkey <no-reply@example.com>', '@@@'])
      expect(configure({ LATCHKEY_MAIL_FROM: sender }).mail.from).to.equal(sender)
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

  it('reads when to back up, and refuses to where there is nothing on a disk', () => {
    expect(configure({ LATCHKEY_BACKUP: 'folder=/b=c, every=90m, keep=30' }).backup.schedule).to.deep.equal({
      ...{ folder: '/b=c', every: 90 * 60_000, keep: 30 },
    })
    expect(configure({ LATCHKEY_BACKUP: 'folder=b' }).backup.schedule).to.include({ every: 86_400_000, keep: 7 })
    expect(settingFaults({ LATCHKEY_BACKUP: 'folder=b', LATCHKEY_STORE: 'sqlite::memory:' })).to.deep.equal([
      'LATCHKEY_BACKUP needs a store that is not in memory',
    ])
  })

  it('refuses a store of its own for each of several workers', () => {
    const environment = { LATCHKEY_WORKERS: '2', LATCHKEY_STORE: 'sqlite::memory:' }
    expect(settingFaults(environment)).to.deep.equal(['LATCHKEY_WORKERS needs a store that processes can share'])
  })

  it('agrees with the first look at how many workers there are to be', () => {
    for (const typed of ['', '1', '2', '02', '64']) {
      const environment = { LATCHKEY_WORKERS: typed }
      expect(workersWanted(environment), typed).to.equal(configure(environment).workers)
    }
    for (const typed of ['0', '65', '-2', '2.5', 'many', '1000000002']) {
      expect(workersWanted({ LATCHKEY_WORKERS: typed }), typed).to.equal(1)
      expect(settingFaults({ LATCHKEY_WORKERS: typed }), typed).to.have.length(1)
    }
  })

  it('refuses a name that it does not know, and leaves other programs’ names alone', () => {
    expect(settingFaults({ LATCHKEY_ISUER: 'https://id.example.com', PATH: '/bin' })).to.deep.equal([
      'LATCHKEY_ISUER is not a setting',
    ])
  })

  it('tells of every fault at once, each by the name that was typed', () => {
    const found = settingFaults({
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
    const thrown = settingFaults({
      LATCHKEY_SECRETS: 'hunter2',
      LATCHKEY_MAIL_URL: 'http://u:hunter2@mail.example.com',
    })
    expect(thrown).to.have.length(2)
    expect(thrown.join()).to.not.include('hunter2')
  })
})
