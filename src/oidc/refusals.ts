import type { Context } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Clients } from '../clients/registry.ts'
import { Problem } from '../errors.ts'
import type { Options, Renderers } from './options.ts'
import { type Fault, reasonOf } from './refusal-reasons.ts'

/** The library's events of refusals at endpoints where clients authenticate. */
const authenticating = [
  ...['grant.error', 'introspection.error', 'revocation.error', 'device_authorization.error'],
  ...['pushed_authorization_request.error', 'backchannel_authentication.error'],
] as const

/** Its events of refusals everywhere else. */
const others = [
  ...['userinfo.error', 'registration_create.error', 'registration_read.error', 'registration_update.error'],
  ...['registration_delete.error', 'authorization.error', 'end_session.error', 'end_session_confirm.error'],
  ...['end_session_success.error', 'jwks.error', 'discovery.error'],
] as const

/** Descriptions of errors that the library calls `invalid_request`, although they are about the client. */
const unauthenticated =
  /^no client authentication mechanism|^invalid authorization header|authorization header are not properly|in the Authorization header$/

/**
 * Settles how a client that did not prove itself is refused (RFC 6749, 5.2): 401 `invalid_client`, also when it sent nothing or
 * nothing that can be read, and a challenge that says how (RFC 9110, 15.5.2).
 */
export function challenged(ctx: Pick<Context, 'set' | 'response'>, fault: Partial<Fault>, realm: string): void {
  if (fault.error === 'invalid_request' && unauthenticated.test(fault.error_description ?? ''))
    Object.assign(fault, { message: 'invalid_client', error: 'invalid_client', status: 401, statusCode: 401 })
  if (fault.error !== 'invalid_client' || fault.statusCode !== 401 || ctx.response.get('WWW-Authenticate')) return
  ctx.set('WWW-Authenticate', `Basic realm="${realm}", error="invalid_client"`)
}

/**
 * Corrects the answer when the library refuses a request, before it is sent, and leaves the reason in `ctx.state.refusal`. Where one
 * request has two (a fault, then a redirect URI that must not be told of it), the last one counts.
 */
export function correctRefusals(provider: Provider, clients: Clients): void {
  const on = provider.on.bind(provider) as unknown as (
    name: string,
    act: (ctx: KoaContextWithOIDC, fault: Fault) => void,
  ) => void
  for (const name of authenticating)
    on(name, (ctx, fault) => {
      challenged(ctx, fault, provider.issuer)
      if (fault.statusCode !== 401) return
      ctx.status = 401
      const { error, error_description } = fault
      ctx.body = { ...(ctx.body as object), error, error_description }
    })
  for (const name of [...authenticating, 'registration_create.error'])
    on(name, (ctx, { retryAfter }) => {
      if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
    })
  for (const name of [...authenticating, ...others])
    on(name, (ctx, fault) => {
      ctx.state.refusal = reasonOf(ctx, fault, clients)
    })
  on('server_error', (ctx, fault) => {
    if (fault instanceof Problem) admit(ctx, fault)
    ctx.state.refusal = reasonOf(ctx, fault, clients)
  })
}

/** Answers with the error page, which may say why. */
export function explainErrors({ renderers, clients }: Pick<Options, 'renderers' | 'clients'>): Renderers['error'] {
  return (ctx, out, fault) => {
    ctx.state.refusal = reasonOf(ctx as unknown as KoaContextWithOIDC, fault as Fault, clients)
    return renderers.error(ctx, out, fault)
  }
}

/** The answer to programs for a Problem, which the library does not know. */
const told: { readonly [code: string]: { error: string; error_description: string } | undefined } = {
  // The error of polling too fast (RFC 8628, 3.5); the status is that of RFC 9126, 2.3.
  slow_down: { error: 'slow_down', error_description: 'too much was asked from this address or by this client: wait' },
  too_large: { error: 'invalid_request', error_description: 'the parameters are too large to be kept' },
}

/** Gives a Problem's answer its own status: the library answers 500 for every error that it does not know. */
function admit(ctx: KoaContextWithOIDC, { code, status, retryAfter }: Problem): void {
  ctx.status = status
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
  const { error } = (ctx.body ?? {}) as { error?: string }
  if (error === 'server_error') ctx.body = told[code] ?? { error: 'temporarily_unavailable' }
}
