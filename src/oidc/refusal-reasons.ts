import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clients } from '../clients/registry.ts'
import { Problem, type Refusal, told, wordsOf } from '../errors.ts'
import type { Outworn } from './client-sources.ts'

/** An error that the library throws for a request. */
export interface Fault extends Error {
  error: string
  error_description?: string
  status: number
  statusCode: number
  /** Seconds to wait before another try. */
  retryAfter?: number
}

const words = (...lines: string[]): string[] => lines.flatMap(line => line.split(' '))
/** Parameters of a request that a log may show: no secrets and nothing about a person. */
const plain = new Set(
  words(
    'client_id redirect_uri post_logout_redirect_uri response_type response_mode scope grant_type resource prompt max_age',
    'code_challenge_method acr_values client_assertion_type audience subject_token_type requested_token_type',
    'token_type_hint ui_locales requested_expiry',
  ),
)
/** Parameters of which a log says only whether they are there. */
const secretive = words(
  'code_challenge code_verifier client_secret client_assertion refresh_token device_code auth_req_id access_token',
  'subject_token actor_token id_token_hint login_hint_token login_hint logout_hint client_notification_token',
  'binding_message user_code authorization_details claims request token state nonce dpop_jkt code',
  // Anybody who has the handle of a pushed request can go on with it.
  'request_uri',
)

/** What a rule may look at. */
interface Case {
  ctx: KoaContextWithOIDC
  params: Readonly<Record<string, unknown>>
  client: KoaContextWithOIDC['oidc']['client']
  fault: Partial<Fault> & { scope?: string }
  clients: Clients
}
/** What a fault is about: the parameter, what would have done, and what came. */
type About = (of: Case) => readonly [parameter: string, expected?: unknown, received?: unknown]

const sent = ({ params }: Case, name: string): unknown => {
  const value = params[name]
  if (value === undefined || value === '') return 'nothing'
  return plain.has(name) ? value : 'something'
}
const param =
  (name: string, expected?: (of: Case) => unknown): About =>
  of => [name, expected?.(of), sent(of, name)]

/** Says by what a client said who it is. */
function shownBy({ ctx, params }: Case): string {
  if (ctx.get('Authorization') !== '') return 'client_secret_basic'
  if (params.client_secret) return 'client_secret_post'
  return params.client_assertion ? 'an assertion' : 'no secret, assertion or certificate'
}

/** Reads a claim of a JWT that is not verified. */
const claim =
  (jwt: (of: Case) => unknown, where: string, name: string, expected: (of: Case) => unknown): About =>
  of => {
    try {
      const text = String(jwt(of))
      const all = name === 'alg' || name === 'typ' ? decodeProtectedHeader(text) : decodeJwt(text)
      return [`${where} ${name}`, expected(of), (all as Record<string, unknown>)[name] ?? 'nothing']
    } catch {
      return [where, 'a JWT', 'something else']
    }
  }
const inAssertion = (name: string, expected: (of: Case) => unknown) =>
  claim(of => of.params.client_assertion, 'client_assertion', name, expected)
const inObject = (name: string, expected: (of: Case) => unknown) =>
  claim(of => (of.ctx.oidc.body ?? of.ctx.query)?.request, 'request', name, expected)
const inProof = (name: string, expected: (of: Case) => unknown) =>
  claim(of => of.ctx.get('DPoP'), 'DPoP', name, expected)
const issuer = ({ ctx }: Case): string => ctx.oidc.issuer
const soon = (): string => 'a time that is not over'
const lately = (): string => 'a time close to now'

const granted: { readonly [grant: string]: string } = {
  authorization_code: 'code',
  refresh_token: 'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code': 'device_code',
  'urn:openid:params:grant-type:ciba': 'auth_req_id',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'subject_token',
}

