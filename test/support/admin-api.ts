import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { type AdminScope, adminScopes, type Role, roleNames, roles } from '../../src/accounts/role.ts'
import { type Authenticator, authenticator } from './authenticator.ts'
import type { Page } from './jar.ts'
import { type Running, startLatchkey } from './latchkey.ts'
import type { Person } from './people.ts'
import { freePorts } from './ports.ts'
import { securityAt } from './security.ts'

const callback = 'http://localhost:9/callback'
const verifier = 'a-verifier-of-forty-three-characters-or-longer-it-is'
const secretOf = (id: string) => `${id}-secret-of-thirty-two-characters`

export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of a body, it says itself
  body: any
}

/** Somebody of the staff, with a passkey. */
export interface Member {
  person: Person
  device: Authenticator
  account: string
}

/** A service for each scope, so that none of them asks more often than one may. */
export const manyServices = (issuer: string): object[] =>
  adminScopes.map((_, at) => ({
    ...{ client_id: `service-${at}`, client_name: `Service ${at}`, development: true },
    client_secret: secretOf(`service-${at}`),
    ...{ grant_types: ['client_credentials'], apis: { [`${issuer}/admin/api`]: adminScopes } },
  }))

/** A Latchkey whose admin API services may use: `desk` is the app of its staff. */
export async function adminApiServed(
  more: (issuer: string) => object[] = () => [],
  environment: Record<string, string> = {},
  attributes: readonly object[] = [],
) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-admin-api-'))
  const [port = 0] = await freePorts(1)
  const issuer = `http://localhost:${port}`
  const resource = `${issuer}/admin/api`
  const other = 'https://api.example/other'
  const service = (client_id: string, apis: object, extra: object = {}) => ({
    ...{ client_id, client_name: client_id, client_secret: secretOf(client_id), development: true },
    ...{ grant_types: ['client_credentials'], apis, ...extra },
  })
  const own = [
    service('robot', { [resource]: adminScopes, [other]: ['read'] }),
    service('twin', { [resource]: adminScopes }),
    service('reader', { [resource]: ['admin:people.read'] }),
    {
      ...service('desk', { [resource]: adminScopes, [other]: ['read'] }),
      ...{ first_party: true, grant_types: ['authorization_code'], redirect_uris: [callback] },
    },
  ]
  const clients = [...own, ...more(issuer)]
  const file = join(folder, 'clients.json')
  const apis = [{ resource: other, name: 'Other', scopes: ['read'] }]
  const write = (list: object[], catalogue = attributes) =>
    writeFileSync(file, JSON.stringify({ attributes: catalogue, apis, clients: list }))
  write(clients)
  const latchkey: Running = await startLatchkey({ port, clients: file, environment })
  const at = securityAt(latchkey)

  const token = async (client: string, form: Record<string, string>): Promise<string> => {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client}:${secretOf(client)}`).toString('base64')}` },
      body: new URLSearchParams(form),
    })
    const body = (await answer.json()) as { access_token?: string }
    return body.access_token ?? expect.fail(JSON.stringify(body))
  }
  /** A token of a service, for these scopes. */
  const asService = (client: string, scopes: readonly AdminScope[] = adminScopes, more: object = {}) =>
    token(client, { grant_type: 'client_credentials', resource, scope: scopes.join(' '), ...more })

  const ask = async (
    bearer: string | undefined,
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const answer = await fetch(`${resource}${path}`, {
      method,
      headers: {
        // What browsers and the JDK prefer: it must not matter.
        accept: 'text/html',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) }
  }

  const member = async (role?: Role): Promise<Member> => {
    const device = authenticator()
    return { ...(await staffOf(await at.joined('totp', device), role)), device }
  }
  const staffOf = async (person: Person, role?: Role) => {
    const account = (await accounts(latchkey.store).byEmail(person.email))?.id ?? expect.fail(person.email)
    if (role) await roles({ store: latchkey.store, now: latchkey.clock.now }).give(account, role)
    return { person, account }
  }
  const proved = async ({ person, device }: Member, page: Page): Promise<Page> => {
    const options = JSON.parse(page.find('[data-options]')?.attributes['data-options'] ?? '{}')
    const response = JSON.stringify(await device.get(options, issuer))
    return person.browser.post(`${page.url}/passkey`, { response }, { follow: false })
  }
  /** A token of one of the staff, by the app of the staff; with `acr_values` of phr unless told. */
  const asMember = async (
    who: Member,
    {
      scopes = adminScopes,
      acr = 'phr',
      resource: to = resource,
    }: { scopes?: readonly string[]; acr?: string; resource?: string } = {},
  ): Promise<string> => {
    const parameters = {
      ...{ client_id: 'desk', response_type: 'code', redirect_uri: callback, resource: to },
      ...{
        scope: ['openid', ...scopes].join(' '),
        code_challenge: await digest(verifier),
        code_challenge_method: 'S256',
      },
      ...(acr !== '' && { acr_values: acr }),
    }
    let page = await who.person.browser.get(`${issuer}/authorize?${new URLSearchParams(parameters)}`, { follow: false })
    for (let left = 10; left > 0 && !page.location?.startsWith(callback); left--) {
      if (page.location) page = await who.person.browser.get(page.location, { follow: false })
      else if (page.find('[data-options]')) page = await proved(who, page)
      else expect.fail(page.text)
    }
    const code = new URL(page.location ?? '').searchParams.get('code') ?? expect.fail(page.location)
    return token('desk', {
      ...{ grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier, resource: to },
    })
  }
  const setRole = async ({ account }: Member, role: Role | undefined): Promise<void> => {
    const kept = roles({ store: latchkey.store, now: latchkey.clock.now })
    for (const each of roleNames) await kept.take(account, each)
    if (role) await kept.give(account, role)
  }
  return {
    ...{ latchkey, issuer, resource, other, at, ask, asService, asMember, member, staffOf, setRole },
    /** Declares other clients beside its own, and other attributes, from now on. */
    redeclare: async (others: object[], catalogue: readonly object[]) => {
      write([...own, ...others], catalogue)
      await latchkey.reload()
    },
    /** Declares only these clients from now on. */
    declareOnly: async (...ids: string[]) => {
      write(clients.filter(each => ids.includes((each as { client_id: string }).client_id)))
      await latchkey.reload()
    },
    /** Declares that a client may ask for these scopes only, from now on. */
    declareLess: async (id: string, ...scopes: AdminScope[]) => {
      const less = (each: object) => ({ ...each, apis: { [resource]: scopes } })
      write(clients.map(each => ((each as { client_id: string }).client_id === id ? less(each) : each)))
      await latchkey.reload()
    },
    stop: async () => {
      await latchkey.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

async function digest(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('base64url')
}
