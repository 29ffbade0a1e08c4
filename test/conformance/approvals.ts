import { approve, withdrawal } from '../support/approvals.ts'
import { authenticator } from '../support/authenticator.ts'
import type { Person } from '../support/people.ts'
import {
  type Answer,
  callback,
  declared,
  type Ending,
  ended,
  type Ground,
  ground,
  secretOf,
  verifier,
} from './ground.ts'

/** The API whose acts have to be approved, and another that takes approvals too. */
export const bank = 'https://api.example/bank'
export const vault = 'https://api.example/vault'

/** Somebody who can approve, and with what. */
export type Approver = Person & { device: ReturnType<typeof authenticator> }

/** A ground where apps ask for approvals. */
export interface Counter extends Ground {
  approver(): Promise<Approver>
  /** Pushes a request for approval. */
  push(details: unknown, more?: Record<string, string | undefined>, app?: string): Promise<Answer>
  /** Opens a pushed request in a browser, as far as its page. */
  open(person: Person, pushed: Answer, app?: string): Promise<Ending>
  /** Runs a request to its approval: a code at the app, if all is well. */
  approved(person: Approver, details?: unknown, app?: string): Promise<Ending>
  redeem(ending: Ending, app?: string): Promise<Answer>
  /** A token for one act. */
  actToken(person: Approver, details?: unknown): Promise<string>
  /** What introspection tells an API (or another client) of a token. */
  introspect(token: string, client?: string): Promise<Answer>
}

const types = ['payment', 'withdrawal']

/** Starts one. */
export async function counter(): Promise<Counter> {
  const apis = { [bank]: ['read', 'pay'], [vault]: ['read'], 'https://api.example/plain': ['read'] }
  const service = { grant_types: ['client_credentials'], redirect_uris: [], apis: {} }
  const here = await ground({
    apis: [
      {
        resource: bank,
        name: 'Bank',
        scopes: ['read', 'pay'],
        authorization_details_types: types,
        client_id: 'bank-api',
      },
      { resource: vault, name: 'Vault', scopes: ['read'], authorization_details_types: types, client_id: 'vault-api' },
      { resource: 'https://api.example/plain', name: 'Plain', scopes: ['read'] },
    ],
    clients: [
      declared('shop', { apis, authorization_details_types: types }),
      declared('till', { apis, authorization_details_types: ['payment'] }),
      declared('guest', { apis, authorization_details_types: types, first_party: false }),
      declared('plain', { apis }),
      declared('bank-api', service),
      declared('vault-api', service),
    ],
  })

  const self: Counter = {
    ...here,
    approver: async () => {
      const device = authenticator()
      const person = await here.person(device)
      return { ...person, device }
    },
    push: async (details, more = {}, app = 'shop') => {
      const request = here.request(app, { resource: bank, ...more })
      if (details !== undefined)
        request.set('authorization_details', typeof details === 'string' ? details : JSON.stringify(details))
      request.set('client_secret', secretOf(app))
      return here.post('pushed_authorization_request', request)
    },
    open: async (person, { body }, app = 'shop') => {
      const query = new URLSearchParams({ client_id: app, request_uri: String(body.request_uri) })
      let page = await person.browser.get(`${here.metadata.authorization_endpoint}?${query}`)
      const device = (person as Partial<Approver>).device
      // People who signed in with less prove more first.
      if (device && page.url.includes('/sign-in/')) page = await approve(person, page, device)
      return ended(page, here.issuer)
    },
    approved: async (person, details = [withdrawal], app = 'shop') => {
      const { page } = await self.open(person, await self.push(details, {}, app), app)
      return ended(await approve(person, page, person.device), here.issuer)
    },
    redeem: ({ told }, app = 'shop') =>
      here.token(app, {
        grant_type: 'authorization_code',
        code: told.get('code') ?? '',
        redirect_uri: callback(app),
        code_verifier: verifier,
        resource: bank,
      }),
    actToken: async (person, details) =>
      String((await self.redeem(await self.approved(person, details))).body.access_token),
    introspect: (token, client = 'bank-api') =>
      here.post('introspection', { token, client_id: client, client_secret: secretOf(client) }),
  }
  return self
}
