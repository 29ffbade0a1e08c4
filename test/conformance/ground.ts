import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import type { ServerMetadata } from 'openid-client'
import type { Store } from '../../src/store/collection.ts'
import type { Authenticator } from '../support/authenticator.ts'
import { type Jar, jar, type Page } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { type Person, signUp, somebody } from '../support/people.ts'
import { assertion, type Pair } from './proving.ts'

/** The API that the apps of these tests may ask for, with scopes `read` and `write`. */
export const api = 'https://api.example/ledger'

/** The verifier and challenge of requests that are not about PKCE (RFC 7636, appendix B). */
export const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
export const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** Parameters by name; undefined leaves one of the usual ones out, a list sends one several times. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** An app's answer from an endpoint that programs call. */
export interface Answer {
  status: number
  headers: Headers
  /** Its JSON; empty where it is none. */
  body: Record<string, unknown>
  text: string
}

/** Where an authorization request ended. */
export interface Ending {
  page: Page
  /** The app's own URL that the browser was sent to, if it was. */
  at: URL | undefined
  /** What the app is told: of the query, or of the fragment where there is one. */
  told: URLSearchParams
}

/** A complete Latchkey and its apps, used over HTTP only. */
export interface Ground {
  issuer: string
  latchkey: Running
  /** The discovery document, as it is at the start. */
  metadata: ServerMetadata
  /** Somebody who has an account and is signed in (password and authenticator: acr aal2) in their browser. */
  person(device?: Authenticator): Promise<Person>
  /** Sends a browser with an authorization request of an app: code, `openid`, PKCE, state and nonce unless told. */
  ask(app: string, browser: Jar, more?: Parameters): Promise<Ending>
  /** The parameters that `ask` sends. */
  request(app: string, more?: Parameters): URLSearchParams
  /** Posts a form to an endpoint (its name in discovery, or a URL), with headers. */
  post(endpoint: string, form: Parameters | URLSearchParams, headers?: Record<string, string>): Promise<Answer>
  get(endpoint: string, headers?: Record<string, string>): Promise<Answer>
  /** What authenticates an app at an endpoint: its secret as a parameter, an assertion, or only its name. */
  proof(app: string, claims?: JWTPayload): Promise<Record<string, string>>
  /** Redeems a code of an app, or asks for tokens by whatever `form` says. */
  token(app: string, form: Parameters, headers?: Record<string, string>): Promise<Answer>
  /** From an authorization request to tokens. */
  tokens(app: string, browser: Jar, more?: Parameters, headers?: Record<string, string>): Promise<Answer>
  /** The claims of a JWT that Latchkey signed; throws for any other. */
  verified(token: unknown): Promise<JWTPayload>
  /** Declares only these of its apps from now on; all of them, where none is named. */
  declareOnly(...ids: string[]): Promise<void>
  stop(): Promise<void>
}

/** An app as clients.json declares it; more is added, or replaces. */
export type Declared = Readonly<Record<string, unknown>> & { client_id: string }

/** Where an app of these tests takes answers: nobody listens there. */
export const callback = (id: string): string => `https://${id}.example/callback`

/** A first-party app with a secret that signs people in and refreshes. */
export function declared(id: string, more: Readonly<Record<string, unknown>> = {}): Declared {
  return {
    client_id: id,
    client_name: id,
    first_party: true,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [callback(id)],
    token_endpoint_auth_method: 'client_secret_post',
    client_secret: secretOf(id),
    apis: { [api]: ['read', 'write'] },
    ...more,
  }
}

/** Like `declared`, but for the app's own key in place of a secret (private_key_jwt). */
export function keyed(id: string, { publicJwk }: Pair, more: Readonly<Record<string, unknown>> = {}): Declared {
  const own = { token_endpoint_auth_method: 'private_key_jwt', client_secret: undefined, jwks: { keys: [publicJwk] } }
  return declared(id, { ...own, ...more })
}

/** The secret of an app that `declared` makes. */
export const secretOf = (id: string): string => `${id}-secret-of-the-conformance-tests-0000`

interface Options {
  clients: readonly Declared[]
  /** The keys of apps that prove themselves by one, by client_id. */
  keys?: Readonly<Record<string, Pair>>
  apis?: readonly object[]
  /** What clients that register may be. */
  policies?: readonly object[]
  /** More of the environment. */
  environment?: Record<string, string>
  /** PEM files to serve https with, and one of the authorities that issue apps’ certificates. */
  tls?: { cert: string; key: string }
  authorities?: string
  /** Wraps the store that Latchkey sees. */
  through?: (store: Store) => Store
}

