import { subjectFields } from '../crypto/certificate.ts'
import { loopback } from '../network.ts'
import { type Api, type Client, ciba, deviceCode, oidcScopes, tokenExchange } from './file.ts'

/** Where the issuer runs: on loopback (`local`), in production, or both. */
export interface Standing {
  local: boolean
  production: boolean
  /** Client certificates are accepted; with `ca`, those that an authority issued. */
  mtls?: { ca: string | undefined } | undefined
  /** Its admin API is then one that clients may be given scopes of. */
  issuer?: string | undefined
}

type Rule = (client: Partial<Client>, standing: Standing) => readonly (string | false | undefined)[]

/** The rules about several fields. Each fault begins with the name of its field. */
const rules: readonly Rule[] = [
  ({ token_endpoint_auth_method: method, client_secret: secret, jwks, jwks_uri }) => [
    method?.startsWith('client_secret') && secret === undefined && `client_secret is needed for ${method}`,
    !method?.startsWith('client_secret') &&
      method !== undefined &&
      secret !== undefined &&
      `client_secret is of no use with ${method}`,
    (method === 'private_key_jwt' || method === 'self_signed_tls_client_auth') &&
      !jwks === !jwks_uri &&
      `jwks or jwks_uri, one of the two, is needed for ${method}`,
  ],
  ({ token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg, ...client }) => [
    alg !== undefined &&
      (alg === 'HS256') !== (method === 'client_secret_jwt') &&
      `token_endpoint_auth_signing_alg: ${alg} does not go with ${method}`,
    (client.require_signed_request_object || client.request_object_signing_alg !== undefined) &&
      !client.jwks &&
      !client.jwks_uri &&
      `${client.require_signed_request_object ? 'require_signed_request_object' : 'request_object_signing_alg'} needs jwks or jwks_uri`,
    client.pkce_required === false &&
      method === 'none' &&
      'pkce_required must be true for a client that cannot authenticate',
  ],
  ({ profile, ...client }) =>
    profile === undefined
      ? []
      : [
          !/^private_key_jwt$|tls_client_auth$/.test(client.token_endpoint_auth_method ?? '') &&
            'profile: fapi2 needs private_key_jwt or a certificate',
          !client.dpop_bound_access_tokens &&
            !client.tls_client_certificate_bound_access_tokens &&
            'profile: fapi2 needs dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens',
          client.pkce_required === false && 'profile: fapi2 needs pkce_required',
          [client.request_object_signing_alg, client.token_endpoint_auth_signing_alg].includes('RS256') &&
            'profile: fapi2 allows no RS256',
        ],
  ({ subject_type, sector_identifier_uri: sector, redirect_uris = [], application_type: type }) => [
    subject_type === 'pairwise' &&
      sector === undefined &&
      (new Set(redirect_uris.map(uri => new URL(uri).host)).size !== 1 ||
        (type === 'native' && redirect_uris.some(onDevice))) &&
      'sector_identifier_uri is needed for pairwise where redirect_uris are not of one host',
    subject_type === 'public' && sector !== undefined && 'sector_identifier_uri is of no use without pairwise',
  ],
  (client, { mtls }) => {
    const { token_endpoint_auth_method: method, tls_client_certificate_bound_access_tokens: bound, jwks } = client
    const named = subjectFields.filter(field => client[field] !== undefined)
    const byName = method === 'tls_client_auth'
    return [
      method === 'self_signed_tls_client_auth' &&
        !mtls &&
        `token_endpoint_auth_method: ${method} needs LATCHKEY_MTLS_URL`,
      byName && !mtls?.ca && `token_endpoint_auth_method: ${method} needs LATCHKEY_MTLS_CA`,
      byName && named.length !== 1 && `token_endpoint_auth_method: ${method} needs one of ${subjectFields.join(', ')}`,
      !byName && named[0] !== undefined && `${named[0]} is of use with tls_client_auth only`,
      method === 'self_signed_tls_client_auth' &&
        jwks?.keys.some(key => key.x5c === undefined) &&
        `jwks: each key needs its certificate, x5c, for ${method}`,
      bound && !mtls && 'tls_client_certificate_bound_access_tokens needs LATCHKEY_MTLS_URL',
      bound &&
        client.dpop_bound_access_tokens &&
        'tls_client_certificate_bound_access_tokens and dpop_bound_access_tokens exclude each other',
    ]
  },
  ({ grant_types: grants, redirect_uris: uris, token_endpoint_auth_method: method, ...more }) => [
    grants?.includes('authorization_code') &&
      uris?.length === 0 &&
      'redirect_uris must not be empty for authorization_code',
    grants &&
      !grants.includes('authorization_code') &&
      uris !== undefined &&
      uris.length > 0 &&
      'redirect_uris are of no use without authorization_code',
    grants?.includes('refresh_token') &&
      !['authorization_code', deviceCode, ciba].some(each => grants.some(grant => grant === each)) &&
      'grant_types: refresh_token needs a grant that a person gives',
    grants?.includes('client_credentials') &&
      method === 'none' &&
      'grant_types: client_credentials needs a client that can authenticate',
    grants?.includes(ciba) && method === 'none' && 'grant_types: ciba needs a client that can authenticate',
    (grants ?? []).includes(ciba) !== (more.backchannel_token_delivery_mode !== undefined) &&
      'backchannel_token_delivery_mode goes with the grant of ciba, and the grant with it',
    (more.backchannel_token_delivery_mode === 'ping') !==
      (more.backchannel_client_notification_endpoint !== undefined) &&
      'backchannel_client_notification_endpoint goes with backchannel_token_delivery_mode ping, and that with it',
    more.backchannel_authentication_request_signing_alg !== undefined &&
      (!(grants ?? []).includes(ciba) || (!more.jwks && !more.jwks_uri)) &&
      'backchannel_authentication_request_signing_alg needs the grant of ciba, and jwks or jwks_uri',
    more.device_may_transfer &&
      !grants?.includes(deviceCode) &&
      'device_may_transfer is of no use without the grant of device_code',
    Object.keys(more.delegates ?? {}).length > 0 &&
      (!grants?.includes(tokenExchange) || method === 'none') &&
      'delegates needs the grant of token-exchange and a client that can authenticate',
  ],
  ({ response_types: answers, grant_types: grants }) => [
    answers &&
      grants &&
      answers.length > 0 !== grants.includes('authorization_code') &&
      'response_types: code goes with the grant authorization_code, and that with it',
  ],
  ({ default_scope, scope, apis = {} }) => {
    const may = [...(scope?.split(' ') ?? oidcScopes), ...Object.values(apis).flat()]
    return (default_scope?.split(' ') ?? [])
      .filter(each => !may.includes(each))
      .map(each => `default_scope: ${each} is neither in scope nor of its apis`)
  },
  ({ authorization_details_types: types, grant_types: grants }) => [
    types &&
      types.length > 0 &&
      grants &&
      !grants.includes('authorization_code') &&
      'authorization_details_types are of no use without authorization_code',
  ],
  ({ application_type: type, first_party: ours, ...client }) =>
    (['ios_app_ids', 'android_apps'] as const).map(
      name =>
        (client[name]?.length ?? 0) > 0 &&
        (type === 'web' || ours === false) &&
        `${name} are for native apps of the suite: they are given its passkeys and passwords`,
    ),
  ({ development }, { local, production }) => [
    development &&
      (production || !local) &&
      'development keys and secrets work only while the issuer is on loopback, and not in production',
  ],
  ({ redirect_uris = [], post_logout_redirect_uris = [], ...client }, standing) => [
    ...redirect_uris.map((uri, at) => misplaced(`redirect_uris[${at}]`, uri, client, standing)),
    ...post_logout_redirect_uris.map((uri, at) => misplaced(`post_logout_redirect_uris[${at}]`, uri, client, standing)),
    client.backchannel_logout_uri && misplaced('backchannel_logout_uri', client.backchannel_logout_uri, {}, standing),
    client.backchannel_client_notification_endpoint &&
      misplaced(
        'backchannel_client_notification_endpoint',
        client.backchannel_client_notification_endpoint,
        {},
        standing,
      ),
    client.jwks_uri && misplaced('jwks_uri', client.jwks_uri, {}, standing),
    client.sector_identifier_uri && misplaced('sector_identifier_uri', client.sector_identifier_uri, {}, standing),
  ],
]

