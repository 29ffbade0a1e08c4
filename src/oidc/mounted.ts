import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/** The library's endpoints as middleware of our Koa, whose `keys` must be the provider's. */
export function mounted(provider: Provider): Middleware {
  const https = provider.issuer.startsWith('https:')
  const [endpoints] = provider.middleware as [Middleware]
  return async (ctx, next) => {
    // As the issuer says, whichever way the request came to us.
    ctx.cookies.secure = https
    let left = false
    await endpoints(ctx, () => {
      left = true
      return next()
    })
    if (!left && ctx.response.is('html')) letFormsEnd(ctx as unknown as KoaContextWithOIDC)
  }
}

/** Browsers apply form-action to the redirects that follow a post: the library's forms end at the app that asked. */
function letFormsEnd(ctx: KoaContextWithOIDC): void {
  const { params, redirectUriCheckPerformed } = ctx.oidc
  if (ctx.status !== 200 && !redirectUriCheckPerformed) return
  const target = redirectUriCheckPerformed ? params?.redirect_uri : params?.post_logout_redirect_uri
  if (typeof target === 'string') letFormEndAt(ctx, target)
}

/** Lets the forms of a page that is answered end at this URL, too. */
export function letFormEndAt(ctx: Pick<Context, 'set' | 'response'>, uri: string): void {
  const policy: unknown = ctx.response.get('Content-Security-Policy')
  const target = formTarget(uri)
  if (typeof policy !== 'string' || policy.includes(` ${target}`)) return
  ctx.set('Content-Security-Policy', policy.replace(/form-action [^;]*/, `$& ${target}`))
}

/** A URL's origin as CSP names it; a private-use scheme has none but itself. */
export function formTarget(uri: string): string {
  const { origin, protocol } = new URL(uri)
  return origin === 'null' ? protocol : origin
}
