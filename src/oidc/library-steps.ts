import { errors } from 'oidc-provider'
import { completeRequest, tidyRequest } from './authorization-request.ts'
import { readMetadata } from './client-metadata.ts'
import { settleHint, settleLogoutHint } from './hints.ts'
import { insertStep, type Step } from './internals.ts'

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

/** Notes that the client of a token request has authenticated (RFC 6749, 3.2.1), if it can. */
const proved: Step = async (ctx, next) => {
  ctx.state.authenticated = ctx.oidc.client?.clientAuthMethod !== 'none'
  return next()
}

// Once, when this module is loaded: the lists are the process's. The library looks at metadata and parameters before it asks us about them.
insertStep('registration', 'registrationResponse', clean)
insertStep('registration_update', 'forbiddenFields', clean)
insertStep('authorization', 'checkPrompt', completeRequest)
insertStep('pushed_authorization_request', 'checkPrompt', completeRequest)
insertStep('device_authorization', 'checkScope', completeRequest)
insertStep('backchannel_authentication', 'checkScope', completeRequest)
insertStep('token', 'validateScope', tidyRequest)
insertStep('token', 'callTokenHandler', proved)
insertStep('introspection', 'validateTokenPresence', authenticated)
insertStep('end_session', 'endSessionChecks', settleLogoutHint)
for (const endpoint of ['authorization', 'pushed_authorization_request']) insertStep(endpoint, 'checkPKCE', challenged)
for (const endpoint of ['authorization', 'pushed_authorization_request', 'device_authorization'])
  insertStep(endpoint, 'checkIdTokenHint', settleHint)
