import { type Emit, type EventName, events, type Observer } from '../events.ts'

/** Addresses that are told apart in one entry. */
const most = 1_000

interface Tally {
  event: string
  code: string
  type: string | undefined
  times: number
  addresses: Map<string, number>
}

/**
 * Counts what strangers can repeat for ever, so that the audit log has one entry a minute of each kind and not one for each.
 * There are as many kinds as there are codes. What was counted in the minute before a process is killed is lost.
 */
export function tallies({ emit, onFault }: { emit: Emit; onFault: (fault: unknown) => void }) {
  let counted = new Map<string, Tally>()

  /** Writes what was counted since it was last called: to be called every minute, and at the end. */
  const flush = async (): Promise<void> => {
    const whole = counted
    counted = new Map()
    for (const [key, { addresses, ...tally }] of whole) {
      const [address] = [...addresses].sort(([, one], [, other]) => other - one)[0] ?? []
      try {
        await emit('refusals.tallied', { ...tally, addresses: addresses.size }, { address })
      } catch (fault) {
        onFault(fault)
        // It is not lost: the next entry has it.
        const later = counted.get(key)
        if (later) later.times += tally.times
        else counted.set(key, { ...tally, addresses })
      }
    }
  }

  return {
    observer: {
      observe: ({ name, data, origin: { address = '' } }) => {
        if (events[name as EventName].tell !== 'tally') return
        const { code = '', type } = data as { code?: string; type?: string }
        const key = JSON.stringify([name, code, type])
        const tally = counted.get(key) ?? { event: name, code, type, times: 0, addresses: new Map() }
        tally.times += 1
        if (tally.addresses.size < most || tally.addresses.has(address))
          tally.addresses.set(address, (tally.addresses.get(address) ?? 0) + 1)
        counted.set(key, tally)
      },
    } satisfies Observer,
    flush,
  }
}
