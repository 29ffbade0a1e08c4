import { expect } from 'chai'
import { Problem, wordsOf } from '../../src/errors.ts'
import { logger } from '../../src/observers/log.ts'
import { recorder } from '../../src/observers/recorder.ts'

type Level = Parameters<typeof logger>[0]['level']

describe('log', () => {
  const spy = (level: Level = 'debug') => {
    const written: string[] = []
    const log = logger({ level }, { write: line => void written.push(line) })
    const emit = recorder(
      [log.observer],
      () => 0,
      met => {
        throw met
      },
    )
    return { log, emit, written, lines: () => written.map(line => JSON.parse(line)) }
  }
  const turn = () => new Promise(setImmediate)

  it('writes an event as one line: what it declares, and where it came from', async () => {
    const { emit, lines } = spy()
    await emit(
      'session.ended',
      { account: 'a1', session: 's1', why: 'signed-out' },
      { address: '192.0.2.7', request: 'r1' },
    )
    await turn()
    expect(lines()).to.have.length(1)
    expect(lines()[0]).to.include({ level: 'info', event: 'session.ended' })
    expect(lines()[0].data).to.deep.equal({ account: 'a1', session: 's1', why: 'signed-out' })
    expect(lines()[0].origin).to.deep.equal({ address: '192.0.2.7', request: 'r1' })
    expect(lines()[0].time).to.match(/^\d{4}-\d\d-\d\dT/)
  })

  it('writes more, or less, from the moment that it is told', async () => {
    const { log, lines } = spy('warn')
    log.say('one')
    log.setLevel('info')
    log.say('two')
    log.setLevel('silent')
    log.warn('three')
    expect(lines().map(({ text }) => text)).to.deep.equal(['two'])
  })

  it('gives each event the level that matches its own', async () => {
    const { emit, lines } = spy()
    await emit('grant.issued', { client: 'trading', type: 'refresh_token' })
    await emit('account.created', { account: 'a1' })
    await emit('keys.created', { kid: 'k1', alg: 'ES256' })
    await emit('token.reused', { client: 'trading', grant: 'g1', ended: 'app' })
    await turn()
    expect(lines().map(line => line.level)).to.deep.equal(['debug', 'info', 'info', 'warn'])
  })

  it('keeps quiet below its level', async () => {
    const { log, emit, written } = spy('warn')
    await emit('account.created', { account: 'a1' })
    log.answered({ request: 'a-request', method: 'GET', path: '/', status: 200, took: 1 })
    log.say('listening')
    await turn()
    expect(written).to.deep.equal([])

    const silent = spy('silent')
    silent.log.fault(new Error('away'))
    expect(silent.written).to.deep.equal([])
  })

  it('cannot be made to begin another line by what a stranger sent', async () => {
    const { emit, written } = spy()
    await emit('account.created', { account: 'a1' }, { agent: 'x\n{"level":"info","event":"forged"}' })
    await turn()
    expect(written).to.have.length(1)
    expect(written[0]?.trimEnd()).to.not.include('\n')
  })

  it('writes nothing of an origin that an origin does not have', async () => {
    const { emit, written } = spy()
    const origin = { address: '192.0.2.7', cookie: 'latchkey_session=hunter2' }
    await emit('account.created', { account: 'a1' }, origin)
    await turn()
    expect(written[0]).to.not.include('hunter2')
  })

  it('writes a request at debug, and one that failed here as a warning', () => {
    const { log, lines } = spy()
    log.answered({
      request: 'a-request',
      method: 'GET',
      path: '/sign-in/V1StGXR8Z5jdHi6B_myT9w',
      status: 200,
      took: 3.0678,
    })
    log.answered({ request: 'a-request', method: 'POST', path: '/token', status: 503, took: 1 })
    const [fine, failed] = lines()
    expect(fine).to.include({ level: 'debug', method: 'GET', route: '/sign-in/:id', status: 200, took: 3.1 })
    expect(failed).to.include({ level: 'warn', route: '/token', status: 503 })
    expect(failed).to.not.have.any.keys('failed', 'why')
  })

  it('says why a request failed, without what a library may have quoted', () => {
    const { log, lines } = spy()
    const why = 'connect ECONNREFUSED 127.0.0.1:5432: "quiet harbour", somebody@example.com, 123456'
    const refusal = { error: 'unavailable', client: 'trading', why, received: 'what somebody sent' }
    log.answered({ request: 'a-request', method: 'POST', path: '/token', status: 503, took: 1, refusal })
    expect(lines()[0]).to.include({
      ...{ request: 'a-request', status: 503, failed: 'unavailable', client: 'trading' },
      why: 'connect ECONNREFUSED 127.0.0.1:5432: "…", … …',
    })
    expect(lines()[0]).to.not.have.any.keys('received', 'refusal')
  })

  it('writes a fault with its causes, its frames and the request that met it', () => {
    const { log, lines } = spy()
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:27017'), { code: 'ECONNREFUSED' })
    log.fault(new Problem('unavailable', { cause }), 'r1')
    const [{ level, fault, request }] = lines()
    expect({ level, request }).to.deep.equal({ level: 'error', request: 'r1' })
    expect(fault).to.include({ name: 'Problem', code: 'unavailable' })
    expect(fault.cause).to.include({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:27017' })
    expect(fault.stack[0]).to.include('log.test.ts')
  })

  it('follows causes no deeper than five, even in a circle', () => {
    const { log, written } = spy()
    const fault = new Error('round')
    fault.cause = fault
    log.fault(fault)
    expect(written[0]?.match(/"cause"/g)).to.have.length(5)
  })

  const leaks: Record<string, unknown> = {
    'JSON that did not parse': thrownBy(() => JSON.parse('hunter2-hunter2')),
    'a value in a driver’s message': new Error(
      'E11000 duplicate key: accounts { email: "hunter2", phone: \'hunter2\' }',
    ),
    'a quotation that never ends': new Error('expected value near "hunter2'),
    'a URL with a password': new Error('cannot reach smtp://latchkey:hunter2@mail.example.com:587'),
    'an email address': new Error('no mailbox hunter2@example.com'),
    'a code': new Error('stale code 482910 from +491701234567'),
    'a token': new Error('cannot verify eyJhbGciOiJFUzI1NiJ9.hunter2hunter2hunter2hunter2.sig'),
    'the values of a Problem': new Problem('wrong_code', { values: { left: 'hunter2' } }),
    'a property that somebody added': Object.assign(new Error('away'), { config: { password: 'hunter2' } }),
    'text that was thrown': 'the secret is "hunter2"',
    'an object that was thrown': { secret: 'hunter2' },
  }
  for (const [what, fault] of Object.entries(leaks)) {
    it(`blanks ${what} in a fault`, () => {
      const { log, written } = spy()
      log.fault(fault)
      log.fault(new Error('internal', { cause: fault }))
      const refusal = { error: 'internal', why: wordsOf(fault) }
      log.answered({ request: 'r1', method: 'GET', path: '/', status: 500, took: 1, refusal })
      expect(written.join('')).to.not.match(/hunter2|482910|491701234567/)
    })
  }
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (fault) {
    return fault
  }
  throw new Error('nothing was thrown')
}