const ledger = { resource: api, name: 'Ledger', scopes: ['read', 'write'] }

/** Starts a Latchkey that knows these clients. */
export async function ground({
  clients,
  keys = {},
  apis = [ledger],
  policies = [],
  ...more
}: Options): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-conformance-'))
  const file = join(folder, 'clients.json')
  const write = (list: readonly Declared[]) => writeFileSync(file, JSON.stringify({ apis, clients: list, policies }))
  write(clients)
  const latchkey = await startLatchkey({ clients: file, ...more })
  const { issuer } = latchkey
  const discovery = await fetch(`${issuer}/.well-known/openid-configuration`)
  const metadata = (await discovery.json()) as ServerMetadata
  const urls = metadata as unknown as Record<string, string>
  const at = (endpoint: string): string => urls[endpoint] ?? urls[`${endpoint}_endpoint`] ?? endpoint
  const keysOfIssuer = createRemoteJWKSet(new URL(metadata.jwks_uri ?? ''))

  const self: Ground = {
    issuer,
    latchkey,
    metadata,
    person: async device => {
      const person = somebody()
      await signUp(latchkey, person, await person.browser.get(`${issuer}/sign-up`), 'totp', device)
      return person
    },
    request: (app, more = {}) =>
      search({
        client_id: app,
        response_type: 'code',
        scope: 'openid',
        redirect_uri: callback(app),
        code_challenge: challenge,
        code_challenge_method: 'S256',
        state: 'a state',
        nonce: 'a nonce',
        ...more,
      }),
    ask: async (app, browser, more) =>
      ended(await browser.get(`${at('authorization')}?${self.request(app, more)}`), issuer),
    post: async (endpoint, form, headers = {}) => {
      const body = form instanceof URLSearchParams ? form : search(form)
      return answered(await fetch(at(endpoint), { method: 'POST', body, headers, redirect: 'manual' }))
    },
    get: async (endpoint, headers = {}) => answered(await fetch(at(endpoint), { headers, redirect: 'manual' })),
    proof: async (app, claims = {}): Promise<Record<string, string>> => {
      const method = clients.find(each => each.client_id === app)?.token_endpoint_auth_method
      const key = keys[app]
      if (key) return assertion(app, key, { aud: issuer, ...claims })
      return method === 'none' ? { client_id: app } : { client_id: app, client_secret: secretOf(app) }
    },
    token: async (app, form, headers) => self.post('token', { ...(await self.proof(app)), ...form }, headers),
    tokens: async (app, browser, more = {}, headers = {}) => {
      const { told, page } = await self.ask(app, browser, more)
      const code = told.get('code')
      if (code === null) throw new Error(`no code, but ${told} at ${page.url}`)
      const { resource, redirect_uri = callback(app) } = more
      const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, resource }
      return self.token(app, form, headers)
    },
    verified: async token => (await jwtVerify(String(token), keysOfIssuer, { issuer })).payload,
    declareOnly: async (...ids) => {
      write(ids.length === 0 ? clients : clients.filter(({ client_id: id }) => ids.includes(id)))
      await latchkey.reload()
    },
    stop: async () => {
      await latchkey.stop()
      rmSync(folder, { recursive: true })
    },
  }
  return self
}

function search(parameters: Parameters): URLSearchParams {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    [value ?? []].flat().map(each => [name, each] as [string, string]),
  )
  return new URLSearchParams(pairs)
}

async function answered(response: Response): Promise<Answer> {
  const text = await response.text()
  const json = /json$/.test(response.headers.get('content-type')?.split(';')[0] ?? '')
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : {}, text }
}

/** Reads where a browser was sent in the end. */
export function ended(page: Page, issuer: string): Ending {
  const at = new URL(page.location ?? page.url, page.url)
  if (at.origin === issuer) return { page, at: undefined, told: new URLSearchParams() }
  return { page, at, told: new URLSearchParams(at.hash === '' ? at.search : at.hash.slice(1)) }
}

/** A browser without cookies. */
export const stranger = jar

/** The claims of a JWT, not verified. */
export const read = (token: unknown): JWTPayload => decodeJwt(String(token))
