/**
 * What Latchkey uses of oidc-provider beyond what it exports: modules of its lib/ and its state, and methods of its models that are replaced.
 * No other file does. test/oidc/internals.test.ts pins the version, and names what another version has changed of it.
 */
import type { Context } from 'koa'
import type * as library from 'oidc-provider'
import type { Client, ExternalSigningKey, Provider, Session } from 'oidc-provider'
// @ts-expect-error: the library types only what it exports
import * as actions from 'oidc-provider/lib/actions/index.js'
// @ts-expect-error: the library types only what it exports
import als from 'oidc-provider/lib/helpers/als.js'
import { checkDpopReplay, checkDpopRequired, checkMtlsCert, validateDpop } from 'oidc-provider/lib/helpers/grants.js'
// @ts-expect-error: the library types only what it exports
import Params from 'oidc-provider/lib/helpers/params.js'
// @ts-expect-error: the library types only what it exports
import Router from 'oidc-provider/lib/helpers/router.js'
// @ts-expect-error: the library types only what it exports
import state from 'oidc-provider/lib/helpers/weak_cache.js'
// @ts-expect-error: the library types only what it exports
import clientAuth, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js'

import { inside, type Making, type Replacements, type Saving } from './library-models.ts'

/** One step in how the library answers a request. */
export type Step = (ctx: library.KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
/** A grant of the token endpoint, called once the client is authenticated. */
export type Grant = (ctx: library.TokenEndpointGrantContext) => Promise<void> | void
/** Takes an answer to an app. */
export type ResponseMode = Parameters<Provider['registerResponseMode']>[1]

const steps: { readonly [endpoint: string]: Step[] } = {
  end_session: actions.endSession.init,
  introspection: actions.introspection,
  registration: actions.registration.post,
  registration_update: actions.registration.put,
  token: actions.token,
  userinfo: actions.userinfo,
}

/**
 * Puts a step before the library's step with this function name, for all providers of the process: the library keeps one list for each
 * endpoint and reads it when a provider is constructed. Throws when there is no such step.
 */
export function insertStep(endpoint: string, before: string, step: Step): void {
  const { list, at } = stepAt(endpoint, before)
  list.splice(at, 0, step)
}

/** Replaces the library's step with this function name by one that is made of it, for all providers of the process. Throws when there is none. */
export function wrapStep(endpoint: string, name: string, wrap: (own: Step) => Step): void {
  const { list, at } = stepAt(endpoint, name)
  const own = list[at] as Step
  list.splice(at, 1, Object.assign(Object.defineProperty(wrap(own), 'name', { value: name }), { own }))
}

function stepAt(endpoint: string, name: string): { list: Step[]; at: number } {
  const list: Step[] = steps[endpoint] ?? actions.getAuthorization(endpoint)
  const at = list.findIndex(each => each.name === name)
  if (at < 0) throw new Error(`oidc-provider has no step ${name} at ${endpoint}`)
  return { list, at }
}

/** What the library keeps of one provider. */
const stateOf = state as (provider: Provider) => {
  configuration: { enabledJWA: Record<string, string[]>; findAccount: library.FindAccount }
  grantTypeHandlers: Map<string, Grant>
  grantTypeParams: Map<unknown, ReadonlySet<string>>
  jwks: { keys: readonly object[] }
  keystore: { clear(): void; add(key: ExternalSigningKey): void }
  responseModes: Map<string, ResponseMode>
  router: { match(method: string, path: string): { route: { name: string } } | undefined }
}

/** Returns the function that finds accounts. */
export const accountFinderOf = (provider: Provider) => stateOf(provider).configuration.findAccount

/** Replaces the keys that the library signs with, those that it publishes, and the algorithms that it offers; it reads them once by itself. */
export function replaceKeys(provider: Provider, keys: readonly ExternalSigningKey[], jwks: readonly object[]): void {
  const kept = stateOf(provider)
  kept.keystore.clear()
  for (const each of keys) kept.keystore.add(each)
  kept.jwks = { keys: jwks }
  const offered = [...new Set(keys.map(({ alg }) => String(alg)))]
  for (const [list, enabled] of Object.entries(kept.configuration.enabledJWA))
    if (/^(idToken|userinfo|introspection|authorization)SigningAlg/.test(list))
      Object.assign(kept.configuration, { [list]: offered.filter(alg => enabled.includes(alg)) })
}

/** Replaces a grant by one that is made of the library's own. */
export function wrapGrant(provider: Provider, name: string, wrap: (own: Grant) => Grant): void {
  const { grantTypeHandlers: grants } = stateOf(provider)
  grants.set(name, wrap(grants.get(name) as Grant))
}

/** Replaces each response mode by one that is made of the library's own. */
export function wrapResponseModes(provider: Provider, wrap: (own: ResponseMode, name: string) => ResponseMode): void {
  const { responseModes: modes } = stateOf(provider)
  for (const [name, mode] of modes) modes.set(name, wrap(mode, name))
}

/** Returns the name of the endpoint that would answer a request. */
export function endpointAt(provider: Provider, method: string, path: string): string | undefined {
  return stateOf(provider).router.match(method, path)?.route.name
}

/** Authenticates the client of a request to an endpoint of ours as the token endpoint does; assertions are made out to that one. */
export async function authenticateClient(provider: Provider, bare: Context, parameter: (name: string) => unknown) {
  const oidc = Object.assign(new provider.OIDCContext(bare), { route: 'token', params: {} })
  const ctx = Object.assign(bare, { oidc }) as unknown as library.KoaContextWithOIDC
  for (const name of getClientAuthParams(ctx)) Object.assign(oidc.params, { [name]: parameter(name) })
  const run = async (at: number): Promise<void> => (clientAuth as readonly Step[])[at]?.(ctx, () => run(at + 1))
  await run(0)
  return oidc.client
}

/** Checks the proofs of keys that a token request shows, as the library's grants do (RFC 9449, 5; RFC 8705, 3). `once` throws for a proof that was used before. */
export async function checkKeys(ctx: library.TokenEndpointGrantContext) {
  const { provider, client } = ctx.oidc
  const proof = await validateDpop(provider, ctx)
  checkDpopRequired(provider, ctx, proof)
  const certificate = checkMtlsCert(provider, ctx)
  return { proof, certificate, once: () => checkDpopReplay(provider, ctx, proof, client.clientId) }
}

/** Verifies the proof of a key that came with an access token to an endpoint of ours (RFC 9449, 7), once; resolves to the key's thumbprint. */
export async function proofShown(
  provider: Provider,
  bare: Context,
  { client, token, url }: { client: Client; token: string; url: string },
) {
  const oidc = Object.assign(new provider.OIDCContext(bare), { params: {}, urlFor: () => url })
  oidc.entity('Client', client)
  const ctx = Object.assign(bare, { oidc }) as unknown as library.TokenEndpointGrantContext
  const proof = await validateDpop(provider, ctx, token)
  await checkDpopReplay(provider, ctx, proof, client.clientId)
  return proof?.thumbprint
}

/** Answers a confirmed sign-out: ends the session everywhere that it was used, and redirects to where the app wants people back. */
export const endConfirmed: (ctx: library.KoaContextWithOIDC) => Promise<void> = actions.endSession.confirm.at(-1)

/** The provider of each of the library's routers. */
const providers = new WeakMap<object, Provider>()

/** Has a provider's requests take the short ways below. */
export function shorten(provider: Provider): void {
  providers.set(stateOf(provider).router, provider)
}

/**
 * Gives a request its context as a plain property. The library defines a getter for each request: that makes the request's object a
 * dictionary, and everything that reads it slow.
 */
for (const verb of ['get', 'post', 'put', 'delete', 'options']) {
  const register = Router.prototype[verb]
  Router.prototype[verb] = function (this: object, name: string, path: string, ensureOIDC: Step, ...steps: Step[]) {
    const first: Step = (ctx, next) => {
      const provider = providers.get(this)
      if (!provider) return ensureOIDC(ctx, next)
      Object.assign(ctx, { oidc: new provider.OIDCContext(ctx) })
      return als.run(ctx, next)
    }
    return register.call(this, name, path, first, ...steps)
  }
}

const parametersOf = new WeakMap<ReadonlySet<string>, ReadonlySet<string>>()

/** Reads the parameters of a grant alone: the library reads those of all grants, and deletes the others again. */
const ofItsGrant = (own: Step): Step => {
  return (ctx, next) => {
    const { oidc } = ctx
    const { grant_type: type } = oidc.body ?? {}
    const taken = typeof type === 'string' ? stateOf(oidc.provider).grantTypeParams.get(type) : undefined
    if (!taken) return own(ctx, next)
    const parameters = parametersOf.get(taken) ?? new Set([...taken, ...getClientAuthParams(ctx)])
    parametersOf.set(taken, parameters)
    Object.assign(oidc, { params: new Params(parameters, oidc.body) })
    return next()
  }
}

wrapStep('token', 'assembleTokenParams', ofItsGrant)

/** Returns a method that hands its object to a function. */
function method<S, A extends unknown[], R>(act: (self: S, ...given: A) => R) {
  return function (this: S, ...given: A): R {
    return act(this, ...given)
  }
}

/** Replaces methods of a provider's models. `field` is stored with sessions and with all that is issued in them. */
export function replaceMethods(provider: Provider, field: string, now: () => number, by: Replacements): void {
  const { Claims, Client, IdToken, InitialAccessToken, Interaction, Session } = inside(provider)
  Client.find = by.findClient(Client.find.bind(Client))
  InitialAccessToken.find = by.findInvitation
  Interaction.find = by.findInteraction(Interaction.find.bind(Interaction))
  Session.find = by.findSession(Session.find.bind(Session))
  IdToken.validate = by.verifyHint(IdToken.validate.bind(IdToken))
  provider.ReplayDetection.unique = by.unique

  const { resetIdentifier, loginAccount } = Session.prototype
  const save = async (session: Saving, ttl: number): Promise<string> => {
    const { oldId, jti, exp } = session
    session.exp = Math.floor(now() / 1000) + ttl
    const { payload } = await session.getValueAndPayload()
    await by.storeSession(session, { payload, born: exp === undefined, from: oldId ?? jti })
    session.emit('saved')
    Object.assign(session, { oldId: undefined, touched: false })
    return jti
  }
  const login = (session: Session, ...of: Parameters<typeof loginAccount>): void => {
    loginAccount.apply(session, of)
    by.signedIn(session)
  }
  const renew = (session: Session) => by.renewsCookie() && resetIdentifier.call(session)
  Object.assign(Session.prototype, { save: method(save), loginAccount: method(login), resetIdentifier: method(renew) })

  const { AccessToken, AuthorizationCode, BackchannelAuthenticationRequest, DeviceCode, RefreshToken } = provider
  const issued = [AccessToken, AuthorizationCode, RefreshToken]
  for (const model of [...issued, BackchannelAuthenticationRequest, DeviceCode, provider.Session]) {
    const names = [...model.IN_PAYLOAD, field]
    Object.defineProperty(model, 'IN_PAYLOAD', { get: () => names })
  }
  for (const { prototype } of issued) {
    const { save } = prototype
    prototype.save = method((self: typeof prototype) => {
      by.issues(self)
      return save.call(self)
    })
  }
  Object.assign(RefreshToken.prototype, { generateTokenId: by.refreshToken })

  const { backchannelLogout } = Client.prototype
  const tell = by.tellLogout((client, ...about) => backchannelLogout.apply(client, about))
  // Every access token names its session, so that an API can call another on a person's behalf only while that lives.
  Object.assign(Client.prototype, { backchannelLogout: method(tell), includeSid: () => true })
  // The library takes no scope of an API in a client's metadata. The file, or a policy, decides which there may be.
  Object.assign(Client.Schema.prototype, { scopes: () => {} })
  const { result } = Claims.prototype
  const all = async (of: Parameters<typeof by.withMapped>[0]) => by.withMapped(of, await result.call(of))
  Object.assign(Claims.prototype, { result: method(all) })
  const { set } = IdToken.prototype
  const some = (of: Making, ...claim: Parameters<typeof set>) => by.tells(of, claim[0]) && set.apply(of, claim)
  Object.assign(IdToken.prototype, { set: method(some) })

  const { prototype } = provider.OIDCContext
  Object.assign(prototype, { urlFor: method(by.urlFor), clientJwtAuthExpectedAudience: method(by.audiences) })
  Object.defineProperty(prototype, 'acr', { get: method(by.acr) })
}
