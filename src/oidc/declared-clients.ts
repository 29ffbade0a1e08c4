import { type Client, errors, type Provider } from 'oidc-provider'
import { ClientsError, type Declared } from '../clients/declared.ts'
import type { Clients } from '../clients/registry.ts'
import type { Ring } from '../keys/signing-keys.ts'
import { makeClient, type Replacements } from './internals.ts'

/** The library takes its static clients once, for good. Here all of them are replaced in one step, and it finds them first. */
export function declaring(provider: Provider, clients: Clients, ring: Pick<Ring, 'need'>) {
  let known: ReadonlyMap<string, Client> = new Map()
  const findClient: Replacements['findClient'] = find => async id => known.get(id) ?? find(id)

  /** Serves the clients of a file from now on. Throws ClientsError when the library finds fault with one, and goes on with the former. */
  const declare = async (next: Declared): Promise<void> => {
    const faults: string[] = []
    const made = new Map<string, Client>()
    await ring.need(next.algorithms)
    for (const each of next.metadata) {
      try {
        made.set(each.client_id, await makeClient(provider, each))
      } catch (fault) {
        if (!(fault instanceof errors.InvalidClientMetadata)) throw fault
        faults.push(`${each.client_id} ${fault.error_description ?? fault.message}`)
      }
    }
    if (faults.length > 0) throw new ClientsError('clients.json', faults)
    known = made
    clients.replace(next)
  }
  return { findClient, declare }
}

export type Declare = ReturnType<typeof declaring>['declare']
