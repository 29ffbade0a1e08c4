import { z } from 'zod'
import { adminApi } from '../clients/apis.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import type { Api } from '../clients/file.ts'
import { registrations } from '../clients/registrations.ts'
import { storedApps } from '../clients/stored-apps.ts'
import { algorithms } from '../crypto/jws.ts'
import { Problem } from '../errors.ts'
import type { Store } from '../store/collection.ts'
import { appKeeper, appSources } from './app-keeper.ts'
import { operation } from './operation.ts'

interface Services extends Pick<Parameters<typeof appKeeper>[0], 'clients' | 'sealer' | 'issuer' | 'now'> {
  store: Store
}

const shown = z.object({
  resource: z.string().describe('Its resource identifier, which is the audience of its tokens (RFC 8707)'),
  name: z.string(),
  source: z.enum(['file', 'default']).describe('file: clients.json; default: Latchkey itself'),
  scopes: z.array(z.string()),
  format: z.literal('jwt').describe('Of its access tokens (RFC 9068)'),
  alg: z.enum(algorithms).describe('What its access tokens are signed with'),
  access_token_ttl: z.number().describe('Seconds that they live, unless the entry of the app says otherwise'),
  authorization_details_types: z.array(z.string()).describe('What people can be asked to approve for it (RFC 9396)'),
  client_id: z.string().optional().describe('The client that the API is itself'),
})
/** An API as staff see it. */
export type ApiShown = z.output<typeof shown>

const asking = z.object({
  client_id: z.string(),
  client_name: z.string(),
  source: z.enum(appSources),
  scopes: z.array(z.string()),
  access_token_ttl: z.number(),
  disabled: z.boolean(),
})
/** An app that may ask for an API. */
export type Asking = z.output<typeof asking>

const which = { api: z.string().max(2_000).describe('Its resource identifier') }
/** How many pages of apps are read for one page of those that may ask. */
const most = 20

/** What staff see of APIs. They are declared in clients.json, and the admin API is one by itself. */
export function apiOperations({ store, ...services }: Services) {
  const { clients, issuer } = services
  const keeper = appKeeper({ ...services, stored: storedApps(store), registrations: registrations(store) })
  const view = ({ resource, name, scopes, client_id, ...api }: Api): ApiShown => ({
    ...{ resource, name, client_id, scopes: [...scopes], format: 'jwt' },
    source: resource === adminApi(issuer).resource ? 'default' : 'file',
    alg: api.access_token_signed_response_alg,
    access_token_ttl: extensionsOf(undefined).access_token_ttl,
    authorization_details_types: [...api.authorization_details_types],
  })
  const found = (resource: string): Api => {
    const api = clients.declared().apis.find(each => each.resource === resource) as Api | undefined
    if (!api) throw new Problem('not_found')
    return api
  }
  return {
    list: operation({
      id: 'apis.list',
      means: 'Lists the APIs that apps can be given scopes of, with what their access tokens are like.',
      scope: 'admin:apps.read',
      at: 'GET /apis',
      args: z.object({}),
      result: z.object({ apis: z.array(shown) }),
      run: async () => ({ apis: clients.declared().apis.map(view) }),
    }),
    get: operation({
      id: 'apis.get',
      means: 'Shows one API, and which policies open it to apps that register themselves.',
      scope: 'admin:apps.read',
      at: 'GET /apis/{api}',
      args: z.object(which),
      result: z.object({
        api: shown,
        policies: z.array(z.object({ policy: z.string(), scopes: z.array(z.string()) })),
      }),
      run: async ({ api: resource }) => ({
        api: view(found(resource)),
        policies: [...clients.declared().policies.values()].flatMap(({ policy, apis }) =>
          apis[resource] ? [{ policy, scopes: [...apis[resource]] }] : [],
        ),
      }),
    }),
    apps: operation({
      id: 'apis.apps',
      means:
        'Lists the apps that may ask for tokens of an API, with which of its scopes, in the order of the list of apps. A page can be empty and have a next one.',
      scope: 'admin:apps.read',
      at: 'GET /apis/{api}/apps',
      args: z.object({ ...which, cursor: z.string().max(2_100).optional() }),
      result: z.object({ apps: z.array(asking), next: z.string().optional() }),
      run: async ({ api, cursor }) => {
        const { resource } = found(api)
        let next = cursor
        for (let read = 0; read < most; read++) {
          const page = await keeper.list(next)
          next = page.next
          const apps = page.apps.flatMap(({ client_id, client_name, source, apis, access_token_ttl, disabledAt }) => {
            const scopes = apis[resource]
            const disabled = disabledAt !== undefined
            return scopes ? [{ client_id, client_name, source, scopes, access_token_ttl, disabled }] : []
          })
          if (apps.length > 0 || next === undefined) return { apps, next }
        }
        return { apps: [], next }
      },
    }),
  }
}
