import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'koa'
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { associations } from '../clients/associations.ts'
import * as grantTypes from '../clients/file.ts'
import { invitations as invitationsOf } from '../clients/invitations.ts'
import { subjectFor } from '../clients/pairwise.ts'
import { sealer as sealerOf } from '../crypto/seal.ts'
import { records as recordsOf } from '../records/adapter.ts'
import { consents as consentsOf, mutes as mutesOf } from '../records/consents.ts'
import { newToken } from '../records/refresh-tokens.ts'
import { bearers } from './access-tokens.ts'
import { withMapped } from './account-claims.ts'
import { admission, replayDetection } from './admission.ts'
import { completeRequests } from './authorization-request.ts'
import { browserSessions } from './browser-sessions.ts'
import { pings } from './ciba.ts'
import { clientAuthentication } from './client-authentication.ts'
import { declaredClients, findingInvitations, registration } from './client-sources.ts'
import { configuration } from './configuration.ts'
import { discovery, replaceRing } from './discovery.ts'
import { protocolEndpoints } from './endpoints.ts'
import { olderHints } from './id-token-hints.ts'
import { interactions } from './interactions.ts'
import { replaceMethods, shorten, wrapGrant, wrapResponseModes } from './internals.ts'
import type { Replacements } from './library-models.ts'
import { logoutNotices, sessionEnding } from './logout.ts'
import { namedAsCalled } from './mtls.ts'
import type { Options } from './options.ts'
import { demandOf, toldAcr } from './prompts.ts'
import { recordEvents } from './provider-events.ts'
import { refreshTokenRotation } from './refresh.ts'
import { reasonOf } from './refusal-reasons.ts'
import { correctRefusals } from './refusals.ts'
import { remoteApprovals } from './remote-approvals.ts'
import { responseMode } from './response-modes.ts'
import { sessionStorage } from './session-storage.ts'
import './shorter-steps.ts'
import { exchangeParameters, tokenExchange } from './token-exchange.ts'
import { codeRedemption, polling } from './token-spending.ts'

/** The OpenID provider, and what the web room does with it. */
export type Oidc = Awaited<ReturnType<typeof createProvider>>

/** Creates the provider. Throws ClientsError when the library finds fault with a client. */
export async function createProvider(options: Options) {
  const { issuer, store, clients, keys, now } = options
  const sealer = sealerOf(options.keyring)
  const records = recordsOf(store, sealer, now)
  const mutes = mutesOf(store, now)
  const consents = consentsOf(store, records, now)
  const invitations = invitationsOf({ store, now })
  const admitted = admission(options.quota)
  const adapters = registration(options, { sealer, invitations })
  const stored = { records, consents, mutes, adapters, guard: admitted.guard }
  const provider = construct(issuer, configuration(options, stored))
  const services = { ...options, provider, records, consents, mutes }
  shorten(provider)
  const { endSession, revokeApp } = sessionEnding(services)
  const { tellLogout, tellApp } = logoutNotices(services)
  const { findClient, declare } = declaredClients(provider, options, sealer)

  replaceMethods(provider, 'stamp', now, {
    ...sessionStorage({ ...services, endSession, admitted }),
    ...namedAsCalled(provider, options.mtls),
    ...{ findClient, findInvitation: findingInvitations(invitations), tellLogout, tells, withMapped },
    ...{ refreshToken: newToken, unique: replayDetection(store, admitted) },
    verifyHint: olderHints(provider, keys),
    acr: ({ session, params }) => toldAcr(session?.acr, demandOf(params ?? {})),
  })
  wrapResponseModes(provider, (own, name) => responseMode(own, name, options))
  wrapGrant(provider, 'authorization_code', own => codeRedemption(own, records))
  wrapGrant(provider, 'refresh_token', own => refreshTokenRotation(own, { ...services, endSession }))
  wrapGrant(provider, grantTypes.deviceCode, own => polling(own, records, 'device_code'))
  wrapGrant(provider, grantTypes.ciba, own => polling(own, records, 'auth_req_id'))
  provider.registerGrantType(grantTypes.tokenExchange, tokenExchange(provider, services), exchangeParameters)
  completeRequests(provider, clients)
  correctRefusals(provider, clients)
  recordEvents(provider, services)
  keys.onChange(ring => replaceRing(provider, ring))
  await declare(clients.declared())

  const sessions = browserSessions({ ...services, endSession })
  return {
    provider,
    ...{ sessions, consents, declare, revokeApp, tellApp },
    tellPing: pings(services),
    /** Says which apps on devices belong to this site. */
    associations: associations(issuer, clients),
    /** Answers discovery and keys; as far up front as can be. */
    discovery: discovery(provider, keys),
    endpoints: protocolEndpoints(provider, options),
    interactions: interactions({ ...services, sessions }),
    approvals: remoteApprovals(services),
    authenticate: clientAuthentication(provider, clients),
    bearer: bearers(provider, services),
    /** Says why a request was refused at an endpoint of ours that authenticates clients. */
    explain: (ctx: Context, fault: Error) => reasonOf(ctx as unknown as KoaContextWithOIDC, fault, clients),
    /** Returns the name by which a client knows an account. */
    subject: async (id: string, account: string): Promise<string> => {
      const client = await provider.Client.find(id)
      return client ? subjectFor(options.salt, account, client) : account
    },
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
 * Puts the name of the session only into ID tokens of clients that are told of its end by it (OpenID Connect Back-Channel Logout 1.0, 2.1), or
 * that asked for it (OpenID Connect Core 1.0, 5.5): to others it would only tell which tokens are of one browser.
 */
const tells: Replacements['tells'] = ({ client, mask = {} }, claim) =>
  claim !== 'sid' || client?.backchannelLogoutUri !== undefined || 'sid' in mask
