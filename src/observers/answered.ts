import type { Refusal } from '../errors.ts'

/** A request that was answered: without its query and its body, which may hold what only one person should know. */
export interface Answered {
  /** Names it, as its answer does in X-Request-Id. */
  request: string
  method: string
  path: string
  status: number
  /** Milliseconds. */
  took: number
  /** Why, where it failed for a fault of ours. */
  refusal?: Refusal | undefined
}

/** A request that was refused, and why. */
export interface Refused extends Refusal {
  request: string
  method: string
  path: string
  status: number
}

const depth = 5

/**
 * Returns the path as a pattern: `/sign-in/:id/totp`; ids, and what strangers typed, are blanked. The router is not asked for the route that
 * matched, because much of what is refused (floods, slow bodies, other sites' posts) never reaches it.
 */
export function routeOf(path: string): string {
  if (routes.has(path)) return path
  const [, ...segments] = path.split('/')
  const plain = segments.slice(0, depth).map(each => (/^[a-z.-]{0,32}$/.test(each) ? each : ':id'))
  const route = `/${plain.join('/')}`
  if (route === path && routes.size < most) routes.add(path)
  return route
}

/** Paths that are their own routes: programs call the same few again and again. */
const routes = new Set<string>()
const most = 200
