import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { extensionsOf, isDeclared } from '../clients/client-extensions.ts'
import type { App } from '../clients/declared.ts'
import { oidcScopes, tidyScope } from '../clients/file.ts'
import type { Clients } from '../clients/registry.ts'
import { scopeOf } from './account-claims.ts'
import { readMetadata } from './client-metadata.ts'
import { settleHint, settleLogoutHint } from './id-token-hints.ts'
import { insertStep, type Step, wrapStep } from './internals.ts'

/** The clients of each provider in this process. */
const known = new WeakMap<Provider, Clients>()

/** Completes a provider's requests by what its clients declare. */
export function completeRequests(provider: Provider, clients: Clients): void {
  known.set(provider, clients)
}

/** The parameters of a request that are completed. */
interface Asked {
  scope?: string | undefined
  prompt?: string | undefined
  resource?: string | string[] | undefined
  authorization_details?: unknown
  claims?: string | undefined
}

/**
 * Completes what a request asks for, before the library checks it: the scope that its client declares where it names none, and the API
 * where only one has the scopes. Throws `invalid_scope` and `invalid_target` where people would be asked for nothing.
 */
async function completeRequest({ oidc }: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  const params = oidc.params as Asked
  tidy(params)
  const { client } = oidc
  const app = client && (await known.get(oidc.provider)?.app(client.clientId))
  // What is approved stands alone, without scopes.
  if (!app || params.authorization_details !== undefined) return next()
  params.scope ??= defaultScope(oidc.client as object, app, params)
  if (params.scope === undefined)
    throw new errors.InvalidScope('scope is missing: name what is asked for, openid for a sign-in', '')
  const scopes = params.scope.split(' ')
  params.claims = withChosen(params.claims, scopes, extensionsOf(client).id_token_claims)
  params.resource ??= onlyApi(app, scopes)
  const offered = [params.resource ?? []].flat().map(each => app.apis.get(each)?.scope.split(' '))
  // The library refuses an API that is unknown, or that this client may not ask for.
  if (offered.includes(undefined)) return next()
  const substance = scopes.filter(each => each !== 'offline_access')
  if (!substance.some(each => oidcScopes.includes(each) || offered.some(some => some?.includes(each))))
    throw new errors.InvalidScope('none of the scopes can be asked for here', params.scope)
  return next()
}

/** Tidies the scope of a token request. */
function tidyRequest({ oidc }: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  tidy(oidc.params as Asked)
  return next()
}

/** Tidies scope and prompt: people leave more than one space, and some libraries one at the end. Selecting an account means signing in to it. */
function tidy(params: Asked): void {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' ? tidyScope(value) || undefined : undefined
  if (params.scope !== undefined) params.scope = text(params.scope)
  if (params.prompt === undefined) return
  const prompts = text(params.prompt)?.split(' ')
  params.prompt = prompts && [...new Set(prompts.map(each => (each === 'select_account' ? 'login' : each)))].join(' ')
}

/**
 * Returns the scope of a request that names none (RFC 6749, 3.3): what its client declared, as far as it may have it. Programs of others
 * that ask for an API alone, and know no scopes, mean all that there are (Model Context Protocol, Authorization: Scope Selection).
 */
function defaultScope(client: object & { scope?: string }, app: App, { resource }: Asked): string | undefined {
  const declared = extensionsOf(client as Parameters<typeof extensionsOf>[0]).default_scope?.split(' ')
  if (!declared && isDeclared(client)) return undefined
  const may = client.scope?.split(' ')
  const ofApis = [resource ?? []].flat().flatMap(each => app.apis.get(each)?.scope.split(' ') ?? [])
  const scopes = declared ?? ofApis
  return scopes.filter(each => !oidcScopes.includes(each) || (may?.includes(each) ?? true)).join(' ') || undefined
}

/**
 * Returns the claims parameter (OpenID Connect Core 1.0, 5.5) with the claims that a client's entry wants in its ID tokens, as far as the
 * scopes open them: many libraries look nowhere else. The library refuses what is no JSON.
 */
