import { z } from 'zod'
import { type SubjectField, subjectFields } from '../crypto/certificate.ts'
import { algorithms, isSupported } from '../crypto/jws.ts'
import { detailTypes } from '../flows/details.ts'
import { jwks } from './public-keys.ts'
import { isTranslation, standardShape, target, web } from './standard-metadata.ts'

/** The grant of OAuth 2.0 Token Exchange (RFC 8693). */
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** The grant of OAuth 2.0 Device Authorization (RFC 8628). */
export const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
/** The grant of OpenID Connect Client-Initiated Backchannel Authentication. */
export const ciba = 'urn:openid:params:grant-type:ciba'

/** The scopes that are not an API's. */
export const oidcScopes: readonly string[] = ['openid', 'email', 'phone', 'profile', 'hold', 'offline_access']

/** What the scopes `profile`, `email` and `phone` open (OpenID Connect Core 1.0, 5.4). */
const personalClaims = [
  ...(['name', 'preferred_username', 'locale', 'zoneinfo', 'updated_at'] as const),
  ...(['email', 'email_verified', 'phone_number', 'phone_number_verified'] as const),
] as const

/** Every grant that there is. */
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  tokenExchange,
  deviceCode,
  ciba,
] as const

/** Returns a scope with one space between its values: people and programs leave more. */
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
/** What clients may sign proofs of possession with (FAPI 2.0 Security Profile, 5.4.1). */
export const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const
/** What clients may sign assertions and requests with (OpenID Connect Core 1.0, 9 and 6.1); those of FAPI, not with the last. */
export const clientAlgorithms = [...proofAlgorithms, 'RS256'] as const
const signing = z.enum(algorithms).refine(isSupported, { error: 'is not offered by this Node: its OpenSSL is too old' })
const { strictObject: strict } = z

/** A method that bots sign by the exchange scheme, and every parameter that it takes: nothing else is in what they sign. */
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
// An id of digits follows it in what is signed.
const methodName = z.string().regex(/^[a-z][\w/-]{0,98}[A-Za-z]$/, { error: 'must be a path that ends in a letter' })

/** An API (resource server, RFC 8707), the scopes that it knows, and the methods that bots may sign. */
export const apiShape = {
  resource: web,
  name: z.string().min(1).max(60),
  scopes: z.array(scopeToken).min(1),
  methods: z.record(methodName, method).default({}),
  /** What its access tokens are signed with (RFC 9068). */
  access_token_signed_response_alg: signing.default('ES256'),
  /** What people can be asked to approve for it (RFC 9396). */
  authorization_details_types: z.array(z.enum(detailTypes)).default([]),
  /** The client that it is itself: that one may ask whether what was approved is still to be done. */
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

/** How long the longest-lived of what is signed may live, in seconds: an ID token. */
export const longestSigned = 86_400

/** What no specification has a name for, and the library keeps on a client beside what it knows itself. */
export const extensionsShape = {
  /** Claims that its ID tokens carry, beside those of every ID token, where their scopes are asked for. */
  id_token_claims: z.array(z.enum(personalClaims)).default([]),
  /** What a request asks for that names no scope (RFC 6749, 3.3). */
  default_scope: words.optional(),
  /** Held to all of the FAPI 2.0 Security Profile. */
  profile: z.literal('fapi2').optional(),
  /** Without it, an app must send and check a nonce (RFC 9700, 2.1.1). */
  pkce_required: z.boolean().default(true),
  /** Its DPoP proofs must show a nonce of ours (RFC 9449, 8). */
  dpop_nonce_required: z.boolean().default(false),
  /** Lifetimes in seconds; of refresh tokens, since they were last used and since people signed in. */
  access_token_ttl: seconds(30, 3600).default(300),
  id_token_ttl: seconds(60, longestSigned).default(3600),
  refresh_token_ttl: seconds(300, 31_536_000).default(2_592_000),
  refresh_token_max: seconds(300, 31_536_000).optional(),
}

/** A client: names as in OpenID Connect Dynamic Client Registration 1.0, 2, and some of our own. */
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
  /** How it hears that its request was answered (CIBA Core 1.0, 4). */
  backchannel_token_delivery_mode: z.enum(['poll', 'ping']).optional(),
  backchannel_client_notification_endpoint: web.optional(),
  /** The algorithm that it signs its CIBA requests with; when set, they must be signed. */
  backchannel_authentication_request_signing_alg: z.enum(clientAlgorithms).optional(),
  scope: words.optional(),
  default_max_age: z.int().min(0).optional(),
  default_acr_values: z.array(z.enum(['mfa', 'aal2', 'phr'])).optional(),
  id_token_signed_response_alg: signing.default('ES256'),
  dpop_bound_access_tokens: z.boolean().default(false),
  tls_client_certificate_bound_access_tokens: z.boolean().default(false),
  require_pushed_authorization_requests: z.boolean().default(false),
  /** What it may ask people to approve (RFC 9396, 10). */
  authorization_details_types: z.array(z.enum(detailTypes)).default([]),
  /** RFC 9101, 10.5. */
  require_signed_request_object: z.boolean().default(false),
  request_object_signing_alg: z.enum(clientAlgorithms).optional(),
  /** The only ways in which it takes answers. */
  response_modes: z.array(z.enum(responseModes)).min(1).optional(),
  authorization_signed_response_alg: signing.default('ES256'),
  introspection_signed_response_alg: signing.default('ES256'),
  userinfo_signed_response_alg: signing.optional(),
  subject_type: z.enum(['public', 'pairwise']).default('public'),
  sector_identifier_uri: web.optional(),
  ...standardShape,
  ...extensionsShape,
  /** One of the suite: its people are not asked for consent. */
  first_party: z.boolean().default(false),
  /** Which of the tiles of views/assets stands for it. */
  tile: z
    .string()
    .regex(/^[a-z]{1,20}$/, { error: 'must be a word of lower-case letters' })
    .default('neutral'),
  /** Its logo, a PNG file beside this one: the consent page shows it. */
  logo: z.string().min(1).optional(),
  /** The APIs that it may ask for, by resource identifier, and which of their scopes. */
  apis: z.record(z.string(), z.array(scopeToken).min(1)).default({}),
  /** What its makers' systems know it by, where it is an app on a device: `TEAM123456.com.example.app`, */
  ios_app_ids: z
    .array(
      z.string().regex(/^[A-Z0-9]{10}(\.[A-Za-z0-9-]+)+$/, { error: 'must be a team and a bundle, parted by a dot' }),
    )
    .default([]),
  /** and its package with the SHA-256 of what signs it, in pairs of hex digits parted by colons. */
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
  /** The APIs that it may ask, being an API itself, on behalf of who came to it; and for which scopes. */
  delegates: z.record(z.string(), z.array(scopeToken).min(1)).default({}),
  /** People may let a device of its move money. */
  device_may_transfer: z.boolean().default(false),
  /** Its secret or key is public knowledge, so it works only while the issuer is on loopback. */
  development: z.boolean().default(false),
}

type Output<S extends z.ZodRawShape> = { [K in keyof S]: z.output<S[K]> }
export type Api = Output<typeof apiShape>
export type Client = Output<typeof clientShape>

/** Reads one entry field by field, so that one fault hides no other; `say` hears each fault. */
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
      for (const { path, message } of parsed.error.issues)
        say(`${[name, ...path].map(step).join('').slice(1)} ${message}`)
  }
  return entry as Partial<Output<S>>
}

const step = (key: PropertyKey): string => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)
