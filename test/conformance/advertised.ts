import { expect } from 'chai'
import type { Person } from '../support/people.ts'
import { api, type Declared, declared, ended, type Ground, keyed, type Parameters, stranger } from './ground.ts'
import { type Pair, seconds, signed } from './proving.ts'

/** What apps sign with. */
export const signers = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const
/** The algorithms that Latchkey signs with for apps that ask for them. */
const offered = [...signers, 'ML-DSA-44', 'ML-DSA-65'] as const

/** The app that has a key of this algorithm, or for which everything is signed with it (`op`). */
export const appWith = (whose: 'key' | 'op', alg: string): string => `${whose}-${alg.toLowerCase()}`

/** An app for each thing that discovery advertises and an entry decides. */
export function trialClients(keys: Readonly<Record<string, Pair>>, logouts: string): Declared[] {
  const own = Object.entries(keys).map(([id, key]) => keyed(id, key))
  const signedFor = offered.map(alg =>
    declared(appWith('op', alg), {
      id_token_signed_response_alg: alg,
      userinfo_signed_response_alg: alg,
      introspection_signed_response_alg: alg,
      authorization_signed_response_alg: alg,
    }),
  )
  const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const shop = { grant_types: [ciba], redirect_uris: [], backchannel_token_delivery_mode: 'poll' }
  return [
    ...own,
    ...signedFor,
    declared('desk', { authorization_details_types: ['payment', 'withdrawal'] }),
    declared('basic', { token_endpoint_auth_method: 'client_secret_basic' }),
    declared('hashed', { token_endpoint_auth_method: 'client_secret_jwt' }),
    declared('phone', { token_endpoint_auth_method: 'none', client_secret: undefined }),
    declared('public'),
    declared('pairwise', { subject_type: 'pairwise' }),
    declared('told', { backchannel_logout_uri: logouts }),
    declared('service', {
      grant_types: ['client_credentials', exchange],
      redirect_uris: [],
      apis: { [api]: ['read'] },
    }),
    declared('tv', {
      ...{ grant_types: [device], redirect_uris: [] },
      token_endpoint_auth_method: 'client_secret_post',
    }),
    ...Object.entries(keys).map(([id, { publicJwk }]) =>
      declared(`asks-${id}`, { ...shop, jwks: { keys: [publicJwk] } }),
    ),
    declared('poll', shop),
    declared('ping', {
      ...shop,
      backchannel_token_delivery_mode: 'ping',
      backchannel_client_notification_endpoint: 'https://ping.example/',
    }),
  ]
}

const device = 'urn:ietf:params:oauth:grant-type:device_code'
const ciba = 'urn:openid:params:grant-type:ciba'

/** What is advertised for CIBA and devices, each value with what tries it. */
export function elsewhereTrials(at: () => { here: Ground; ada: Person; keys: Readonly<Record<string, Pair>> }) {
  const asks = async (app: string, endpoint = 'backchannel_authentication') => {
    const { here, ada } = at()
    const form = { scope: 'openid', login_hint: ada.email, client_notification_token: 'a-token' }
    const { body } = await here.post(endpoint, { ...(await here.proof(app)), ...form })
    return expect(body.auth_req_id, app).to.be.a('string')
  }
  return {
    device_authorization_endpoint: async (value: string) => {
      const { here } = at()
      expect((await here.post(value, { ...(await here.proof('tv')), scope: 'openid' })).body.user_code).to.be.a(
        'string',
      )
    },
    backchannel_authentication_endpoint: (value: string) => asks('poll', value),
    backchannel_token_delivery_modes_supported: (mode: string) => asks(mode),
    backchannel_authentication_request_signing_alg_values_supported: async (alg: string) => {
      const { here, ada, keys } = at()
      const key = appWith('key', alg)
      const app = `asks-${key}`
      const now = { iat: seconds(), nbf: seconds(), exp: seconds() + 60, jti: crypto.randomUUID() }
      const asked = { iss: app, aud: here.issuer, ...now, scope: 'openid', login_hint: ada.email }
      const request = await signed(keys[key] as Pair, asked)
      const { body } = await here.post('backchannel_authentication', { ...(await here.proof(app)), request })
      expect(body.auth_req_id, alg).to.be.a('string')
    },
  }
}

type Trials = Readonly<Record<string, () => Promise<unknown>>>

/** Metadata whose name says what to try: one line for each name. */
export function namedTrials(here: Ground, { browser }: Person): { grants: Trials; prompts: Trials } {
  const code = async (app: string, more: Parameters = {}) => (await here.ask(app, browser, more)).told.get('code')
  const tokens = async () => (await here.tokens('desk', browser)).body

  const grants: Trials = {
    authorization_code: async () => expect((await tokens()).access_token).to.be.a('string'),
    refresh_token: async () => {
      const refresh_token = String((await tokens()).refresh_token)
      const { body } = await here.token('desk', { grant_type: 'refresh_token', refresh_token })
      expect(body.access_token).to.be.a('string')
    },
    client_credentials: async () => {
      const { body } = await here.token('service', { grant_type: 'client_credentials', resource: api })
      expect(body.access_token).to.be.a('string')
    },
    [device]: async () => {
      const { body } = await here.post('device_authorization', { ...(await here.proof('tv')), scope: 'openid' })
      const polled = await here.token('tv', { grant_type: device, device_code: String(body.device_code) })
      expect(polled.body.error).to.equal('authorization_pending')
    },
    [ciba]: async () =>
      expect((await here.token('poll', { grant_type: ciba, auth_req_id: 'x' })).body.error).to.equal('invalid_grant'),
    // test/api-keys tests that signed requests are accepted; here, that the grant exists.
    'urn:ietf:params:oauth:grant-type:token-exchange': async () => {
      const subject = {
        subject_token: 'e30',
        subject_token_type: 'urn:latchkey:params:oauth:token-type:signed-request',
      }
      const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'
      expect((await here.token('service', { grant_type, resource: api, ...subject })).body.error).to.equal(
        'invalid_grant',
      )
    },
  }

  const prompts: Trials = {
    none: async () => expect(await code('desk', { prompt: 'none' })).to.be.a('string'),
    login: async () => expect((await here.ask('desk', browser, { prompt: 'login' })).page.url).to.contain('/sign-in/'),
    select_account: async () =>
      expect((await here.ask('desk', browser, { prompt: 'select_account' })).page.url).to.contain('/sign-in/'),
    create: async () =>
      expect((await here.ask('desk', stranger(), { prompt: 'create' })).page.url).to.contain('/sign-up/'),
    consent: async () => {
      const { page } = await here.ask('desk', browser, { prompt: 'consent' })
      const { told } = ended(await page.submit({}, { action: '/consent' }), here.issuer)
      expect(told.get('code')).to.be.a('string')
    },
  }
  return { grants, prompts }
}
