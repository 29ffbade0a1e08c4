import type { Observer } from '../events.ts'
import type { Store } from '../store/collection.ts'
import { ledger } from './ledger.ts'

/** Keeps every event but the routine ones, for good. Awaited, so that nothing is done that could not be written down. */
export function audit({ store }: { store: Store }): Observer {
  const { append } = ledger({ store })
  return {
    awaited: true,
    async observe({ name, level, at, data, origin: { address, agent, device, request } }) {
      const origin = { address, agent, device, request }
      if (level !== 'routine') await append({ at, name, level, data, origin })
    },
  }
}
