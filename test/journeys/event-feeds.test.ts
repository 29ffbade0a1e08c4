import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { eventShape } from '../../src/feeds/event-feed.ts'
import { audit } from '../../src/observers/audit.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { adminApiServed } from '../support/admin-api.ts'
import { startLatchkey } from '../support/latchkey.ts'

describe('the feed of events in the admin API', function () {
  this.timeout(60_000)
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let token: string
  before(async () => {
    here = await adminApiServed()
    token = await here.asService('robot', ['admin:audit.read'])
  })
  after(() => here.stop())

  const read = async (query: string) => (await here.ask(token, 'GET', `/audit?${query}`)).body
  const happen = () => {
    const emit = recorder([audit({ store: here.latchkey.store })], here.latchkey.clock.now, fault =>
      expect.fail(String(fault)),
    )
    return emit('clients.reloaded', { clients: [] })
  }
  const last = async () => {
    let sequence = 0
    for (let found = await read('after=0'); found.entries.length > 0; found = await read(`after=${sequence}`))
      sequence = found.entries.at(-1).sequence
    return sequence
  }

  it('is read forward, from any sequence number, in the schema of events', async () => {
    await happen()
    await happen()
    const { entries, next } = await read('after=0&limit=2')
    expect(entries.map(({ sequence }: { sequence: number }) => sequence)).to.deep.equal([1, 2])
    expect(next).to.equal(undefined)
    for (const each of entries) expect(eventShape.strict().parse(each)).to.deep.equal(each)
    expect((await read('after=1&limit=1')).entries).to.deep.equal([entries[1]])
    expect((await read('after=999999')).entries).to.deep.equal([])
  })

  it('waits for news as long as it was asked to, and no longer', async () => {
    const after = await last()
    expect((await read(`after=${after}&wait=1`)).entries).to.deep.equal([])
    const asked = read(`after=${after}&wait=50`)
    await happen()
    const [event] = (await asked).entries
    expect([event.sequence, event.name]).to.deep.equal([after + 1, 'clients.reloaded'])
  })

  it('forgets those who went away before they were answered', async () => {
    const after = await last()
    const going = new AbortController()
    const headers = { authorization: `Bearer ${token}` }
    const waiting = Array.from({ length: 100 }, () =>
      fetch(`${here.resource}/audit?after=${after}&wait=50`, { headers, signal: going.signal }).catch(() => {}),
    )
    // As many as may wait: any more are answered at once.
    for (let turn = 0; turn < 100; turn++) {
      const first = await Promise.race([read(`after=${after}&wait=1`), wait(200)])
      if (first) break
    }
    going.abort()
    await Promise.all(waiting)
    const asked = read(`after=${after}&wait=50`)
    await wait(50)
    await happen()
    expect((await asked).entries).to.have.length(1)
  })

  it('says which arguments do not go together', async () => {
    const refused = async (query: string) => {
      const { status, body } = await here.ask(token, 'GET', `/audit?${query}`)
      return [status, body.code, body.errors?.map(({ name }: { name: string }) => name)]
    }
    expect(await refused('after=0&event=account.created')).to.deep.equal([422, 'invalid_argument', ['event']])
    expect(await refused('wait=5')).to.deep.equal([422, 'invalid_argument', ['wait']])
    expect(await refused('limit=5')).to.deep.equal([422, 'invalid_argument', ['limit']])
    expect(await refused('after=0&wait=51')).to.deep.equal([422, 'invalid_argument', ['wait']])
    expect(await refused('after=0&limit=0')).to.deep.equal([422, 'invalid_argument', ['limit']])
    expect(await refused('after=-1')).to.deep.equal([422, 'invalid_argument', ['after']])
  })
})

describe('the file of events of a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-events-'))
  after(() => rmSync(folder, { recursive: true }))
  const eventually = async <T>(read: () => T | Promise<T>, holds: (found: T) => boolean): Promise<T> => {
    for (;;) {
      const found = await read()
      if (holds(found)) return found
      await wait(50)
    }
  }

  it('holds every event, and /health/ready says when it cannot be written, and stays well', async () => {
    const away = join(folder, 'away')
    const latchkey = await startLatchkey({ environment: { LATCHKEY_AUDIT_FILE: join(away, 'events.ndjson') } })
    const health = async () => {
      const answer = await fetch(`${latchkey.issuer}/health/ready`)
      expect(answer.status).to.equal(200)
      return (await answer.json()) as object
    }
    const found = await eventually(health, each => 'eventFile' in each)
    expect(found).to.deep.equal({ status: 'ok', eventFile: 'cannot be written' })
    expect(latchkey.logged()).to.match(
      /"event":"event-file.failed","data":\{"why":"ENOENT: no such file or directory"\}/,
    )
    mkdirSync(away)
    expect(await eventually(health, each => !('eventFile' in each))).to.deep.equal({ status: 'ok' })
    const text = await eventually(
      () => readFileSync(join(away, 'events.ndjson'), 'utf8'),
      each => each.includes('event-file.resumed'),
    )
    const names = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).name)
    expect(names).to.include.members(['keys.created', 'event-file.failed', 'event-file.resumed'])
    await latchkey.stop()
  })
})
