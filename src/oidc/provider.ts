import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context, Middleware } from 'koa'
import { type Configuration, type KoaContextWithOIDC, Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import type { Quota } from '../accounts/quota.ts'
import { associations } from '../clients/associations.ts'
import { ciba, deviceCode, tokenExchange } from '../clients/file.ts'
import { invitations } from '../clients/invitations.ts'
import { subjectFor } from '../clients/pairwise.ts'
import { sealer as sealerOf } from '../crypto/seal.ts'
import type { Refusal } from '../errors.ts'
import { records as keeping } from '../records/adapter.ts'
import { type Consents, consents as consenting } from '../records/consents.ts'
import { mutes as mutesOf } from '../records/mutes.ts'
import type { Store } from '../store/collection.ts'
import { admission } from './admission.ts'
import { formModes, type ResponseMode, stoppingErrors } from './answers.ts'
import { type Authenticate, authenticating } from './authenticate.ts'
import { completeRequests } from './authorization-request.ts'
import { redeeming } from './codes.ts'
import { type Options as Configured, configuration, sessionLife } from './configuration.ts'
import { correct } from './corrections.ts'
import { type Declare, declaring } from './declared-clients.ts'
import { delegated, delegation } from './delegation.ts'
import { discovery } from './discovery.ts'
import { endings, type RevokeApp, revoking } from './endings.ts'
import { verifyOlderHints } from './hints.ts'
import { type Interactions, interactions } from './interactions.ts'
import { hear } from './provider-events.ts'
import { exchangeParameters, exchanging } from './token-exchange.ts'
import './library-steps.ts'
import { type Sessions, sessions } from './browser-sessions.ts'
import { posted } from './form-post.ts'
import { logouts, type PostLogout, type TellApp } from './logouts.ts'
import { certificateOf } from './mtls.ts'
import { type PostPing, pings, type TellPing } from './pings.ts'
import { polling } from './polling.ts'
import { prolonging } from './prolong.ts'
import { mounted } from './provider-middleware.ts'
import { reasonOf } from './reasons.ts'
import { type Handler, rotating } from './refresh.ts'
import { correctRefusals } from './refusals.ts'
import { registration } from './registration.ts'
import { type Approvals, approvals } from './remote-approvals.ts'
import { type Services as Exchanging, signedRequest, signedRequests } from './signed-request.ts'
import { replaceKeys } from './signing.ts'
import { spending } from './spending.ts'

export interface Options extends Configured {
  store: Store
  /** Limits what strangers can have stored. */
  quota: Quota
  /** Keeps word for an app until `tellApp` got through. */
  post: PostLogout
  /** Judges a signed request that is exchanged for a token. */
  judge: Exchanging['judge']
  /** Keeps word for an app until `tellPing` got through. */
  postPing: PostPing
}

/** The OpenID provider, and what the web room does with it. */
export interface Oidc {
  provider: Provider
  /** Answers discovery and keys; as far up front as can be. */
  discovery: Middleware
  /** Vouches for apps on devices. */
  associations: Middleware
  /** The protocol's endpoints: before anything that reads bodies, in a Koa whose `keys` are the provider's. */
  endpoints: Middleware
  sessions: Sessions
  interactions: Interactions
  consents: Consents
  revokeApp: RevokeApp
  /** What was asked from elsewhere, by devices and by apps. */
  approvals: Approvals
  /** Authenticates a client at endpoints of ours. */
  authenticate: Authenticate
  /** Says why a request to an endpoint of ours was refused that authenticates clients. */
  explain: (ctx: Context, fault: Error) => Refusal
  tellApp: TellApp
  /** By what name a client knows an account. */
  subject(client: string, account: string): Promise<string>
  declare: Declare
  tellPing: TellPing
}

/** Makes the provider; throws ClientsError when the library finds fault with a client. */
export async function createProvider(options: Options): Promise<Oidc> {
  const { issuer, session, store, keyring, clients, throttle, emit, onFault, now } = options
  const sealer = sealerOf(keyring)
  const records = keeping(store, sealer, now)
  const mutes = mutesOf(store, now)
  const consents = consenting(store, records, now)
  const invited = invitations(store)
  const adapters = registration({ store, sealer, clients, invitations: invited, throttle, now })
  const spend = spending({ clients, records, emit })
  const admitted = admission(options.quota)
  const configured = configuration(options, { records, consents, adapters, mutes, spend, guard: admitted.guard })
  const { provider, grants, proved } = construct(issuer, configured, options)
  Object.assign(provider.InitialAccessToken, { find: invited.find })
  completeRequests(provider, clients)
  const ending = { provider, records, post: options.post, emit }
  const endSession = endings(ending)
  correct(provider, records, { accounts: options.accounts, store, endSession, admitted, mtls: options.mtls, now })
  const used = async (account: string, client: string): Promise<void> => {
    if (!(await clients.app(client))?.firstParty) await consents.used(account, client)
  }
  correctRefusals(provider, clients)
  hear(provider, { emit, used, proved: ctx => proved.has(ctx), onFault })
  options.keys.onChange(ring => replaceKeys(provider, ring))
  verifyOlderHints(provider, options.keys)

  const tellApp = logouts({ provider, post: options.post, emit })
  const replace = (name: string, made: (handle: Handler) => Handler): void => {
    const [handle, ...more] = grants.get(name) as Registered
    provider.registerGrantType(name, made(handle), ...more)
  }
  const certificate = (ctx: Context) => certificateOf(ctx, options.mtls)
  const prolong = prolonging({ records, session, emit, now })
  replace('authorization_code', handle => redeeming(handle, records))
  const longest = options.requests.refreshing
  const rotation = { records, keyring, emit, endSession, prolong, certificate, longest, now }
  replace('refresh_token', handle => rotating(handle, rotation))
  replace(deviceCode, handle => polling(handle, records, 'device_code'))
  replace(ciba, handle => polling(handle, records, 'auth_req_id'))
  const exchange = exchanging(provider, {
    [signedRequest]: signedRequests(options),
    [delegated]: delegation({ ...options, records }),
  })
  provider.registerGrantType(tokenExchange, exchange, exchangeParameters)
  const declare = declaring(provider, clients, options.keys)
  await declare(clients.declared())

  const life = (loginTs: number | undefined): number => sessionLife(loginTs, options)
  const paths = new Set([provider.pathFor('authorization'), provider.pathFor('end_session')])
  const browser = sessions({ ...options, provider, records, endSession, life })
  return {
    provider,
    associations: associations(issuer, clients),
    discovery: discovery(provider, options.keys),
    endpoints: posted(mounted(provider, options), { ...options, paths }),
    sessions: browser,
    interactions: interactions({ provider, clients, consents, sessions: browser, emit, now }),
    consents,
    revokeApp: revoking({ ...ending, consents }),
    approvals: approvals({ ...options, provider, records, consents, mutes }),
    authenticate: authenticating(provider, clients),
    explain: (ctx, fault) => reasonOf(ctx as unknown as KoaContextWithOIDC, fault, clients),
    tellApp,
    subject: async (id, account) => {
      const client = await provider.Client.find(id)
      return client ? subjectFor(options.salt, account, client) : account
    },
    declare,
    tellPing: pings({ provider, emit }),
  }
}

/** As the library registers a grant: its handler, its parameters, and those that may come twice. */
type Registered = [handle: Handler, ...more: Parameters<Provider['registerGrantType']>[2][]]

/** Constructs the library's provider, and catches the grant handlers that it registers of its own; response modes of ours take the place of its. */
function construct(
  issuer: string,
  configured: Configuration,
  services: Parameters<typeof formModes>[0],
): { provider: Provider; grants: Map<string, Registered>; proved: WeakSet<object> } {
  const grants = new Map<string, Registered>()
  const modes = formModes(services)
  const proved = new WeakSet<object>()
  class Latchkey extends Provider {
    override registerGrantType<P extends object>(
      name: string,
      handle: (ctx: TokenEndpointGrantContext<P>) => Promise<void> | void,
      ...more: Parameters<Provider['registerGrantType']>[2][]
    ) {
      grants.set(name, [handle as Handler, ...more])
      // A handler is called once the client is authenticated (RFC 6749, 3.2.1), if it can be.
      const handled = (ctx: TokenEndpointGrantContext<P>) => {
        if (ctx.oidc.client.clientAuthMethod !== 'none') proved.add(ctx)
        return handle(ctx)
      }
      super.registerGrantType(name, handled, ...more)
    }

    override registerResponseMode(name: string, mode: ResponseMode) {
      super.registerResponseMode(name, modes[name] ?? stoppingErrors(mode, services))
    }

    // Its cookies are as secure as the issuer says, whichever way the request came to us.
    override createContext(req: IncomingMessage, res: ServerResponse) {
      const ctx = super.createContext(req, res)
      ctx.cookies.secure = issuer.startsWith('https:')
      return ctx
    }
  }
  return { provider: new Latchkey(issuer, configured), grants, proved }
}
