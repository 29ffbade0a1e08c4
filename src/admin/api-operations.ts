import { z } from 'zod'
import type { Clients } from '../clients/registry.ts'
import { operation } from './operation.ts'

interface Services {
  clients: Pick<Clients, 'declared'>
}

/** What staff see of the APIs that apps ask for. */
export function apiOperations({ clients }: Services) {
  return {
    list: operation({
      id: 'apis.list',
      means: 'Lists the APIs that apps can be given scopes of.',
      scope: 'admin:apps.read',
      at: 'GET /apis',
      args: z.object({}),
      result: z.object({
        apis: z.array(z.object({ resource: z.string(), name: z.string(), scopes: z.array(z.string()) })),
      }),
      run: async () => ({
        apis: clients.declared().apis.map(({ resource, name, scopes }) => ({ resource, name, scopes: [...scopes] })),
      }),
    }),
  }
}
