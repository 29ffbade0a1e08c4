import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const callback = 'https://till.example/callback'
const verifiers = {
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

/** The app that strangers name: it cannot authenticate, as apps on devices and in browsers cannot. */
export const till = {
  client_id: 'till',
  client_name: 'Till',
  first_party: true,
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  redirect_uris: [callback],
  post_logout_redirect_uris: ['https://till.example/'],
}

/** A file of clients with this app, and more; `drop` removes it. */
export function strangersFile(
  more: readonly object[] = [],
  apis: readonly object[] = [],
): { path: string; drop(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-strangers-'))
  const path = join(folder, 'clients.json')
  writeFileSync(path, JSON.stringify({ apis, clients: [till, ...more] }))
  return { path, drop: () => rmSync(folder, { recursive: true }) }
}

/** A request that somebody may send who has proved nothing, and can repeat for ever. */
export interface Stranger {
  path: string
  form?: Readonly<Record<string, string>>
}

const asked = (bytes: number) => ({
  client_id: till.client_id,
  response_type: 'code',
  redirect_uri: callback,
  scope: 'openid',
  state: 'x'.repeat(bytes),
  ...verifiers,
})
const query = (parameters: Readonly<Record<string, string>>): string => String(new URLSearchParams(parameters))

/** What makes a row, by what it is; each as large as it may be. */
export const storing: { readonly [what: string]: (bytes: number) => Stranger } = {
  'an authorization request': bytes => ({ path: `/authorize?${query(asked(bytes))}` }),
  'an authorization request by post': bytes => ({ path: '/authorize', form: asked(bytes) }),
  'a pushed request': bytes => ({ path: '/par', form: asked(bytes) }),
  'a device that asks': bytes => ({
    path: '/device-authorization',
    form: { client_id: till.client_id, scope: 'openid', nonce: 'x'.repeat(bytes) },
  }),
  'a sign-out': bytes => ({
    path: `/end-session?${query({ client_id: till.client_id, state: 'x'.repeat(bytes), post_logout_redirect_uri: 'https://till.example/' })}`,
  }),
  'a sign-out by post': bytes => ({
    path: '/end-session',
    form: { client_id: till.client_id, state: 'x'.repeat(bytes), post_logout_redirect_uri: 'https://till.example/' },
  }),
  'a sign-in page': () => ({ path: '/sign-in' }),
  'a sign-up page': () => ({ path: '/sign-up' }),
}

const device = 'urn:ietf:params:oauth:grant-type:device_code'

/** What is refused, and was chained in the audit log. */
export const refused: { readonly [what: string]: () => Stranger } = {
  'a token request of nobody': () => ({ path: '/token', form: { grant_type: 'client_credentials' } }),
  'a token request of an unknown client': () => ({
    path: '/token',
    form: { grant_type: 'client_credentials', client_id: 'nobody', client_secret: 'a'.repeat(40) },
  }),
  'a code that never was': () => ({
    path: '/token',
    form: { grant_type: 'authorization_code', client_id: till.client_id, code: 'x'.repeat(43), redirect_uri: callback },
  }),
  'a refresh token that never was': () => ({
    path: '/token',
    form: { grant_type: 'refresh_token', client_id: till.client_id, refresh_token: 'x'.repeat(43) },
  }),
  'a poll of a device that never asked': () => ({
    path: '/token',
    form: { grant_type: device, client_id: till.client_id, device_code: 'x'.repeat(43) },
  }),
  'an introspection by nobody': () => ({ path: '/introspect', form: { token: 'x'.repeat(43) } }),
  'a revocation by nobody': () => ({ path: '/revoke', form: { token: 'x'.repeat(43) } }),
}

/** Sends one, from an address that a proxy vouches for; no redirect is followed. */
export async function send(
  issuer: string,
  { path, form }: Stranger,
  address: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const answer = await fetch(issuer + path, {
    method: form ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { 'x-forwarded-for': address, ...headers },
    ...(form && { body: new URLSearchParams(form) }),
  })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}
