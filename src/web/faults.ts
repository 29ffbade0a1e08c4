import type { Layer } from '@koa/router'
import type { Context, Middleware } from 'koa'
import { Problem } from '../errors.ts'
import { wayBack } from './flow-start.ts'
import { localeOf } from './language.ts'
import { refused, type Show } from './show.ts'
import type { Visit } from './visit.ts'

/** Paths for programs, which are answered with JSON whatever they accept; the protocol's endpoints mark their requests themselves. */
const forPrograms = /^\/(health\/.*|metrics|admin\/api\/.*|api-keys\/verify)$|\.json$/

/** Writes every failure, in this one place: a page for people, `{ error, error_description }` for programs. */
export function faults({
  show,
  log,
}: {
  show: Show
  log: (fault: unknown, request: string) => void
}): Middleware<Visit> {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined) throw new Problem('not_found')
    } catch (fault) {
      const problem = cookieless(ctx, asProblem(fault))
      if (problem.status >= 500) log(fault, ctx.state.request)
      write(ctx, problem, show)
    }
  }
}

function write(ctx: Context, problem: Problem, show: Show): void {
  ctx.state.locale ??= localeOf(ctx)
  refused(ctx, problem)
  if (problem.status === 405 && !ctx.response.get('Allow')) ctx.set('Allow', methodsAt(ctx).join(', '))
  const { text } = show.problem(ctx, problem)
  if (ctx.state.program || forPrograms.test(ctx.path) || ctx.accepts('html', 'json') === 'json') {
    ctx.body = { error: problem.code, error_description: text }
    return
  }
  const { status, code, retryAfter } = problem
  const refusal = show.refusal(ctx)
  const { from } = problem.values
  const about = { request: ctx.state.request, refusal, app: wayBack(ctx) }
  const locals = { status, code, retryAfter, ...about, from: typeof from === 'string' ? from : undefined }
  show.page(ctx, 'error', locals, { problem })
}

/** Returns the methods that a path takes (RFC 9110, 15.5.6: every 405 lists them). */
function methodsAt(ctx: Context): string[] {
  const { matched = [] } = ctx as { matched?: readonly Layer[] }
  const taken = new Set(matched.flatMap(({ methods }) => methods))
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(each => taken.has(each))
}

/** Names blocked cookies as the cause when no flow of this browser is found and it sent no cookie at all. */
export function cookieless(ctx: Context, problem: Problem): Problem {
  const foreign = ['attempt_expired', 'attempt_elsewhere'].includes(problem.code)
  return foreign && ctx.get('Cookie') === ''
    ? new Problem('cookies_blocked', { cause: problem.cause ?? problem })
    : problem
}

/** Returns the Problem that tells of a fault; an unforeseen one is `internal`. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault
  const status = typeof fault === 'object' && fault !== null && 'status' in fault ? fault.status : undefined
  if (status === 413) return new Problem('too_large', { cause: fault })
  if (status === 404) return new Problem('not_found', { cause: fault })
  // 501 is what the router says of methods that it has never heard of.
  if (status === 405 || status === 501) return new Problem('method_not_allowed', { cause: fault })
  if (typeof status === 'number' && status >= 400 && status < 500) return new Problem('malformed', { cause: fault })
  return new Problem('internal', { cause: fault })
}