/** Returns what is wrong with where a URL leads: only an app on a device may have its own scheme or loopback, all else is https (RFC 8252, 7). */
function misplaced(
  name: string,
  uri: string,
  { application_type: type }: Partial<Client>,
  { local }: Standing,
): string | undefined {
  const { protocol, hostname } = new URL(uri)
  const onLoopback = protocol === 'http:' && loopback(hostname)
  if (protocol === 'https:' || (onLoopback && (local || type === 'native'))) return undefined
  if (protocol === 'http:') return `${name} must be https`
  if (type !== 'native') return `${name} must be an http or https URL unless application_type is native`
  return protocol.includes('.') ? undefined : `${name} must have a scheme like com.example.app`
}

/** Returns whether only an app on a device has such a redirect URI (RFC 8252, 7.1 and 7.3): it does not tell whose app it is. */
export function onDevice(uri: unknown): boolean {
  const url = URL.parse(String(uri))
  return url !== null && url.protocol !== 'https:' && (url.protocol !== 'http:' || loopback(url.hostname))
}

/**
 * Returns what is wrong with where an app that is not in clients.json sends people. A host behind a private scheme proves nothing, and people
 * would take it for the owner of the app (RFC 8252, 7.1 has none); they would take what leads back to us for one of our own pages.
 */
