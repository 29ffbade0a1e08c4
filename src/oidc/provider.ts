import './library-steps.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context, Middleware } from 'koa'
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Quota } from '../accounts/quota.ts'
import { associations } from '../clients/associations.ts'
import { ciba, deviceCode, tokenExchange } from '../clients/file.ts'
import { subjectFor } from '../clients/pairwise.ts'
import { invitations } from '../clients/registrations.ts'
import { sealer as sealerOf } from '../crypto/seal.ts'
import type { Refusal } from '../errors.ts'
import { records as keeping } from '../records/adapter.ts'
import { type Consents, consents as consenting, mutes as mutesOf } from '../records/consents.ts'
import { newToken } from '../records/refresh-tokens.ts'
import type { Store } from '../store/collection.ts'
import { demandOf, toldAcr } from './acr.ts'
import { admission, replayDetection } from './admission.ts'
import { formModes, stoppingErrors } from './answers.ts'
import { type Authenticate, authenticating } from './authenticate.ts'
import { completeRequests } from './authorization-request.ts'
import { type Sessions, sessions } from './browser-sessions.ts'
import { redeeming } from './codes.ts'
import { type Options as Configured, configuration, sessionLife } from './configuration.ts'
import { type Declare, declaring } from './declared-clients.ts'
import { delegated, delegation } from './delegation.ts'
import { discovery } from './discovery.ts'
import { endings, type RevokeApp, revoking } from './endings.ts'
import { posted } from './form-post.ts'
import { olderHints } from './hints.ts'
import { type Interactions, interactions } from './interactions.ts'
import { type Replacements, replaceMethods, wrapGrant, wrapResponseModes } from './internals.ts'
import { logouts, type PostLogout, type TellApp } from './logouts.ts'
import { certificateOf, namedAsCalled } from './mtls.ts'
import { type PostPing, pings, type TellPing } from './pings.ts'
import { polling } from './polling.ts'
import { prolonging } from './prolong.ts'
import { hear } from './provider-events.ts'
import { mounted } from './provider-middleware.ts'
import { reasonOf } from './reasons.ts'
import { rotating } from './refresh.ts'
import { correctRefusals } from './refusals.ts'
import { registration } from './registration.ts'
import { type Approvals, approvals } from './remote-approvals.ts'
import { sessionStorage } from './session-storage.ts'
import { type Services as Exchanging, signedRequest, signedRequests } from './signed-request.ts'
import { replaceRing } from './signing.ts'
import { spending } from './spending.ts'
import { exchangeParameters, exchanging } from './token-exchange.ts'

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
  const provider = construct(issuer, configured)
  const modes = formModes(options)
  wrapResponseModes(provider, (mode, name) => modes[name] ?? stoppingErrors(mode, options))
  completeRequests(provider, clients)
  const ending = { provider, records, post: options.post, emit }
  const endSession = endings(ending)
  const { tellLogout, tellApp } = logouts(ending)
  const { findClient, declare } = declaring(provider, clients, options.keys)
  replaceMethods(provider, 'stamp', now, {
    ...sessionStorage({ provider, records, accounts: options.accounts, endSession, admitted }),
    ...namedAsCalled(provider, options.mtls),
    ...{ findClient, findInvitation: invited.find, tellLogout, tells },
    ...{ refreshToken: newToken, unique: replayDetection(store, admitted) },
    verifyHint: olderHints(provider, options.keys),
    acr: ({ session, params }) => toldAcr(session?.acr, demandOf(params ?? {})),
  })
  const used = async (account: string, client: string): Promise<void> => {
    if (!(await clients.app(client))?.firstParty) await consents.used(account, client)
  }
  correctRefusals(provider, clients)
  hear(provider, { emit, used, onFault })
  options.keys.onChange(ring => replaceRing(provider, ring))

  const certificate = (ctx: Context) => certificateOf(ctx, options.mtls)
  const prolong = prolonging({ records, session, emit, now })
  wrapGrant(provider, 'authorization_code', handle => redeeming(handle, records))
  const longest = options.requests.refreshing
  const rotation = { records, keyring, emit, endSession, prolong, certificate, longest, now }
  wrapGrant(provider, 'refresh_token', handle => rotating(handle, rotation))
  wrapGrant(provider, deviceCode, handle => polling(handle, records, 'device_code'))
  wrapGrant(provider, ciba, handle => polling(handle, records, 'auth_req_id'))
  const exchange = exchanging(provider, {
    [signedRequest]: signedRequests(options),
    [delegated]: delegation({ ...options, records }),
  })
  provider.registerGrantType(tokenExchange, exchange, exchangeParameters)
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

/** Constructs the library's provider. Its cookies are as secure as the issuer says, whichever way the request came to us. */
function construct(issuer: string, configured: Configuration): Provider {
  class Latchkey extends Provider {
    override createContext(req: IncomingMessage, res: ServerResponse) {
      const ctx = super.createContext(req, res)
      ctx.cookies.secure = issuer.startsWith('https:')
      return ctx
    }
  }
  return new Latchkey(issuer, configured)
}

/**
 * Puts the name of the session only into ID tokens of clients that hear of its end by it (OpenID Connect Back-Channel Logout 1.0, 2.1), or
 * that asked for it (OpenID Connect Core 1.0, 5.5): to others it would only tell which tokens are of one browser.
 */
const tells: Replacements['tells'] = ({ client, mask = {} }, claim) =>
  claim !== 'sid' || client?.backchannelLogoutUri !== undefined || 'sid' in mask
