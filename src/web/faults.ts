import type { Context, Middleware } from 'koa'
import { Problem } from '../errors.ts'
import type { Show } from './show.ts'
import type { Visit } from './visiting.ts'

/** The one place that writes a failure: a page for people, `{ error, error_description }` for programs. */
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
      const problem = asProblem(fault)
      if (problem.status >= 500) log(fault, ctx.state.request)
      write(ctx, problem, show)
    }
  }
}

function write(ctx: Context, problem: Problem, show: Show): void {
  ctx.status = problem.status
  if (problem.retryAfter !== undefined) ctx.set('Retry-After', String(problem.retryAfter))
  const text = show.problem(ctx, problem)
  if (ctx.accepts('html', 'json') === 'json') {
    ctx.body = { error: problem.code, error_description: text.text }
    return
  }
  const { status, code, retryAfter } = problem
  show.page(ctx, 'error', { status, code, retryAfter, request: ctx.state.request }, { problem: text })
}

/** A fault as the Problem that it is told as; what nobody foresaw is `internal`. */
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
