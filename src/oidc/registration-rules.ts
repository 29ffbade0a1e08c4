import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { z } from 'zod'
import { extraClientMetadata } from '../clients/client-extensions.ts'
import { clientShape, readEntry } from '../clients/file.ts'
import { faultsUnder, type Policy, thirdParty, within } from '../clients/policies.ts'
import { jwksOfOthers } from '../clients/public-keys.ts'
import type { Invitation } from '../clients/registrations.ts'
import { type Clients, isDocument } from '../clients/registry.ts'
import { about, faultsOf, onDevice, type Standing, strangersFaults } from '../clients/rules.ts'
import { plain } from '../flows/details.ts'

/** What a client may say of itself, by the rules of clients.json; all else there is the operator's to say. */
const registeredShape = {
  application_type: clientShape.application_type,
  token_endpoint_auth_method: clientShape.token_endpoint_auth_method,
  token_endpoint_auth_signing_alg: clientShape.token_endpoint_auth_signing_alg,
  jwks: jwksOfOthers.optional(),
  jwks_uri: clientShape.jwks_uri,
  grant_types: clientShape.grant_types,
  response_types: clientShape.response_types,
  redirect_uris: clientShape.redirect_uris,
  post_logout_redirect_uris: clientShape.post_logout_redirect_uris,
  backchannel_logout_uri: clientShape.backchannel_logout_uri,
  scope: clientShape.scope,
  default_max_age: clientShape.default_max_age,
  default_acr_values: clientShape.default_acr_values,
  id_token_signed_response_alg: clientShape.id_token_signed_response_alg,
  dpop_bound_access_tokens: clientShape.dpop_bound_access_tokens,
  require_pushed_authorization_requests: clientShape.require_pushed_authorization_requests,
  require_signed_request_object: clientShape.require_signed_request_object,
  request_object_signing_alg: clientShape.request_object_signing_alg,
  response_modes: clientShape.response_modes,
  authorization_signed_response_alg: clientShape.authorization_signed_response_alg,
  introspection_signed_response_alg: clientShape.introspection_signed_response_alg,
  userinfo_signed_response_alg: clientShape.userinfo_signed_response_alg,
  subject_type: clientShape.subject_type,
  sector_identifier_uri: clientShape.sector_identifier_uri,
  // Neither what cannot be seen, nor what turns the text around it, nor letters that pass for others in a word.
  client_name: z
    .string()
    .min(1)
    .max(60)
    .refine(plain, { error: 'must have 1 to 60 characters, all of them to be seen, each word of one script' })
    .optional(),
  apis: clientShape.apis.unwrap().optional(),
  client_uri: clientShape.client_uri,
  logo_uri: clientShape.logo_uri,
  tos_uri: clientShape.tos_uri,
  policy_uri: clientShape.policy_uri,
}

type Validator = NonNullable<NonNullable<Configuration['extraClientMetadata']>['validator']>

/** What the library judges by itself, or has made. */
const besides = [
  ...['client_id', 'client_secret', 'client_id_issued_at', 'client_secret_expires_at', 'contacts'],
  ...['initiate_login_uri', 'require_auth_time', 'backchannel_logout_session_required'],
  ...extraClientMetadata.properties,
]

/** What says by what names a client knows people. */
interface Sector {
  subject_type?: string | undefined
  sector_identifier_uri?: string | undefined
  redirect_uris?: readonly string[] | undefined
}

/** The library's client while it is made. */
type Making = Record<string, unknown>

/** Holds a client to the rules and to its policy, and settles in it what it left open. Throws the library's errors, with every fault. */
type Judge = (making: Making, policy: Policy, at: ReturnType<typeof homeOf>) => void

/** What the library is told of metadata of our own; it asks before it makes any client, and those that come by themselves are judged then. */
export function clientMetadata({
  clients,
  standing,
  issuer,
}: {
  clients: Clients
  standing: Standing
  issuer: string
}) {
  const judge = judging(clients, standing, issuer)
  return {
    // The policy is last: by then the client has what is usual of what it has no say in.
    properties: [...extraClientMetadata.properties, 'apis', 'policy'],
    validator: (...asked: Parameters<Validator>) => {
      const [ctx, name, , making] = asked
      if (extraClientMetadata.properties.includes(name)) return extraClientMetadata.validator?.(...asked)
      // One of the file, or of the store, comes without a request, and was judged before.
      const { client_id } = making as unknown as Making
      if (name !== 'policy' || (!ctx && !isDocument(String(client_id), '*'))) return
      const made = making as unknown as Making
      judge(made, policyOf(made, ctx, clients), homeOf(made, ctx))
    },
  }
}