/** Rules by the words of a fault, the library's or ours: the first that fits says what the fault is about. */
const rules: readonly (readonly [RegExp, About])[] = [
  [/post_logout_redirect_uri/, param('post_logout_redirect_uri', ({ client }) => client?.postLogoutRedirectUris)],
  [/redirect_uri/, param('redirect_uri', ({ client }) => client?.redirectUris)],
  [/document|^invalid_client\b.*fetch/, param('client_id', () => 'an address whose document can be had')],
  [/JSON Web Key Set failed/, of => ['jwks_uri', 'a JSON Web Key Set', new URL(String(of.client?.jwksUri)).host]],
  [/client not found|client is invalid|client_id metadata/, param('client_id', () => 'a client that is known here')],
  [/no client authentication/, of => ['client authentication', 'a secret, an assertion or a certificate', shownBy(of)]],
  [/mechanism does not match/, of => ['client authentication', of.client?.clientAuthMethod, shownBy(of)]],
  [
    /authorization header value|in the [Aa]uthorization header|properly encoded/,
    () => ['Authorization', 'Basic credentials'],
  ],
  [/invalid secret/, of => ['client_secret', 'the secret of the client', shownBy(of)]],
  [/[Cc]lient certificate|certificate subject|x5t#S256/, () => ['client certificate', 'one of the client’s']],
  [/DPoP proof htu/, inProof('htu', ({ ctx }) => ctx.oidc.urlFor(ctx.oidc.route))],
  [/DPoP proof htm/, inProof('htm', ({ ctx }) => ctx.method)],
  [/DPoP proof iat/, inProof('iat', lately)],
  [/DPoP.*("alg"|Algorithm)/, inProof('alg', () => 'one of discovery’s')],
  [/DPoP.*"typ"/, inProof('typ', () => 'dpop+jwt')],
  [/nonce.*DPoP/, () => ['DPoP nonce', 'the one that this answer’s header carries']],
  [/DPoP|jkt/, () => ['DPoP', 'a proof by the key that this is bound to']],
  [/audience \(aud\)|aud \(JWT|issuer alone|one audience/, inAssertion('aud', issuer)],
  [/iss \(JWT issuer\)/, inAssertion('iss', ({ client, params }) => client?.clientId ?? params.client_id)],
  [/expiration must|assertion expires|invalid_client.*(exp|expired)/, inAssertion('exp', soon)],
  [
    /invalid_client.*alg mismatch/,
    inAssertion('alg', ({ client }) => client?.clientAuthSigningAlg ?? 'one of discovery’s'),
  ],
  [/assertion.*typ/, inAssertion('typ', () => 'JWT or client-authentication+jwt')],
  [/assertion is of the future/, inAssertion('iat', lately)],
  [/assertion|jti \(JWT ID\)/, param('client_assertion', () => 'a JWT that the client signed, and none twice')],
  [/request object.*audience|jwt audience/i, inObject('aud', issuer)],
  [/jwt issuer/, inObject('iss', ({ client }) => client?.clientId)],
  [/request object.*typ/i, inObject('typ', () => 'oauth-authz-req+jwt or JWT')],
  [
    /signed request alg|preregistered alg/,
    inObject('alg', ({ client }) => client?.requestObjectSigningAlg ?? 'one of discovery’s'),
  ],
  [/request object/i, param('request', () => 'a JWT that the client signed')],
  [/PKCE/, param('code_challenge', () => 'a PKCE challenge, S256')],
  [/code_verifier/, param('code_verifier', () => 'the verifier of the code’s challenge')],
  [/response_type/, param('response_type', ({ client }) => client?.responseTypes)],
  [/grant type|is not allowed for this client|grant_type/, param('grant_type', ({ client }) => client?.grantTypes)],
  [/invalid_scope|scope/, of => ['scope', of.client?.scope, of.fault.scope ?? sent(of, 'scope')]],
  [/invalid_target|resource/, of => ['resource', apisOf(of), sent(of, 'resource')]],
  [
    /content-type bodies/,
    of => ['Content-Type', 'application/x-www-form-urlencoded or JSON', of.ctx.get('Content-Type')],
  ],
  [/^invalid_request origin/, of => ['Origin', 'an origin of the client’s redirect URIs', of.ctx.get('Origin')]],
  [/initial access token/, of => ['Authorization', 'the token of an invitation', invitationShown(of)]],
  [
    /registration access token|client mismatch$/,
    () => ['Authorization', 'the registration access token of this client'],
  ],
  [/^invalid_token/, () => ['access_token', 'one of ours that lives']],
  [/^invalid_grant/, of => [granted[String(of.params.grant_type)] ?? 'grant_type', 'one of this client’s that lives']],
]

/** Says what became of the invitation that a client showed. */
function invitationShown({ ctx }: Case): string {
  const outworn = ctx.state.outworn as Outworn | undefined
  if (outworn) return `that of one that is ${outworn.type}`
  return ctx.get('Authorization') === '' ? 'nothing' : 'something else'
}

function apisOf({ client, clients }: Case): string[] | undefined {
  const apis = clients.declared().app(client?.clientId ?? '')?.apis
  return apis && [...apis.keys()]
}

const named = new RegExp(
  `\\b(${[...plain, ...secretive].sort((one, other) => other.length - one.length).join('|')})\\b`,
)

/**
 * Says why the library refuses a request, for its operator: what it is about, what would have done and what came, and all that the
 * fault and its causes say. Secrets, tokens and what is about a person are left out.
 */
export function reasonOf(ctx: KoaContextWithOIDC, met: Partial<Fault>, clients: Clients): Refusal {
  // A Problem's code is its message, too: what it says is in its cause.
  const fault: Partial<Fault> = met instanceof Problem ? { error: met.code, cause: met.cause } : met
  const why = wordsOf(fault)
  const { oidc } = ctx
  const { client } = oidc ?? {}
  const params = {
    ...(ctx.query as object),
    ...((oidc?.body ?? {}) as object),
    ...present(oidc?.params),
  } as Case['params']
  const of: Case = { ctx, params, client, fault, clients }
  const about = rules.find(([words]) => words.test(`${fault.error} ${why}`))?.[1] ?? nameIn(why)
  const [parameter, expected, received] = attempted(() => about?.(of)) ?? []
  return {
    error: told(fault.error ?? 'server_error'),
    client: client?.clientId,
    parameter,
    expected: expected === undefined ? undefined : told(expected),
    received: received === undefined ? undefined : told(received),
    why,
  }
}

/** Returns what `read` returns; undefined where it looks at what the request does not have. */
function attempted<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Returns the parameter that the words of a fault name. */
function nameIn(why: string): About | undefined {
  const name = named.exec(why)?.[1]
  return name === undefined ? undefined : param(name)
}

/** Returns the parameters that the library took, without those that it emptied. */
function present(params: object | undefined): object {
  return Object.fromEntries(Object.entries(params ?? {}).filter(([, value]) => value !== undefined))
}
