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
}

/** A request that was refused, and why. */
export interface Refused extends Refusal {
  request: string
  method: string
  path: string
  status: number
}

const depth = 5

/** The path as a pattern: `/sign-in/:id/totp`. What was made for one person, or typed by one, is blanked. */
export function routeOf(path: string): string {
  const [, ...segments] = path.split('/')
  const plain = segments.slice(0, depth).map(each => (/^[a-z.-]{0,32}$/.test(each) ? each : ':id'))
  return `/${plain.join('/')}`
}
