import { z } from 'zod'
import { acrValues } from '../acr.ts'
import { type SubjectField, subjectFields } from '../crypto/certificate.ts'
import { algorithms, isSupported } from '../crypto/jws.ts'
import { detailTypes } from '../flows/approval-details.ts'
import { claimsShape, rolesShape } from './attributes.ts'
import { jwks } from './public-keys.ts'
import { isTranslation, standardShape, target, web } from './standard-metadata.ts'

/** The grant of OAuth 2.0 Token Exchange (RFC 8693). */
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** The grant of OAuth 2.0 Device Authorization (RFC 8628). */
export const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
/** The grant of OpenID Connect Client-Initiated Backchannel Authentication. */
export const ciba = 'urn:openid:params:grant-type:ciba'

/** The scopes that belong to no API. */
export const oidcScopes: readonly string[] = ['openid', 'email', 'phone', 'profile', 'hold', 'offline_access']

/** The claims of the scopes `profile`, `email` and `phone` (OpenID Connect Core 1.0, 5.4). */
const personalClaims = [
  ...(['name', 'preferred_username', 'locale', 'zoneinfo', 'updated_at'] as const),
  ...(['email', 'email_verified', 'phone_number', 'phone_number_verified'] as const),
] as const

/** Every grant type. */
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  tokenExchange,
  deviceCode,
  ciba,
] as const

/** Returns a scope with one space between its values, because people and programs write more. */
export function tidyScope(scope: string): string {
  return scope.split(' ').filter(Boolean).join(' ')
}

const words = z
  .string()
  .transform(tidyScope)
  .pipe(
    z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/, {
      error: 'must be scopes separated by spaces',
    }),
  )
const scopeToken = z.string().regex(/^[a-z][a-z0-9_.:-]*$/, { error: 'must be a word of lower-case letters' })
/** The algorithms of clients' proofs of possession (FAPI 2.0 Security Profile, 5.4.1). */
export const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const
/** The algorithms of clients' assertions and requests (OpenID Connect Core 1.0, 9 and 6.1). FAPI clients may not use the last. */
export const clientAlgorithms = [...proofAlgorithms, 'RS256'] as const
const signing = z.enum(algorithms).refine(isSupported, { error: 'is not offered by this Node: its OpenSSL is too old' })
const { strictObject: strict } = z

/** A method that bots sign by the exchange scheme, with all its parameters: a signature covers no others. */
const parameter = z.string().regex(/^[A-Za-z]\w{0,63}$/, { error: 'must be a name of letters, digits and _' })
const complete = z.record(parameter, z.literal('text'))
const method = strict({
  scope: scopeToken,
  params: z
    .record(parameter, z.union([z.enum(['text', 'text?']), complete, z.tuple([complete])]), {
      error: 'must be "text", "text?", an object of "text", or a list of one such object',
    })
    .default({}),
})
// An id of digits follows it in the signed text.
const methodName = z.string().regex(/^[a-z][\w/-]{0,98}[A-Za-z]$/, { error: 'must be a path that ends in a letter' })

/** An API (resource server, RFC 8707), the scopes that it knows, and the methods that bots may sign. */
export const apiShape = {
  resource: web,
  name: z.string().min(1).max(60),
  scopes: z.array(scopeToken).min(1),
  methods: z.record(methodName, method).default({}),
  /** The algorithm of its access tokens (RFC 9068). */
  access_token_signed_response_alg: signing.default('ES256'),
  /** The types of details that people can be asked to approve for it (RFC 9396). */
  authorization_details_types: z.array(z.enum(detailTypes)).default([]),
  /** The client that the API is itself; it may ask whether an approval is still to be used. */
  client_id: z.string().optional(),
}

const responseModes = [
  ...(['query', 'fragment', 'form_post'] as const),
  ...(['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'] as const),
] as const
const seconds = (low: number, high: number) =>
  z
    .int()
    .min(low, { error: `must be ${low} or more` })
    .max(high, { error: `must be ${high} or less` })

/** The longest lifetime of a signed token, an ID token, in seconds. */
export const longestSigned = 86_400

/** Metadata that no specification names, which the library keeps on a client beside its own. */
export const extensionsShape = {
  /** Claims in its ID tokens, in addition to those of every ID token, if their scopes are requested. */
  id_token_claims: z.array(z.enum(personalClaims)).default([]),
  /** The scope of a request that names none (RFC 6749, 3.3). */
  default_scope: words.optional(),
  /** The client must follow all of the FAPI 2.0 Security Profile. */
  profile: z.literal('fapi2').optional(),
  /** Without PKCE, an app must send and check a nonce (RFC 9700, 2.1.1). */
  pkce_required: z.boolean().default(true),
  /** Its DPoP proofs must contain a nonce of ours (RFC 9449, 8). */
  dpop_nonce_required: z.boolean().default(false),
  /** Lifetimes in seconds; those of refresh tokens, since the last use and since the sign-in. */
  access_token_ttl: seconds(30, 3600).default(300),
  id_token_ttl: seconds(60, longestSigned).default(3600),
  refresh_token_ttl: seconds(300, 31_536_000).default(2_592_000),
  refresh_token_max: seconds(300, 31_536_000).optional(),
}

