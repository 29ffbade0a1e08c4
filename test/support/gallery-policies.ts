import { roleScopes } from '../../src/accounts/role.ts'
import { account, day, longApp, type Picture, picture } from './gallery-samples.ts'

const staff = { ...account, staff: roleScopes.viewer, back: '/admin/apps' }
const usual = <V>(value: V) => ({ value, source: 'default' as const })
const declared = <V>(value: V) => ({ value, source: 'file' as const })
const third = {
  ...{ kind: 'registration' as const, name: 'third-party', source: 'default' as const, uninvited: true },
  ...{ acr: usual('mfa'), consent: usual('asked' as const), pkce_required: usual(true), apis: usual({}) },
  grant_types: usual(['authorization_code', 'refresh_token']),
  token_endpoint_auth_methods: usual(['none', 'client_secret_basic', 'private_key_jwt']),
  scope: usual(['openid', 'profile', 'email', 'offline_access']),
  ...{ access_token_ttl: usual(300), id_token_ttl: usual(3_600), refresh_token_ttl: usual(30 * (day / 1_000)) },
}
const trading = 'https://api.latchkey.example/trading'
const policies = [
  third,
  {
    ...{ ...third, name: 'partner', source: 'file' as const, uninvited: false, pkce_required: declared(false) },
    ...{ apis: declared({ [trading]: ['read', 'trade'] }), scope: declared(['openid', 'email']) },
    redirect_hosts: declared(['partner.example', '*.partner.example']),
  },
  { ...third, kind: 'store' as const, name: 'service', uninvited: false, apis: undefined },
  { ...third, kind: 'file' as const, name: 'clients.json', uninvited: false, consent: usual('first_party' as const) },
]
const api = {
  ...{ resource: trading, name: 'Trading', source: 'file' as const, scopes: ['read', 'trade', 'withdraw'] },
  ...{ format: 'jwt' as const, alg: 'ES256' as const, access_token_ttl: 300, client_id: 'trading-api' },
  authorization_details_types: ['transfer'],
}
const own = {
  ...{ ...api, resource: 'https://id.latchkey.example/admin/api', name: 'Latchkey', source: 'default' as const },
  ...{ scopes: [...roleScopes.admin], client_id: undefined, authorization_details_types: [] },
}
const asking = {
  ...{ client_id: 'trading', client_name: 'Trading', source: 'file' as const, scopes: ['read', 'trade'] },
  ...{ access_token_ttl: 300, disabled: false },
}
const apps = [
  asking,
  { ...asking, client_id: 'app_7Rk2', client_name: longApp.name, source: 'registration' as const, disabled: true },
]
const one = { base: '/admin/apis/x', policies: [{ policy: 'partner', scopes: ['read'] }], apps, first: true }

/** Policies and APIs, as any of the staff sees them. */
export const policyPages: readonly Picture[] = [
  picture('admin-policies', 'admin/policies', { ...staff, policies }),
  picture('admin-policies-ar', 'admin/policies', { ...staff, policies, locale: 'ar' }),
  picture('admin-apis', 'admin/apis', { ...staff, apis: [api, own] }),
  picture('admin-api', 'admin/api', { ...staff, ...api, ...one, title: api.name, rest: '?after=x' }),
  picture('admin-api-nobody', 'admin/api', {
    ...{ ...staff, ...own, ...one, title: own.name, rest: undefined, apps: [], policies: [], locale: 'de' },
  }),
]
