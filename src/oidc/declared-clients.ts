import { type ClientMetadata, errors, type Provider } from 'oidc-provider'
import { ClientsError, type Declared } from '../clients/declared.ts'
import type { Clients } from '../clients/registry.ts'
import type { Ring } from '../keys/ring.ts'

/** Serves the clients of a file from now on. Throws ClientsError when the library finds fault with one, and goes on with the former. */
export type Declare = (next: Declared) => Promise<void>

/** The library's own view of a client, beside what its type says. */
interface ClientModel {
  new (metadata: ClientMetadata): { clientId: string }
  find(id: unknown): Promise<unknown>
  validate(metadata: ClientMetadata): Promise<void>
}

/** The library takes its static clients once, for good. Here all of them are replaced in one step, and it finds them first. */
export function declaring(provider: Provider, clients: Clients, ring: Pick<Ring, 'need'>): Declare {
  const Client = provider.Client as unknown as ClientModel
  const { find } = Client
  let known: ReadonlyMap<unknown, unknown> = new Map()
  Object.assign(Client, { find: async (id: unknown) => known.get(id) ?? (await find.call(Client, id)) })

  return async next => {
    const faults: string[] = []
    const made = new Map<string, unknown>()
    await ring.need(next.algorithms)
    for (const each of next.metadata) {
      try {
        await Client.validate(each)
        made.set(each.client_id, new Client(each))
      } catch (fault) {
        if (!(fault instanceof errors.InvalidClientMetadata)) throw fault
        faults.push(`${each.client_id} ${fault.error_description ?? fault.message}`)
      }
    }
    if (faults.length > 0) throw new ClientsError('clients.json', faults)
    known = made
    clients.replace(next)
  }
}
