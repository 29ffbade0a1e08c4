import { STATUS_CODES } from 'node:http'
import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { recent } from '../accounts/clock.ts'
import { originOf } from '../accounts/device.ts'
import type { AdminScope, Roles } from '../accounts/role.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { reaches } from '../acr.ts'
import { freshFor } from '../actions/action.ts'
import type { Admin } from '../admin/index.ts'
import { addressOf, openapi } from '../admin/openapi.ts'
import { changes, type Operation, type Operator } from '../admin/operation.ts'
import { Problem, wordsOf } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Bearer } from '../oidc/access-tokens.ts'
import type { Oidc } from '../oidc/provider.ts'
import { asProblem } from './faults.ts'
import { postedBody } from './forms.ts'
import { refused, type Show } from './show.ts'

interface Services {
  admin: Pick<Admin, 'list' | 'perform' | 'repeatable'>
  bearer: Oidc['bearer']
  roles: Pick<Roles, 'scopes'>
  throttle: Pick<Throttle, 'ration'>
  show: Pick<Show, 'explain'>
  emit: Emit
  log: (fault: unknown, request: string) => void
  issuer: string
  now: () => number
}

const base = '/admin/api'
/** How much one client, or one person by a client, may ask. */
const allowance = { tries: 600, window: 60_000 }
/** An Idempotency-Key: visible characters. */
const keyed = /^[\x21-\x7E]{1,200}$/

/** What was wrong with one argument. */
interface Fault {
  name: string
  detail: string
}

/**
 * Serves the admin API: each operation that staff and programs can perform, for who shows an access token for it. It runs before the
 * middleware of pages: no cookie counts here, and every answer is JSON.
 */
export function adminApi(services: Services): Middleware {
  const { admin, bearer, roles, throttle, emit, log, issuer, now } = services
  const parse = bodyParser({ enableTypes: ['json'], jsonLimit: '64kb' })
  const routes = routesOf(admin.list)
  const document = openapi(admin.list, issuer)

  /** Resolves to who performs it. Throws where the token, the role or the proof is not enough. */
  const operatorOf = async (ctx: Context, shown: Bearer, declared: Operation): Promise<Operator> => {
    const { client, account, acr, signedInAt } = shown
    const scopes = new Set(shown.scopes as readonly AdminScope[])
    if (!scopes.has(declared.scope)) throw new Problem('insufficient_scope')
    const origin = { request: originOf(ctx).request }
    const gone = goneOf(ctx)
    if (!account) return { client, scopes, origin, gone }
    const held = await roles.scopes(account.id)
    const both = new Set([...scopes].filter(each => held.has(each)))
    if (!both.has(declared.scope)) throw new Problem('not_permitted')
    const fresh = !changes(declared) || recent(signedInAt ?? 0, freshFor.changes, now())
    if (acr === undefined || !reaches(acr as never, 'phr') || !fresh)
      throw new Problem('insufficient_user_authentication')
    return { staff: account, client, scopes: both, origin, gone }
  }

  const perform = async (ctx: Context): Promise<unknown> => {
    const found = routes(ctx)
    const { declared, inPath } = found
    ctx.state.operation = declared
    const shown = await bearer(ctx, `${issuer}${base}`)
    ctx.state.bearer = shown
    const who = `${shown.client}\n${shown.account?.id ?? ''}`
    await throttle.ration('admin-api', who, allowance)
    const by = await operatorOf(ctx, shown, declared)
    const posted = changes(declared)
    if (posted) await parse(ctx as Parameters<typeof parse>[0], async () => {})
    const args = argumentsOf(declared, posted ? (postedBody(ctx) ?? {}) : ctx.query, inPath)
    const act = async () => declared.result.parse(await admin.perform(declared, args, by))
    const key = ctx.get('Idempotency-Key')
    if (!posted || key === '' || declared.unkept) return act()
    if (!keyed.test(key)) throw wrong([{ name: 'Idempotency-Key', detail: 'must be 1 to 200 visible characters' }])
    return admin.repeatable({ who, key, request: JSON.stringify([declared.id, args]) }, act)
  }

  const refuse = async (ctx: Context, fault: unknown): Promise<void> => {
    const problem = asProblem(fault)
    const { code, status, field, cause } = problem
    const { operation, bearer: shown } = ctx.state as { operation?: Operation; bearer?: Bearer }
    if (status >= 500) log(fault, ctx.state.request)
    ctx.state.refusal = { error: code, client: shown?.client, parameter: field, why: cause && wordsOf(cause) }
    if (status === 401) await emit('grant.turned-away', { type: 'admin-api', code }, originOf(ctx))
    else if (status === 403)
      await emit('grant.refused', { client: shown?.client, type: 'admin-api', code }, originOf(ctx))
    refused(ctx, problem)
    if (status === 401 || code === 'insufficient_scope') ctx.set('WWW-Authenticate', challenge(ctx, code, operation))
    ctx.type = 'application/problem+json'
    ctx.body = JSON.stringify({
      type: `urn:latchkey:problem:${code}`,
      title: STATUS_CODES[status],
      status,
      detail: services.show.explain(problem),
      code,
      request: ctx.state.request,
      ...faultsIn(problem),
    })
  }

  /** Says what a token would have to be (RFC 6750, 3; RFC 9470, 3). */
  const challenge = (ctx: Context, code: string, operation: Operation | undefined): string => {
    const scheme = /^dpop /i.test(ctx.get('Authorization')) ? 'DPoP' : 'Bearer'
    const more = {
      realm: issuer,
      // A request without a token is told no error.
      ...(code !== 'token_needed' && { error: code }),
      ...(operation && ['token_needed', 'insufficient_scope'].includes(code) && { scope: operation.scope }),
      ...(code === 'insufficient_user_authentication' && {
        acr_values: 'phr',
        ...(operation && changes(operation) && { max_age: freshFor.changes / 1000 }),
      }),
    }
    return `${scheme} ${Object.entries(more)
      .map(([name, value]) => `${name}="${value}"`)
      .join(', ')}`
  }

  return async (ctx, next) => {
    if (ctx.path !== base && !ctx.path.startsWith(`${base}/`)) return next()
    ctx.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    try {
      if (ctx.path === `${base}/openapi.json` && ['GET', 'HEAD'].includes(ctx.method)) ctx.body = document
      else ctx.body = (await perform(ctx)) ?? {}
    } catch (fault) {
      await refuse(ctx, fault)
    }
  }
}