function withChosen(
  claims: string | undefined,
  scopes: readonly string[],
  chosen: readonly string[],
): string | undefined {
  const opened = chosen.filter(each => scopes.includes(scopeOf(each) ?? ''))
  if (opened.length === 0 || !scopes.includes('openid')) return claims
  try {
    const asked = claims === undefined ? {} : JSON.parse(claims)
    const id_token = { ...Object.fromEntries(opened.map(each => [each, null])), ...asked.id_token }
    return JSON.stringify({ ...asked, id_token })
  } catch {
    return claims
  }
}

/** Returns the only API of an app that has the scopes which are not OpenID Connect's; undefined where no API has one of them. */
function onlyApi({ apis }: App, scopes: readonly string[]): string | undefined {
  const offered = [...apis].map(([resource, { scope }]) => ({ resource, has: scope.split(' ') }))
  const wanted = scopes.filter(each => !oidcScopes.includes(each) && offered.some(({ has }) => has.includes(each)))
  if (wanted.length === 0) return undefined
  const [only, ...more] = offered.filter(({ has }) => wanted.every(each => has.includes(each)))
  if (only && more.length === 0) return only.resource
  const among = offered.filter(({ has }) => wanted.some(each => has.includes(each))).map(({ resource }) => resource)
  throw new errors.InvalidTarget(`resource is missing: ${wanted.join(' ')} can be of ${among.join(', ')}`)
}

/** Reads the metadata that a client sent before the library checks it. */
const readClient: Step = async ({ oidc }, next) => {
  Object.assign(oidc, { body: readMetadata(oidc.body) })
  return next()
}

/** Refuses introspection by a client that cannot authenticate, so that nobody tries out stolen tokens (RFC 7662, 2.1). */
const requireAuthentication: Step = async ({ oidc }, next) => {
  if (oidc.client?.clientAuthMethod === 'none') throw new errors.InvalidClientAuth('the client cannot authenticate')
  return next()
}

/** Looks for the header of a JWT only in what could be one: the library finds by an error that there is none, which costs a tenth of an introspection. */
const rejectJwts =
  (own: Step): Step =>
  (ctx, next) =>
    String(ctx.oidc.params?.token).includes('.') ? own(ctx, next) : next()

/** Says what to turn on where a challenge proves nothing (RFC 7636, 4.3; RFC 9700, 2.1.1): most libraries that fail here can do S256. */
const requireS256: Step = async ({ oidc: { params } }, next) => {
  const method = params?.code_challenge_method ?? (params?.code_challenge === undefined ? 'S256' : 'plain')
  if (method !== 'S256')
    throw new errors.InvalidRequest(
      'code_challenge_method must be S256: turn it on in your library in place of plain; docs/recipes names the switch of each',
    )
  return next()
}

/** Notes that the client of a token request has authenticated (RFC 6749, 3.2.1), if it can. */
const noteAuthentication: Step = async (ctx, next) => {
  ctx.state.authenticated = ctx.oidc.client?.clientAuthMethod !== 'none'
  return next()
}

// Once, when this module is loaded: the lists are the process's. The library looks at metadata and parameters before it asks us about them.
insertStep('registration', 'registrationResponse', readClient)
insertStep('registration_update', 'forbiddenFields', readClient)
insertStep('authorization', 'checkPrompt', completeRequest)
insertStep('pushed_authorization_request', 'checkPrompt', completeRequest)
insertStep('device_authorization', 'checkScope', completeRequest)
insertStep('backchannel_authentication', 'checkScope', completeRequest)
insertStep('token', 'validateScope', tidyRequest)
insertStep('token', 'callTokenHandler', noteAuthentication)
insertStep('introspection', 'validateTokenPresence', requireAuthentication)
wrapStep('introspection', 'rejectStructuredTokens', rejectJwts)
insertStep('end_session', 'endSessionChecks', settleLogoutHint)
for (const endpoint of ['authorization', 'pushed_authorization_request']) insertStep(endpoint, 'checkPKCE', requireS256)
for (const endpoint of ['authorization', 'pushed_authorization_request', 'device_authorization'])
  insertStep(endpoint, 'checkIdTokenHint', settleHint)
