import { ClientsError, readClients } from '../clients/declared.ts'
import type { Config } from '../config.ts'
import type { Emit } from '../events.ts'
import type { Oidc } from '../oidc/provider.ts'

interface Services {
  declare: Oidc['declare']
  emit: Emit
  /** Hears what nobody foresaw. */
  onFault(fault: unknown): void
}

/** Makes what reads clients.json anew: a good one is served from then on, one at fault is on record with all its faults and changes nothing. */
export function reloading({ clients, production, local, mtls }: Config, services: Services): () => Promise<void> {
  const { declare, emit, onFault } = services
  const reload = async (): Promise<void> => {
    try {
      const next = readClients(clients, { production, local, mtls })
      await declare(next)
      await emit('clients.reloaded', { clients: next.metadata.map(each => each.client_id) })
    } catch (fault) {
      if (!(fault instanceof ClientsError)) throw fault
      await emit('clients.refused', { faults: [...fault.faults] })
    }
  }
  // One at a time: what was read last is served last.
  let last = Promise.resolve()
  return () => {
    last = last.then(reload).catch(onFault)
    return last
  }
}