/** A client, with the names of OpenID Connect Dynamic Client Registration 1.0, 2, and some of our own. */
export const clientShape = {
  client_id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'must be lower-case letters, digits, - and _' }),
  client_name: z.string().min(1).max(60),
  application_type: z.enum(['web', 'native']).default('web'),
  token_endpoint_auth_method: z
    .enum([
      ...(['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'] as const),
      ...(['tls_client_auth', 'self_signed_tls_client_auth', 'none'] as const),
    ])
    .default('client_secret_basic'),
  token_endpoint_auth_signing_alg: z.enum([...clientAlgorithms, 'HS256']).optional(),
  client_secret: z
    .string()
    .regex(/^[\x21-\x7E]{32,256}$/, { error: 'must have 32 to 256 characters' })
    .optional(),
  /** Whom its certificate must name, by one of these (RFC 8705, 2.1.2). */
  ...(Object.fromEntries(subjectFields.map(field => [field, z.string().min(1).optional()])) as Record<
    SubjectField,
    z.ZodOptional<z.ZodString>
  >),
  jwks: jwks.optional(),
  jwks_uri: web.optional(),
  grant_types: z.array(z.enum(grantTypes)).min(1).default(['authorization_code']),
  redirect_uris: z.array(target).default([]),
  post_logout_redirect_uris: z.array(target).default([]),
  backchannel_logout_uri: web.optional(),
  /** How it learns that its request was answered (CIBA Core 1.0, 4). */
  backchannel_token_delivery_mode: z.enum(['poll', 'ping']).optional(),
  backchannel_client_notification_endpoint: web.optional(),
  /** The algorithm that it signs its CIBA requests with; when set, they must be signed. */
  backchannel_authentication_request_signing_alg: z.enum(clientAlgorithms).optional(),
  scope: words.optional(),
  default_max_age: z.int().min(0).optional(),
  default_acr_values: z.array(z.enum(acrValues)).optional(),
  id_token_signed_response_alg: signing.default('ES256'),
  dpop_bound_access_tokens: z.boolean().default(false),
  tls_client_certificate_bound_access_tokens: z.boolean().default(false),
  require_pushed_authorization_requests: z.boolean().default(false),
  /** The types of details that it may ask people to approve (RFC 9396, 10). */
  authorization_details_types: z.array(z.enum(detailTypes)).default([]),
  /** RFC 9101, 10.5. */
  require_signed_request_object: z.boolean().default(false),
  request_object_signing_alg: z.enum(clientAlgorithms).optional(),
  /** The response modes that it accepts; all by default. */
  response_modes: z.array(z.enum(responseModes)).min(1).optional(),
  authorization_signed_response_alg: signing.default('ES256'),
  introspection_signed_response_alg: signing.default('ES256'),
  userinfo_signed_response_alg: signing.optional(),
  subject_type: z.enum(['public', 'pairwise']).default('public'),
  sector_identifier_uri: web.optional(),
  ...standardShape,
  ...extensionsShape,
  /** An app of the suite: people are not asked for consent. */
  first_party: z.boolean().default(false),
  /** The roles that people can have in it. */
  roles: rolesShape,
  /** Claims that come from its roles and from attributes of people. */
  claims: claimsShape,
  /** Its tile in views/assets. */
  tile: z
    .string()
    .regex(/^[a-z]{1,20}$/, { error: 'must be a word of lower-case letters' })
    .default('neutral'),
  /** Its logo, a PNG file beside this one: the consent page shows it. */
  logo: z.string().min(1).optional(),
  /** The APIs that it may ask for, by resource identifier, and which of their scopes. */
  apis: z.record(z.string(), z.array(scopeToken).min(1)).default({}),
  /** Its ids for Apple, if it is an app on a device: `TEAM123456.com.example.app`, */
  ios_app_ids: z
    .array(
      z.string().regex(/^[A-Z0-9]{10}(\.[A-Za-z0-9-]+)+$/, { error: 'must be a team and a bundle, parted by a dot' }),
    )
    .default([]),
  /** and for Google: its package and the SHA-256 of its signing certificate, in pairs of hex digits separated by colons. */
  android_apps: z
    .array(
      strict({
        package: z.string().regex(/^[A-Za-z]\w*(\.[A-Za-z]\w*)+$/, { error: 'must be a name like com.example.app' }),
        fingerprints: z
          .array(
            z
              .string()
              .regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/, { error: 'must be 32 pairs of hex digits, with colons' }),
          )
          .min(1),
      }),
    )
    .default([]),
  /** The APIs, with scopes, that it may use on behalf of its people, if it is an API itself. */
  delegates: z.record(z.string(), z.array(scopeToken).min(1)).default({}),
  /** Whether people may let its devices move money. */
  device_may_transfer: z.boolean().default(false),
  /** Its secret or key is public knowledge, so it works only while the issuer is on loopback. */
  development: z.boolean().default(false),
}

type Output<S extends z.ZodRawShape> = { [K in keyof S]: z.output<S[K]> }
export type Api = Output<typeof apiShape>
export type Client = Output<typeof clientShape>

/** Reads an entry field by field, so that one fault hides no other, and reports each fault to `say`. */
export function readEntry<S extends z.ZodRawShape>(
  shape: S,
  raw: unknown,
  say: (fault: string) => void,
): Partial<Output<S>> {
  const entry: Record<string, unknown> = {}
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    say('must be an object')
    return entry as Partial<Output<S>>
  }
  for (const name of Object.keys(raw))
    if (!Object.hasOwn(shape, name) && !isTranslation(name)) say(`${name} is not known`)
  for (const [name, kind] of Object.entries(shape)) {
    const parsed = z.safeParse(kind, (raw as Record<string, unknown>)[name])
    if (parsed.success) entry[name] = parsed.data
    else
      for (const { path, ...issue } of parsed.error.issues) {
        const { message } = (issue.code === 'invalid_key' && issue.issues[0]) || issue
        say(`${[name, ...path].map(step).join('').slice(1)} ${message}`)
      }
  }
  return entry as Partial<Output<S>>
}

const step = (key: PropertyKey): string => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)