export function strangersFaults(client: Partial<Client>, issuer: string): string[] {
  const own = new URL(issuer)
  const ours = ({ host, hostname }: URL): boolean =>
    loopback(own.hostname) ? host === own.host : hostname === own.hostname
  return (['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap(name =>
    (client[name] ?? []).flatMap((uri, at) => {
      const url = new URL(uri)
      if (!/^https?:$/.test(url.protocol))
        return uri.slice(url.protocol.length).startsWith('//')
          ? [`${name}[${at}] must not have a host behind its scheme`]
          : []
      return ours(url) ? [`${name}[${at}] must not lead to this server`] : []
    }),
  )
}

/** Returns the field that a fault begins with. */
export const about = (fault: string): string => /^\w*/.exec(fault)?.[0] ?? ''

/** Returns what is wrong with the fields of a client together. */
export function faultsOf(client: Partial<Client>, standing: Standing): string[] {
  return rules
    .flatMap(rule => rule(client, standing))
    .filter(fault => typeof fault === 'string' && fault !== '') as string[]
}

/** Returns every fault of the scopes that an entry asks for, of these APIs and besides. */
export function unknownScopes(
  { client_id, apis: asked = {}, delegates = {}, scope }: Partial<Client>,
  apis: readonly Partial<Api>[],
): string[] {
  const strange = (scope?.split(' ') ?? [])
    .filter(each => !oidcScopes.includes(each))
    .map(each => `scope: ${each} is not known`)
  const faults = Object.entries({ apis: asked, delegates }).flatMap(([name, wanted]) =>
    Object.entries(wanted).flatMap(([resource, scopes]) => {
      const api = apis.find(each => each.resource === resource)
      if (!api) return [`${name}: ${resource} is not declared`]
      return scopes
        .filter(each => api.scopes && !api.scopes.includes(each))
        .map(each => `${name}: ${resource} has no scope ${each}`)
    }),
  )
  const nobody = Object.keys(delegates).length > 0 && !apis.some(each => each.client_id === client_id)
  return [...strange, ...faults, ...(nobody ? ['delegates: no API has this client_id'] : [])]
}
