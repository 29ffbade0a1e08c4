import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { disks, memory } from '../../src/commands/doctor-machine.ts'
import { dns, itself, judged, tls } from '../../src/commands/doctor-network.ts'
import { type Config, configure } from '../../src/config.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { certificate, certificateKey } from '../support/certificate.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { freePorts } from '../support/ports.ts'

const day = 24 * 3_600_000
const keys =
  (secret = 'a secret of the journeys, 32 or longer') =>
  () =>
    keyring([secret])
const at = (issuer: string, more: Partial<Config> = {}): Config => ({ ...configure({}), issuer, ...more })

describe('latchkey doctor, of the network', function () {
  this.timeout(20_000)

  it('asks a Latchkey that runs whom it takes for the sender, and what time it is', async () => {
    const latchkey = await startLatchkey()
    try {
      const [time, proxy] = await itself(at(latchkey.issuer), keys(), Date.now)
      expect(time).to.include({ what: 'time', state: 'ok' })
      expect(proxy).to.include({ what: 'proxy', state: 'ok' })
      expect(proxy?.told).to.match(/^requests come without a proxy, and this one came from (127\.0\.0\.1|::1)$/)
      const late = await itself(at(latchkey.issuer), keys(), () => Date.now() - 120_000)
      expect(late[0]).to.include({ state: 'fault' })
      expect(late[0]?.told).to.match(/clock is 1(19|20) seconds ahead/)
      // Nobody else learns how requests arrive.
      const [, stranger] = await itself(at(latchkey.issuer), keys('a secret of somebody else, 32 or longer'), Date.now)
      expect(stranger?.told).to.include('not as a Latchkey with these secrets')
      for (const authorization of ['', 'Latchkey', 'Latchkey 1.x', `Latchkey ${Date.now()}.`]) {
        const plain = await fetch(`${latchkey.issuer}/health/live`, { headers: { authorization } })
        expect(await plain.json()).to.deep.equal({ status: 'ok' })
      }
    } finally {
      await latchkey.stop()
    }
  })

  it('says that nothing answers: a fault unless the issuer is on loopback', async () => {
    const issuer = `http://localhost:${(await freePorts(1))[0]}`
    expect((await itself(at(issuer), keys(), Date.now))[0]).to.include({ state: 'untried' })
    expect((await itself(at(issuer, { local: false }), keys(), Date.now))[0]).to.include({ state: 'fault' })
  })

  const proxy = '198.51.100.7'
  const person = '203.0.113.9'
  const cases: [what: string, seen: Parameters<typeof judged>[0], trusted: string[], state: string, told: RegExp][] = [
    ['a proxy that is known', { sender: person, peer: proxy, forwarded: person }, [proxy], 'ok', /by the proxy/],
    ['no proxy', { sender: person, peer: person, forwarded: '192.0.2.123' }, [], 'ok', /without a proxy/],
    [
      'a proxy that is not known',
      { sender: proxy, peer: proxy, forwarded: person },
      [],
      'fault',
      /everybody seems to come/,
    ],
    ['a proxy that names nobody', { sender: '', peer: proxy, forwarded: 'unknown' }, [proxy], 'fault', /not name/],
    [
      'a proxy that believes everybody',
      { sender: '192.0.2.123', peer: proxy, forwarded: '' },
      [proxy],
      'fault',
      /anybody can claim/,
    ],
    [
      'this machine as a proxy',
      { sender: '192.0.2.123', peer: proxy, forwarded: '' },
      ['127.0.0.0/8'],
      'untried',
      /another one/,
    ],
  ]
  for (const [what, seen, trusted, state, told] of cases)
    it(`judges ${what}`, () => {
      const found = judged(seen, trusted)
      expect(found.state).to.equal(state)
      expect(found.told).to.match(told)
      expect(found.advice === undefined).to.equal(state !== 'fault')
    })

  it('looks up the host', async () => {
    expect(await dns(at('http://localhost:3000'))).to.include({ state: 'ok' })
    expect(await dns(at('https://nowhere.invalid'))).to.include({ state: 'fault' })
  })

  it('looks at the certificate as browsers do', async () => {
    expect(await tls(at('http://localhost:3000'), 0)).to.include({ state: 'unset' })
    const nothing = `https://localhost:${(await freePorts(1))[0]}`
    expect(await tls(at(nothing), 0)).to.include({ state: 'untried' })
    expect(await tls(at(nothing, { local: false }), 0)).to.include({ state: 'fault' })
    const server = createServer({ cert: certificate, key: certificateKey }, (_, response) => response.end()).listen(0)
    await once(server, 'listening')
    const found = await tls(at(`https://localhost:${(server.address() as AddressInfo).port}`), Date.now())
    server.close()
    expect(found.state).to.equal('fault')
    expect(found.told).to.match(/browsers do not trust the certificate of localhost: [A-Z_]+/)
  })
})

describe('latchkey doctor, of the machine', () => {
  const full = at('http://localhost:3000', {
    store: 'sqlite:/var/lib/latchkey/latchkey.db',
    backup: { schedule: { folder: '/var/backups', every: day, keep: 1 }, passphrase: undefined },
  })

  it('looks at every disk that is written to', async () => {
    const found = await disks(full, async folder => (folder === '/var/backups' ? 1_000_000 : 10_000_000_000))
    expect(found.map(({ state }) => state)).to.deep.equal(['ok', 'fault'])
    expect(found[1]?.advice).to.include('Make room')
    const failing = await disks(full, async () => Promise.reject(new Error('EACCES')))
    expect(failing.map(({ told }) => told)).to.deep.equal(['/var/lib/latchkey: EACCES', '/var/backups: EACCES'])
    expect(await disks(at('http://localhost:3000', { store: 'postgres://db/latchkey' }))).to.deep.equal([])
  })

  it('says when the memory is too little for a worker', () => {
    expect(memory(full, 10_000_000)).to.include({ state: 'fault' })
    expect(memory(full, 10_000_000_000)).to.include({ state: 'ok' })
  })
})
