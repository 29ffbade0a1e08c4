import { expect } from 'chai'
import { ZodError } from 'zod'
import { type EventData, events, type Recorded } from '../src/events.ts'
import { recorder } from '../src/observers/recorder.ts'

describe('events', () => {
  const never = (fault: unknown) => {
    throw fault
  }
  const turn = () => new Promise(setImmediate)

  it('tells every observer the name, level, time, data and origin', async () => {
    const told: Recorded[] = []
    const observer = { observe: (recorded: Recorded) => void told.push(recorded) }
    const emit = recorder([{ awaited: true, ...observer }, observer], () => 1_234, never)
    await emit('account.created', { account: 'a1' }, { address: '192.0.2.7' })
    await turn()
    const recorded = {
      name: 'account.created',
      level: 'info',
      at: 1_234,
      data: { account: 'a1' },
      origin: { address: '192.0.2.7' },
    }
    expect(told).to.deep.equal([recorded, recorded])
  })

  const undeclared: [string, object][] = [
    ['a field that is not declared', { account: 'a1', password: 'hunter2' }],
    ['a field of another type', { account: 7 }],
    ['a field that is missing', {}],
  ]
  for (const [what, data] of undeclared) {
    it(`refuses ${what}, and tells nobody`, async () => {
      const told: Recorded[] = []
      const emit = recorder([{ awaited: true, observe: recorded => void told.push(recorded) }], () => 0, never)
      const met = await emit('account.created', data as EventData<'account.created'>).catch((thrown: unknown) => thrown)
      expect(met).to.be.instanceOf(ZodError)
      expect(String(met)).to.not.include('hunter2')
      expect(told).to.deep.equal([])
    })
  }

  it('waits for those that ask to be awaited', async () => {
    const order: string[] = []
    const slow = {
      awaited: true as const,
      observe: async () => {
        await turn()
        order.push('kept')
      },
    }
    await recorder([slow], () => 0, never)('account.created', { account: 'a1' })
    order.push('recorded')
    expect(order).to.deep.equal(['kept', 'recorded'])
  })

  it('does not wait for the others', async () => {
    let finish = () => {}
    const stuck = { observe: () => new Promise<void>(resolve => (finish = resolve)) }
    await recorder([stuck], () => 0, never)('account.created', { account: 'a1' })
    finish()
  })

  it('fails when an awaited one does, and then tells the others nothing', async () => {
    const away = new Error('the store is away')
    const told: Recorded[] = []
    const failing = { awaited: true as const, observe: () => Promise.reject(away) }
    const emit = recorder([failing, { observe: recorded => void told.push(recorded) }], () => 0, never)
    const met = await emit('account.created', { account: 'a1' }).catch((thrown: unknown) => thrown)
    await turn()
    expect(met).to.equal(away)
    expect(told).to.deep.equal([])
  })

  it('reports the faults of the others, thrown or rejected, and goes on', async () => {
    const faults: unknown[] = []
    const told: string[] = []
    const thrown = new Error('thrown')
    const rejected = new Error('rejected')
    const observers = [
      {
        observe: () => {
          throw thrown
        },
      },
      { observe: () => Promise.reject(rejected) },
      { observe: ({ name }: Recorded) => void told.push(name) },
    ]
    await recorder(
      observers,
      () => 0,
      fault => faults.push(fault),
    )('account.created', { account: 'a1' })
    await turn()
    expect(faults).to.have.members([thrown, rejected])
    expect(told).to.deep.equal(['account.created'])
  })

  it('names each event thing.past-participle', () => {
    for (const name of Object.keys(events)) expect(name).to.match(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/)
  })
})
