import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { extensionsOf, isDeclared } from '../clients/client-extensions.ts'
import type { App } from '../clients/declared.ts'
import { oidcScopes, tidyScope } from '../clients/file.ts'
import type { Clients } from '../clients/registry.ts'
import { scopeOf } from './claims.ts'

/** The clients of each provider in this process. */
const known = new WeakMap<Provider, Clients>()

/** Registers the clients whose declarations complete a provider's requests. */
export function completeRequests(provider: Provider, clients: Clients): void {
  known.set(provider, clients)
}

/** Parameters of a request, as far as they are completed. */
interface Asked {
  scope?: string | undefined
  prompt?: string | undefined
  resource?: string | string[] | undefined
  authorization_details?: unknown
  claims?: string | undefined
}

/**
 * Completes what a request asks for, before the library judges it: the scope that its client declares where it names none, and the API
 * where only one has the scopes. Throws `invalid_scope` and `invalid_target` where people would be asked for nothing.
 */
export async function completeRequest({ oidc }: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
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
  // An API that nobody knows, or that this client may not ask for, is the library's to refuse.
  if (offered.includes(undefined)) return next()
  const substance = scopes.filter(each => each !== 'offline_access')
  if (!substance.some(each => oidcScopes.includes(each) || offered.some(some => some?.includes(each))))
    throw new errors.InvalidScope('none of the scopes can be asked for here', params.scope)
  return next()
}

/** Tidies the scope of a token request. */
export function tidyRequest({ oidc }: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  tidy(oidc.params as Asked)
  return next()
}

/** People leave more than one space, and some libraries one at the end. Whoever selects an account does so by signing in to it. */
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
 * that ask for an API alone, and were told no scopes, mean all that there is (Model Context Protocol, Authorization: Scope Selection).
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
 * scopes open them: many libraries look nowhere else. What is no JSON is the library's to refuse.
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
