import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import { asProblem } from './faults.ts'

/** Returns what was posted, as the body parser read it: anything at all in JSON. */
export function postedBody(ctx: Context): unknown {
  return (ctx.request as { body?: unknown }).body
}

/** Returns all fields of a posted form, for factors, which check the shape of their answers themselves: always an object of its own. */
export function fields(ctx: Context): Record<string, unknown> {
  const posted = postedBody(ctx)
  return typeof posted === 'object' && posted !== null ? { ...posted } : {}
}

/** Returns a text field of a posted form, cut to `max` characters; empty where it is missing or no text. */
export function field(ctx: Context, name: string, max: number): string {
  const value = fields(ctx)[name]
  return typeof value === 'string' ? value.slice(0, max) : ''
}

/** Returns a text field that every browser posts, though it may be empty, cut to `max` characters. Throws `malformed` where it is missing. */
export function requiredField(ctx: Context, name: string, max: number): string {
  if (typeof fields(ctx)[name] !== 'string') throw new Problem('malformed')
  return field(ctx, name, max)
}

/** Returns a parameter of the address, cut to `max` characters; undefined where it is missing or said twice. */
export function queryField(ctx: Context, name: string, max: number): string | undefined {
  const value = ctx.query[name]
  return typeof value === 'string' ? value.slice(0, max) : undefined
}

/** Returns what was chosen of several values for one field (checkboxes, a list), each cut to `max` characters. */
export function choices(ctx: Context, name: string, max: number): string[] {
  const chosen = [fields(ctx)[name]].flat()
  return chosen.filter(each => typeof each === 'string').map(each => each.slice(0, max))
}

/** Problems after which the page of the form is gone, too. */
const gone = [404, 410]

/**
 * Runs what a form asks for. Where a Problem stops it, `again` shows the same page with what was typed and with that Problem, and this
 * resolves to undefined. Throws what is our own fault, and Problems of these statuses, which have a page of their own.
 */
export async function submit<T>(
  act: () => Promise<T>,
  again: (problem: Problem) => unknown,
  elsewhere: readonly number[] = gone,
): Promise<T | undefined> {
  try {
    return await act()
  } catch (fault) {
    const problem = asProblem(fault)
    if (problem.status >= 500 || elsewhere.includes(problem.status)) throw fault
    await again(problem)
    return undefined
  }
}
