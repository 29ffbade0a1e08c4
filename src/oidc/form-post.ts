import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import type { Quota } from '../accounts/quota.ts'
import { sha256 } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { declare, type Store } from '../store/collection.ts'
import { largest, size } from './admission.ts'
import type { Renderers } from './renderers.ts'

const declaration = declare({
  name: 'posted_requests',
  shape: z.object({ id: z.string(), form: z.string(), expiresAt: z.number() }),
})

/** Milliseconds that a browser has to come back. */
const life = 60_000

interface Services {
  store: Store
  /** What people may be sent to by a form of another site. */
  paths: ReadonlySet<string>
  renderers: Pick<Renderers, 'error'>
  quota: Quota
  now: () => number
}

/**
 * Takes requests that an app's page posts (OpenID Connect Core 1.0, 3.1.2.1). Browsers leave our cookies off a post that
 * comes from another site, so it is kept, and the browser comes for it by GET: whoever is signed in stays so.
 */
export function posted(endpoints: Middleware, { store, paths, renderers, quota, now }: Services): Middleware {
  const kept = store.collection(declaration)
  const parse = bodyParser({ enableTypes: ['form'], formLimit: largest })

  const keep = async (ctx: Context): Promise<void> => {
    if (!ctx.is('application/x-www-form-urlencoded')) throw new Problem('malformed')
    await parse(ctx as Parameters<typeof parse>[0], async () => {})
    const id = token()
    const form = (ctx.request as { rawBody?: string }).rawBody ?? ''
    await quota.spend(size(form), { address: ctx.ip })
    await kept.insert({ id: sha256(id), form, expiresAt: now() + life })
    ctx.status = 303
    ctx.redirect(`${ctx.path}?posted=${id}`)
  }
  const fetch = async (ctx: Context, id: string): Promise<void> => {
    const found = await kept.take(sha256(id))
    if (!found) throw new Problem('attempt_expired')
    ctx.querystring = found.form
  }

  return async (ctx, next) => {
    if (!paths.has(ctx.path)) return endpoints(ctx, next)
    const { posted: id } = ctx.query
    const posts = ctx.method === 'POST'
    if (!posts && id === undefined) return endpoints(ctx, next)
    try {
      if (posts) return await keep(ctx)
      await fetch(ctx, String(id))
    } catch (fault) {
      return renderers.error(ctx, { error: 'invalid_request' }, fault)
    }
    return endpoints(ctx, next)
  }
}