/** Returns a function that finds the operation that a request is for. Throws `not_found` and `method_not_allowed`. */
function routesOf(list: readonly Operation[]) {
  const known = list.map(declared => {
    const { method, path, inPath } = addressOf(declared)
    const pattern = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '([^/]+)')
    return { declared, method, names: inPath, pattern: new RegExp(`^${base}${pattern}$`) }
  })
  // What is spelled out wins over what is an argument.
  const sorted = known.sort((one, other) => one.names.length - other.names.length)
  return (ctx: Pick<Context, 'path' | 'method' | 'set'>) => {
    const { path, method } = ctx
    const there = sorted.filter(({ pattern }) => pattern.test(path))
    if (there.length === 0) throw new Problem('not_found')
    const found = there.find(each => each.method === (method === 'HEAD' ? 'GET' : method))
    if (!found) {
      ctx.set('Allow', [...new Set(there.map(each => each.method))].join(', '))
      throw new Problem('method_not_allowed')
    }
    const values = found.pattern.exec(path)?.slice(1).map(decoded) ?? []
    return { declared: found.declared, inPath: Object.fromEntries(found.names.map((name, at) => [name, values[at]])) }
  }
}

/** Returns a signal that aborts when the connection ends. */
function goneOf({ res }: Context): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone.signal
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Problem('not_found')
  }
}

/** Returns the arguments of an operation as they were sent. Throws `malformed` for what is no object, and `invalid_argument` with each that is wrong. */
function argumentsOf({ args }: Operation, sent: unknown, inPath: Record<string, unknown>): Record<string, unknown> {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) throw new Problem('malformed')
  const given = { ...sent, ...inPath }
  const strange = Object.keys(sent).filter(name => !Object.hasOwn(args.shape, name) || Object.hasOwn(inPath, name))
  if (strange.length > 0) throw wrong(strange.map(name => ({ name, detail: 'is not known' })))
  const { error } = args.safeParse(given)
  if (error) throw wrong(error.issues.map(({ path, message }) => ({ name: path.join('.'), detail: message })))
  return given
}

const faults = Symbol('faults')

function wrong(list: readonly Fault[]): Problem {
  const names = list.map(({ name }) => name).join(', ')
  return Object.assign(new Problem('invalid_argument', { values: { names } }), { [faults]: list })
}

function faultsIn(problem: Problem): { errors?: readonly Fault[] } {
  const { [faults]: list } = problem as { [faults]?: readonly Fault[] }
  if (list) return { errors: list }
  return problem.field === undefined ? {} : { errors: [{ name: problem.field, detail: problem.code }] }
}
