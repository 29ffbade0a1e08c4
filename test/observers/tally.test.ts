import { expect } from 'chai'
import type { EventName } from '../../src/events.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { tallies } from '../../src/observers/tally.ts'

describe('tallies of what is refused to strangers', () => {
  const faults: unknown[] = []
  let written: { name: EventName; data: object; address: string | undefined }[]
  let away: boolean
  const make = () => {
    written = []
    away = false
    const tally = tallies({
      emit: async (name, data, origin) => {
        if (away) throw new Error('the store is away')
        written.push({ name, data, address: origin?.address })
      },
      onFault: fault => void faults.push(fault),
    })
    const emit = recorder([tally.observer], Date.now, fault => void faults.push(fault))
    return { flush: tally.flush, emit }
  }
  const settle = () => new Promise(resolve => setImmediate(resolve))

  it('are one entry of each kind, with how often it was, from how many addresses, and from where most', async () => {
    const { flush, emit } = make()
    for (let turn = 0; turn < 500; turn++)
      await emit(
        'grant.turned-away',
        { code: 'invalid_client' },
        { address: turn % 5 ? '192.0.2.1' : `10.0.0.${turn % 256}` },
      )
    for (let turn = 0; turn < 3; turn++)
      await emit('grant.turned-away', { code: 'invalid_grant', type: 'refresh_token' }, { address: '192.0.2.2' })
    await settle()
    await flush()
    expect(written).to.deep.equal([
      {
        name: 'refusals.tallied',
        data: { event: 'grant.turned-away', code: 'invalid_client', type: undefined, times: 500, addresses: 101 },
        address: '192.0.2.1',
      },
      {
        name: 'refusals.tallied',
        data: { event: 'grant.turned-away', code: 'invalid_grant', type: 'refresh_token', times: 3, addresses: 1 },
        address: '192.0.2.2',
      },
    ])
    await flush()
    expect(written).to.have.length(2)
  })

  it('are not of what is kept one by one', async () => {
    const { flush, emit } = make()
    await emit('grant.refused', { client: 'trading', code: 'invalid_grant' })
    await emit('grant.awaited', { client: 'trading', code: 'authorization_pending' })
    await settle()
    await flush()
    expect(written).to.deep.equal([])
  })

  it('grow no further with the addresses that they come from', async () => {
    const { flush, emit } = make()
    for (let turn = 0; turn < 3_000; turn++)
      await emit('grant.turned-away', { code: 'invalid_client' }, { address: `2001:db8::${turn}` })
    await settle()
    await flush()
    expect(written[0]?.data).to.include({ times: 3_000, addresses: 1_000 })
  })

  it('wait for a store that is away', async () => {
    const { flush, emit } = make()
    await emit('registration.turned-away', { code: 'invalid_token' }, { address: '192.0.2.1' })
    await settle()
    away = true
    await flush()
    await emit('registration.turned-away', { code: 'invalid_token' }, { address: '192.0.2.1' })
    await settle()
    away = false
    await flush()
    expect(written.map(each => each.data)).to.deep.equal([
      { event: 'registration.turned-away', code: 'invalid_token', type: undefined, times: 2, addresses: 1 },
    ])
  })
})
