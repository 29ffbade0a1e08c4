import { expect } from 'chai'
import type { Store } from '../../src/store/collection.ts'
import type { Page } from '../support/jar.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { type Answer, api, declared, type Ground, ground } from './ground.ts'

/** The grant of devices (RFC 8628, 3.4). */
export const grant = 'urn:ietf:params:oauth:grant-type:device_code'

const television = (id: string, more: object = {}) =>
  declared(id, {
    grant_types: [grant, 'refresh_token'],
    redirect_uris: [],
    token_endpoint_auth_method: 'none',
    client_secret: undefined,
    ...more,
  })

/** Starts a Latchkey with clients for several kinds of devices. */
export const deviceGround = (through?: (store: Store) => Store): Promise<Ground> =>
  ground({
    through,
    environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' },
    apis: [{ resource: api, name: 'Ledger', scopes: ['read', 'write', 'transfer'] }],
    clients: [
      television('tv', { apis: { [api]: ['read', 'transfer'] } }),
      television('till', { apis: { [api]: ['read', 'transfer'] }, device_may_transfer: true }),
      television('guest', { first_party: false, scope: 'openid email offline_access' }),
      television('bound', { dpop_bound_access_tokens: true }),
      declared('desk'),
    ],
  })

/** What devices do, and the person who approves them. */
export interface Devices {
  ask(app?: string, more?: object, headers?: Record<string, string>): Promise<Answer>
  poll(code: unknown, app?: string, headers?: Record<string, string>): Promise<Answer>
  /** The page that a person sees once they have entered a code. */
  enter(code: unknown, who?: Person): Promise<Page>
  /** Presses, and proves anew where that is asked. */
  letIn(page: Page, who?: Person, answers?: Record<string, string | boolean>): Promise<Page>
  /** From the first request to the answer of the first poll. */
  connected(app?: string, more?: object): Promise<Answer>
}

/** Makes the devices of a ground, which this person approves unless told. */
export function devices(here: Ground, person: Person): Devices {
  const self: Devices = {
    ask: async (app = 'tv', more = {}, headers = {}) => {
      const answer = await here.post('device_authorization', { client_id: app, scope: 'openid', ...more }, headers)
      if (typeof answer.body.device_code === 'string') here.latchkey.keepOut(answer.body.device_code)
      return answer
    },
    poll: (code, app = 'tv', headers = {}) =>
      here.token(app, { grant_type: grant, device_code: String(code) }, headers),
    enter: async (code, who = person) =>
      (await who.browser.get(`${here.issuer}/device`)).submit({ user_code: String(code) }),
    letIn: async (page, who = person, answers = {}) => {
      const next = await page.submit(answers, 'Connect the device')
      if (!next.url.includes('/sign-in/')) return next
      const second = await next.submit({ password: who.password })
      return second.submit({ code: authenticatorCode(here.latchkey, who) })
    },
    connected: async (app = 'tv', more = {}) => {
      const { body } = await self.ask(app, more)
      expect((await self.letIn(await self.enter(body.user_code))).url).to.match(/\/device\/connected$/)
      return self.poll(body.device_code, app)
    },
  }
  return self
}