/** Makes what judges clients that come by themselves: by registering, or as a document. What is unknown is ignored (RFC 7591, 2). */
function judging(clients: Clients, standing: Standing, issuer: string): Judge {
  return (making, policy, at) => {
    for (const [name, value] of Object.entries(making)) if (value === null || value === '') delete making[name]
    const uris = making.redirect_uris
    if (Array.isArray(uris) && uris.length > 0 && uris.every(onDevice)) making.application_type = 'native'
    const secretive = String(making.token_endpoint_auth_method).startsWith('client_secret')
    if (!secretive) for (const name of ['client_secret', 'client_secret_expires_at']) delete making[name]
    for (const name of Object.keys(making))
      if (!Object.hasOwn(registeredShape, name) && !besides.includes(name)) delete making[name]
    const told: string[] = []
    making.policy = policy.policy
    if (isDocument(String(making.client_id), '*')) leaveOut(making, policy)
    // Metadata without response types means `code`, whatever the grants.
    const { grant_types: grants, response_types: answers } = making
    if (Array.isArray(grants) && !grants.includes('authorization_code') && String(answers) === 'code')
      making.response_types = []
    const named = typeof making.scope === 'string'
    if (making.scope === undefined || typeof making.scope === 'string') {
      making.scope = within(policy, { scope: askedScope(making, policy) }).scope
      if (making.scope === '') told.push('scope: nothing of it is allowed')
    }
    // The scope that it registered is its default for requests without one.
    making.default_scope = named ? making.scope : undefined
    const known = Object.entries(making).filter(([name]) => Object.hasOwn(registeredShape, name))
    const client = readEntry(registeredShape, Object.fromEntries(known), fault => told.push(fault))
    const wrong = new Set(told.map(about))
    const secret = secretive ? String(making.client_secret) : undefined
    const beside = [
      ...faultsOf({ ...client, client_secret: secret }, standing),
      ...strangersFaults(client, issuer),
      ...faultsUnder(policy, client, clients.declared()),
      ...('home' in at && strayed(client, at.home) ? ['sector_identifier_uri is needed for another sector'] : []),
    ]
    told.push(...beside.filter(each => !wrong.has(about(each))))
    if (client.jwks) making.jwks = client.jwks
    if (told.length === 0) return
    // The library reads the kind of the error from its first word (RFC 7591, 3.2.2); RFC 6749, 5.2 says which characters there are.
    const first = (fault: string): number => (about(fault) === 'redirect_uris' ? 0 : 1)
    const text = told.sort((one, other) => first(one) - first(other)).join('; ')
    throw new errors.InvalidClientMetadata(text.replace(/[^\x20-\x7E]|["\\]/g, "'").slice(0, 1_000))
  }
}

/** A document is written for every server that its client meets, so what this one has not is left out of it. */
function leaveOut(making: Making, policy: Policy): void {
  const { grant_types: grants, response_types: answers } = making
  const granted = Array.isArray(grants) ? within(policy, { grant_types: grants }).grant_types : []
  if (granted.length > 0) making.grant_types = [...granted]
  if (Array.isArray(answers) && answers.includes('code')) making.response_types = ['code']
}

/** Returns the scope that a client asks to be registered for: who asks for the grant of refresh tokens means the scope that opens it, too. */
function askedScope({ scope, grant_types: grants }: Making, policy: Policy): string | undefined {
  if (typeof scope !== 'string') return undefined
  const asked = scope.split(' ')
  const refreshes = Array.isArray(grants) && grants.includes('refresh_token')
  const nothing = within(policy, { scope }).scope === ''
  return refreshes && !nothing && !asked.includes('offline_access') ? `${scope} offline_access` : scope
}

/**
 * Where nothing but its redirect URIs says whose a client is, pairwise subjects of theirs are its own only as long as it is known by
 * them: what was let in at one host must not come to learn by what names people are known at another.
 */
function strayed(
  { subject_type, sector_identifier_uri, redirect_uris = [] }: Sector,
  home: string | undefined,
): boolean {
  if (subject_type !== 'pairwise' || sector_identifier_uri !== undefined) return false
  return redirect_uris.some(uri => new URL(uri).host !== home)
}

/** The sector that a client had before, or its document's host; none where it only comes. */
function homeOf({ client_id }: Making, ctx: KoaContextWithOIDC | undefined): { home?: string | undefined } {
  if (isDocument(String(client_id), '*')) return { home: URL.parse(String(client_id))?.host }
  if (!ctx || ctx.oidc.route === 'registration') return {}
  return { home: (ctx.oidc.client as { sectorIdentifier?: string } | undefined)?.sectorIdentifier }
}

/** Which policy holds for a client that is made: that of who changes it, of its invitation, or the one for everybody. */
function policyOf(making: Making, ctx: KoaContextWithOIDC | undefined, clients: Clients): Policy {
  const { client, entities } = ctx?.oidc ?? {}
  const before = (client as Making | undefined)?.policy
  const invitation = entities?.InitialAccessToken as unknown as Invitation | undefined
  const name = String(
    ctx?.oidc.route === 'registration' ? (invitation?.policy ?? thirdParty.policy) : (before ?? thirdParty.policy),
  )
  const policy = clients.declared().policies.get(name)
  if (!policy) throw new errors.InvalidClientMetadata(`the policy ${name} of ${making.client_id} is gone`)
  return policy
}
