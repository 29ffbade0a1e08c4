import { type Code, Problem } from '../errors.ts'
import type { AppWishes } from './app-fields.ts'
import { type Client, deviceCode } from './file.ts'
import { about } from './rules.ts'

const signIn: Client['grant_types'] = ['authorization_code', 'refresh_token']

/** What an app is made from: the part of its entry that follows from its kind. */
const templates = {
  /** Pages that a server writes: it keeps a secret. */
  web: { application_type: 'web', token_endpoint_auth_method: 'client_secret_basic', grant_types: signIn },
  /** A program in the browser. */
  spa: { application_type: 'web', token_endpoint_auth_method: 'none', grant_types: signIn },
  /** An app on a phone or a computer (RFC 8252). */
  native: { application_type: 'native', token_endpoint_auth_method: 'none', grant_types: signIn },
  /** A program without people (RFC 6749, 4.4). */
  service: {
    application_type: 'web',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
  },
  /** A screen without a keyboard (RFC 8628). */
  device: {
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: [deviceCode, 'refresh_token'],
  },
  /** A client of MCP servers: it runs on a person's device or at a host of its own, and people are asked for consent. */
  mcp: { application_type: 'native', token_endpoint_auth_method: 'none', grant_types: signIn },
} satisfies Record<string, Pick<Client, 'application_type' | 'token_endpoint_auth_method' | 'grant_types'>>

export type Template = keyof typeof templates
export const templateNames = Object.keys(templates) as [Template, ...Template[]]

/** Returns what is the same of every app of this kind. */
export const fixedBy = (template: Template) => templates[template]
/** Returns whether an app of this kind keeps a secret. */
export const hasSecret = (template: Template): boolean => templates[template].token_endpoint_auth_method !== 'none'

/** Returns the entry of an app as clients.json would have it, without its secret. */
export function entryOf(template: Template, id: string, { apis, ...wishes }: AppWishes): Record<string, unknown> {
  return {
    client_id: id,
    ...templates[template],
    ...wishes,
    // An API of which nothing is wanted is as good as not named.
    apis: Object.fromEntries(Object.entries(apis).filter(([, scopes]) => scopes.length > 0)),
  }
}

/** Returns an id for an app, made of its name. */
export function idFrom(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '')
  const words = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
  return words.slice(0, 40).replace(/-$/, '') || 'app'
}

/** What each fault of an address is called, by how it is told. */
const ofAddresses: readonly (readonly [RegExp, Code])[] = [
  [/must be https$/, 'uri_not_https'],
  [/unless application_type is native$/, 'uri_own_scheme'],
  [/must have a scheme like/, 'uri_scheme_short'],
  [/must not lead to this server$|host behind its scheme$/, 'uri_leads_astray'],
  [/must not be empty/, 'uri_missing'],
  [/of no use without authorization_code/, 'uri_unused'],
]
const addresses = ['redirect_uris', 'post_logout_redirect_uris', 'backchannel_logout_uri']
/** What each fault of a claim is called, by how it is told; each names what is wrong. */
const ofClaims: readonly (readonly [RegExp, Code])[] = [
  [/^claims\..*: (?<from>.*) is not declared$/s, 'claim_unknown'],
  [/^claims\..*: (?<from>.*) has no name/s, 'claim_unknown'],
  [/^claims\..*: roles must be declared$/s, 'claim_roles'],
  [/^claims: authorization_code/, 'claim_unasked'],
  [/^claims\.(?<claim>__proto__|.*):? must (?:be a|not be the) name/s, 'claim_name'],
  [/^claims\.(?<claim>.*)\.in/s, 'claim_place'],
]
const others: Readonly<Record<string, Code>> = {
  client_id: 'invalid_app_id',
  client_name: 'invalid_app_name',
}

/** Returns the Problem that tells of the first fault of an app's entry, beside its field; undefined where there is none. */
export function problemOf(
  faults: readonly string[],
  entry: Partial<Client> | Record<string, unknown>,
): Problem | undefined {
  const [fault] = faults
  if (fault === undefined) return undefined
  const field = about(fault)
  const cause = new Error(faults.join('; '))
  if (field === 'claims')
    for (const [words, code] of ofClaims) {
      const found = words.exec(fault)
      if (found) return new Problem(code, { field, values: { ...found.groups }, cause })
    }
  if (field === 'roles') {
    const at = Number(/^roles\[(\d+)\]/.exec(fault)?.[1] ?? 0)
    return new Problem('invalid_app_roles', {
      field,
      values: { role: String([entry.roles ?? []].flat()[at] ?? '') },
      cause,
    })
  }
  if (!addresses.includes(field)) return new Problem(others[field] ?? 'invalid_app', { field, cause })
  const at = Number(/^\w+\[(\d+)\]/.exec(fault)?.[1] ?? 0)
  const uri = [(entry as Record<string, unknown>)[field] ?? ''].flat()[at]
  const code = ofAddresses.find(([words]) => words.test(fault))?.[1] ?? 'uri_malformed'
  return new Problem(code, { field, values: { uri: String(uri ?? '') }, cause })
}
