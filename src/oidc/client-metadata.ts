import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { z } from 'zod'
import { extraClientMetadata } from '../clients/client-extensions.ts'
import { clientShape, readEntry } from '../clients/file.ts'
import type { Invitation } from '../clients/invitations.ts'
import { faultsUnder, type Policy, thirdParty, within } from '../clients/policies.ts'
import { jwksOfOthers } from '../clients/public-keys.ts'
import { type Clients, isDocument } from '../clients/registry.ts'
import { about, faultsOf, onDevice, strangersFaults } from '../clients/rules.ts'
import { plain } from '../flows/approval-details.ts'
import type { Options } from './options.ts'

/** How deep the metadata of a client may be nested: a key's certificates are at 4. */
const deepest = 8

/**
 * Returns the metadata that a client sent, without what stands for nothing: null and empty members are as good as absent (RFC 7592,
 * 2.2). Throws `invalid_client_metadata` for what could be taken for a property of every object, at any depth, and for what goes
 * deeper than any metadata: code that meets it by its name, or walks down, would fail in ways that nobody foresees.
 */
export function readMetadata(body: unknown): Record<string, unknown> {
  refuseStrange(body)
  const members = Object.entries(body as object).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(members)
}

/** Throws for metadata that no client has a reason to send: see `readMetadata`. */
export function refuseStrange(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > deepest) throw new errors.InvalidClientMetadata('metadata is nested too deep')
  const strange = Object.keys(value).find(name => name in Object.prototype)
  if (strange !== undefined) throw new errors.InvalidClientMetadata(`${strange} is no name for metadata`)
  for (const each of Object.values(value)) refuseStrange(each, depth + 1)
}

const sharedNames = [
  ...(['application_type', 'token_endpoint_auth_method', 'token_endpoint_auth_signing_alg', 'jwks_uri'] as const),
  ...(['grant_types', 'response_types', 'redirect_uris', 'post_logout_redirect_uris'] as const),
  ...(['backchannel_logout_uri', 'scope', 'default_max_age', 'default_acr_values'] as const),
  ...(['id_token_signed_response_alg', 'dpop_bound_access_tokens', 'require_pushed_authorization_requests'] as const),
  ...(['require_signed_request_object', 'request_object_signing_alg', 'response_modes'] as const),
  ...(['authorization_signed_response_alg', 'introspection_signed_response_alg'] as const),
  ...(['userinfo_signed_response_alg', 'subject_type', 'sector_identifier_uri', 'client_uri', 'logo_uri'] as const),
  ...(['tos_uri', 'policy_uri'] as const),
]
type Shared = Pick<typeof clientShape, (typeof sharedNames)[number]>

/** The metadata that a client may set itself, by the rules of clients.json; only the operator sets the rest. */
const registeredShape = {
  ...(Object.fromEntries(sharedNames.map(name => [name, clientShape[name]])) as Shared),
  jwks: jwksOfOthers.optional(),
  apis: clientShape.apis.unwrap().optional(),
  // Neither what cannot be seen, nor what turns the text around it, nor letters that pass for others in a word.
  client_name: z
    .string()
    .min(1)
    .max(60)
    .refine(plain, { error: 'must have 1 to 60 characters, all of them to be seen, each word of one script' })
    .optional(),
}

type Validator = NonNullable<NonNullable<Configuration['extraClientMetadata']>['validator']>

/** Metadata that the library checks by itself, or has made. */
const besides = [
  ...['client_id', 'client_secret', 'client_id_issued_at', 'client_secret_expires_at', 'contacts'],
  ...['initiate_login_uri', 'require_auth_time', 'backchannel_logout_session_required'],
  ...extraClientMetadata.properties,
]

/** The library's client while it is made. */
type Making = Record<string, unknown>

/** Configures metadata of our own. The library asks before it makes any client, and those that come by themselves are checked then. */
export function clientMetadata(options: Pick<Options, 'clients' | 'standing' | 'issuer'>) {
  const { clients } = options
  return {
    // The policy is last: by then the client has what is usual of what it has no say in.
    properties: [...extraClientMetadata.properties, 'apis', 'policy'],
    validator: (...asked: Parameters<Validator>) => {
      const [ctx, name, , making] = asked
      if (extraClientMetadata.properties.includes(name)) return extraClientMetadata.validator?.(...asked)
      // A client of the file, or of the store, comes without a request, and was checked before.
      const { client_id } = making as unknown as Making
      if (name !== 'policy' || (!ctx && !isDocument(String(client_id), '*'))) return
      const made = making as unknown as Making
      settle(made, policyOf(made, ctx, clients), homeOf(made, ctx), options)
    },
  }
}

/**
 * Holds a client that comes by itself, by registering or as a document, to the rules and to its policy, and settles what it left open. What
 * is unknown is ignored (RFC 7591, 2). Throws the library's errors, with every fault.
 */
function settle(
  making: Making,
  policy: Policy,
  at: ReturnType<typeof homeOf>,
  { clients, standing, issuer }: Pick<Options, 'clients' | 'standing' | 'issuer'>,
): void {
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

/** A document is written for every server that its client meets, so what this one has not is left out of it. */
function leaveOut(making: Making, policy: Policy): void {
  const { grant_types: grants, response_types: answers } = making
  const granted = Array.isArray(grants) ? within(policy, { grant_types: grants }).grant_types : []
  if (granted.length > 0) making.grant_types = [...granted]
  if (Array.isArray(answers) && answers.includes('code')) making.response_types = ['code']
}

/** Returns the scope that a client asks to be registered for: one that asks for the grant of refresh tokens means the scope that opens it, too. */
function askedScope({ scope, grant_types: grants }: Making, policy: Policy): string | undefined {
  if (typeof scope !== 'string') return undefined
  const asked = scope.split(' ')
  const refreshes = Array.isArray(grants) && grants.includes('refresh_token')
  const nothing = within(policy, { scope }).scope === ''
  return refreshes && !nothing && !asked.includes('offline_access') ? `${scope} offline_access` : scope
}

/**
 * Tells whether a client with pairwise subjects leaves its sector. Where nothing but its redirect URIs says whose it is, it must stay at
 * their host: a client that was let in at one host must not learn by what names people are known at another.
 */
function strayed(
  client: { subject_type?: string; sector_identifier_uri?: string; redirect_uris?: readonly string[] },
  home: string | undefined,
): boolean {
  const { subject_type, sector_identifier_uri, redirect_uris = [] } = client
  if (subject_type !== 'pairwise' || sector_identifier_uri !== undefined) return false
  return redirect_uris.some(uri => new URL(uri).host !== home)
}

/** Returns the sector that a client had before, or its document's host; no `home` where it is new. */
function homeOf({ client_id }: Making, ctx: KoaContextWithOIDC | undefined): { home?: string | undefined } {
  if (isDocument(String(client_id), '*')) return { home: URL.parse(String(client_id))?.host }
  if (!ctx || ctx.oidc.route === 'registration') return {}
  return { home: (ctx.oidc.client as { sectorIdentifier?: string } | undefined)?.sectorIdentifier }
}

/** Returns the policy for a client that is made: the one that it had before, its invitation's, or the one for everybody. */
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
