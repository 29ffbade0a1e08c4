import type { Store } from '../../src/store/collection.ts'
import type { Page } from '../support/jar.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { type Answer, api, declared, type Ground, ground } from './ground.ts'

/** The grant type of CIBA (CIBA Core 1.0, 10.1). */
export const grant = 'urn:openid:params:grant-type:ciba'

const shop = (id: string, more: object = {}) =>
  declared(id, {
    grant_types: [grant, 'refresh_token'],
    redirect_uris: [],
    backchannel_token_delivery_mode: 'poll',
    ...more,
  })

/** Starts a Latchkey with several kinds of CIBA apps; one of them is pinged at this URL. */
export const shopGround = (ping = 'https://caller.example/ping', through?: (store: Store) => Store): Promise<Ground> =>
  ground({
    through,
    apis: [{ resource: api, name: 'Ledger', scopes: ['read', 'write', 'transfer'] }],
    clients: [
      shop('shop', { apis: { [api]: ['read', 'transfer'] } }),
      shop('caller', {
        backchannel_token_delivery_mode: 'ping',
        backchannel_client_notification_endpoint: ping,
      }),
      shop('guest', { first_party: false, scope: 'openid email offline_access' }),
      shop('bound', { dpop_bound_access_tokens: true }),
      declared('desk'),
    ],
  })

/** What the apps do, and the person they ask. */
export interface Shops {
  ask(app?: string, more?: object): Promise<Answer>
  poll(id: unknown, app?: string, more?: object, headers?: Record<string, string>): Promise<Answer>
  approvals(who?: Person): Promise<Page>
  /** Presses, and proves anew where that is asked. */
  press(button: string, who?: Person): Promise<Page>
}

/** Makes the apps of a ground, which ask this person unless another is given. */
export function shops(here: Ground, person: Person): Shops {
  const self: Shops = {
    ask: async (app = 'shop', more = {}) => {
      const usual = { scope: 'openid', login_hint: person.email }
      const answered = await here.post('backchannel_authentication', { ...(await here.proof(app)), ...usual, ...more })
      if (typeof answered.body.auth_req_id === 'string') here.latchkey.keepOut(answered.body.auth_req_id)
      return answered
    },
    poll: (id, app = 'shop', more = {}, headers = {}) =>
      here.token(app, { grant_type: grant, auth_req_id: String(id), ...more }, headers),
    approvals: (who = person) => who.browser.get(`${here.issuer}/account/approvals`),
    press: async (button, who = person) => {
      const next = await (await self.approvals(who)).submit({}, button)
      if (!next.url.includes('/sign-in/')) return next
      const second = await next.submit({ password: who.password })
      return second.submit({ code: authenticatorCode(here.latchkey, who) })
    },
  }
  return self
}

/** The messages that lead to the approvals, once there are so many. */
export async function toldOf({ latchkey }: Ground, to: string, count: number) {
  for (;;) {
    const messages = (await latchkey.outbox(to)).filter(each => each.link?.endsWith('/account/approvals'))
    if (messages.length >= count) return messages
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
