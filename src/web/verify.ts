import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { originOf } from '../accounts/device.ts'
import { refusals } from '../api-keys/scheme.ts'
import type { Verification } from '../api-keys/verification.ts'
import { InvalidVerifyRequest } from '../api-keys/verify-request.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Oidc } from '../oidc/provider.ts'
import { challenged } from '../oidc/refusals.ts'
import { asProblem } from './faults.ts'
import { postedBody } from './forms.ts'
import { refused } from './show.ts'

type Services = Pick<Oidc, 'authenticate' | 'subject' | 'explain'> & {
  verification: Verification
  emit: Emit
  log: (fault: unknown, request: string) => void
  issuer: string
}

const path = '/api-keys/verify'
/** How a client may authenticate in the body (RFC 6749, 2.3.1; RFC 7521, 4.2). */
const credentials = new Set(['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'])

/** Answers resource servers that ask about signed requests. It runs before the middleware of pages: every request of every bot passes here. */
export function verify({ authenticate, verification, subject, emit, log, issuer, explain }: Services): Middleware {
  const parse = bodyParser({ enableTypes: ['json'], jsonLimit: '256kb', onError: fault => unreadable(fault) })

  const answer = async (ctx: Context): Promise<void> => {
    await parse(ctx as Parameters<typeof parse>[0], async () => {})
    const body = postedBody(ctx)
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new InvalidVerifyRequest('the body must be a JSON object')
    const members = Object.entries(body)
    const client = await authenticate(ctx, Object.fromEntries(members.filter(([name]) => credentials.has(name))))
    const question = Object.fromEntries(members.filter(([name]) => !credentials.has(name)))
    const judged = await verification.verify(question, client, originOf(ctx))
    if (!judged.active) ctx.state.refusal = { error: judged.reason, client }
    ctx.body = judged.active ? { ...judged, sub: await subject(client, judged.sub) } : judged
  }

  return async (ctx, next) => {
    if (ctx.path !== path) return next()
    ctx.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    try {
      if (ctx.method === 'POST') return await answer(ctx)
      ctx.set('Allow', 'POST')
      if (ctx.method !== 'OPTIONS') throw new Problem('method_not_allowed')
      ctx.status = 204
    } catch (fault) {
      if (fault instanceof InvalidVerifyRequest) return invalidRequest(ctx, fault)
      challenged(ctx, fault as Error, issuer)
      ctx.state.refusal = explain(ctx, fault as Error)
      const { error, error_description, statusCode = 500 } = fault as { error?: string } & Named
      if (error !== undefined && statusCode < 500) {
        await emit('grant.turned-away', { type: 'verify', code: error }, originOf(ctx))
        ctx.status = statusCode
        ctx.body = { error, error_description }
        return
      }
      failed(ctx, fault, log)
    }
  }
}

/** What errors of oidc-provider carry. */
interface Named {
  error_description?: string
  statusCode?: number
}

function unreadable(fault: { status?: number } & Error): never {
  if (fault.status === 413) throw fault
  throw new InvalidVerifyRequest('the body is no JSON')
}

function invalidRequest(ctx: Context, { message }: InvalidVerifyRequest): void {
  ctx.status = 400
  ctx.state.refusal = { error: 'invalid_request', why: message }
  const refusal = { active: false, code: refusals.BAD_REQUEST, reason: 'BAD_REQUEST' }
  ctx.body = { ...refusal, error: 'invalid_request', error_description: message }
}

function failed(ctx: Context, fault: unknown, log: Services['log']): void {
  const problem = asProblem(fault)
  const { status, code } = problem
  if (status >= 500) log(fault, ctx.state.request)
  refused(ctx, problem)
  ctx.body = { error: status === 503 ? 'temporarily_unavailable' : status < 500 ? code : 'server_error' }
}
