import { errors, type KoaContextWithOIDC } from 'oidc-provider'
// @ts-expect-error: the library types only what its top exports; its version is pinned, and tests fail where a step is missing
import * as library from 'oidc-provider/lib/actions/index.js'
import { completeRequest, tidyRequest } from './authorization-request.ts'
import { readMetadata } from './client-metadata.ts'
import { settleHint, settleLogoutHint } from './hints.ts'

/** One step in how the library answers a request. */
export type Step = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>

/** Puts a step of ours before the library's step with this function name. Throws when there is no such step. */
function insertBefore(steps: Step[], name: string, step: Step): void {
  const at = steps.findIndex(each => each.name === name)
  if (at < 0) throw new Error(`oidc-provider has no step ${name}`)
  steps.splice(at, 0, step)
}

const clean: Step = async ({ oidc }, next) => {
  Object.assign(oidc, { body: readMetadata(oidc.body) })
  return next()
}

/** RFC 7662, 2.1: who asks about tokens authenticates, so that nobody tries out tokens that they found. */
const authenticated: Step = async ({ oidc }, next) => {
  if (oidc.client?.clientAuthMethod === 'none') throw new errors.InvalidClientAuth('the client cannot authenticate')
  return next()
}

/** Says what to turn on where a challenge proves nothing (RFC 7636, 4.3; RFC 9700, 2.1.1): most libraries that fail here can do S256. */
const challenged: Step = async ({ oidc: { params } }, next) => {
  const method = params?.code_challenge_method ?? (params?.code_challenge === undefined ? 'S256' : 'plain')
  if (method !== 'S256')
    throw new errors.InvalidRequest(
      'code_challenge_method must be S256: turn it on in your library in place of plain; docs/recipes names the switch of each',
    )
  return next()
}

const { endSession, getAuthorization, introspection, registration, token } = library as {
  endSession: { init: Step[] }
  getAuthorization(endpoint: string): Step[]
  introspection: Step[]
  registration: { post: Step[]; put: Step[] }
  token: Step[]
}

// The library keeps these lists for the whole process and reads them whenever a provider is made, so they are changed once, when this
// module is loaded. It looks at metadata and parameters before it asks us about them.
insertBefore(registration.post, 'registrationResponse', clean)
insertBefore(registration.put, 'forbiddenFields', clean)
insertBefore(getAuthorization('authorization'), 'checkPrompt', completeRequest)
insertBefore(getAuthorization('pushed_authorization_request'), 'checkPrompt', completeRequest)
insertBefore(getAuthorization('device_authorization'), 'checkScope', completeRequest)
insertBefore(getAuthorization('backchannel_authentication'), 'checkScope', completeRequest)
insertBefore(token, 'validateScope', tidyRequest)
for (const each of ['authorization', 'pushed_authorization_request'])
  insertBefore(getAuthorization(each), 'checkPKCE', challenged)
insertBefore(introspection, 'validateTokenPresence', authenticated)
for (const each of ['authorization', 'pushed_authorization_request', 'device_authorization'])
  insertBefore(getAuthorization(each), 'checkIdTokenHint', settleHint)
insertBefore(endSession.init, 'endSessionChecks', settleLogoutHint)
