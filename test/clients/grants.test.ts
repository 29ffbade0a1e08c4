import { expect } from 'chai'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'
import { ciba, tokenExchange } from '../../src/clients/file.ts'

const api = { resource: 'https://api.example/a', name: 'A', scopes: ['read', 'trade'] }
const app = {
  client_id: 'app',
  client_name: 'App',
  client_secret: 'a-secret-that-is-long-enough-to-pass',
  redirect_uris: ['https://app.example/callback'],
}

describe('what clients.json says of grants that a person gives elsewhere', () => {
  const table: [string, object, string][] = [
    [
      'delegation of a client that is no API',
      {
        ...app,
        grant_types: ['authorization_code', tokenExchange],
        delegates: { [api.resource]: api.scopes },
      },
      'delegates: no API has this client_id',
    ],
    [
      'delegation without the grant',
      { ...app, delegates: { [api.resource]: api.scopes } },
      'delegates needs the grant of token-exchange',
    ],
    [
      'asking people behind their backs for anybody',
      {
        ...app,
        client_secret: undefined,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', ciba],
        backchannel_token_delivery_mode: 'poll',
      },
      'grant_types: ciba needs a client that can authenticate',
    ],
    [
      'asking people behind their backs without a way to hear the answer',
      { ...app, grant_types: ['authorization_code', ciba] },
      'backchannel_token_delivery_mode goes with the grant of ciba',
    ],
    [
      'pings that lead nowhere',
      { ...app, grant_types: ['authorization_code', ciba], backchannel_token_delivery_mode: 'ping' },
      'backchannel_client_notification_endpoint goes with',
    ],
    [
      'pings over http',
      {
        ...app,
        grant_types: ['authorization_code', ciba],
        backchannel_token_delivery_mode: 'ping',
        backchannel_client_notification_endpoint: 'http://app.example/ping',
      },
      'backchannel_client_notification_endpoint must be https',
    ],
    [
      'devices that move money where there are no devices',
      { ...app, device_may_transfer: true },
      'device_may_transfer is of no use',
    ],
  ]
  for (const [what, client, fault] of table) {
    it(`refuses ${what}`, () => {
      const read = () => parseClients({ apis: [api], clients: [client] }, { local: false, production: false })
      expect(read).to.throw(ClientsError, `clients[0] (app) ${fault}`)
    })
  }
})
