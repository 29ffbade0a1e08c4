import type { Middleware } from 'koa'
import type { Client } from './file.ts'
import type { Clients } from './registry.ts'

type DeviceApp = Pick<Client, 'ios_app_ids' | 'android_apps' | 'redirect_uris'>

/** Seconds that caches may keep them. */
const maxAge = 300

/**
 * Serves the association files of Apple and Google (Digital Asset Links) for the suite's apps on devices, so that passkeys and passwords of
 * this host are offered in them, and links to redirect URIs here open them (RFC 8252, 7.2). Without such apps there are no files.
 */
export function associations(issuer: string, clients: Clients): Middleware {
  const documents: Readonly<Record<string, (apps: readonly DeviceApp[]) => object | undefined>> = {
    '/.well-known/apple-app-site-association': apps => apple(apps, issuer),
    '/.well-known/assetlinks.json': apps => android(apps, issuer),
  }
  return async (ctx, next) => {
    const make = Object.hasOwn(documents, ctx.path) ? documents[ctx.path] : undefined
    if (!make || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    const document = make(clients.declared().entries)
    if (!document) return next()
    ctx.set({ 'Cache-Control': `public, max-age=${maxAge}`, 'Cross-Origin-Resource-Policy': 'cross-origin' })
    ctx.body = document
  }
}

function apple(apps: readonly DeviceApp[], issuer: string): object | undefined {
  const known = apps.filter(each => each.ios_app_ids.length > 0)
  if (known.length === 0) return undefined
  const details = known
    .map(each => ({ appIDs: each.ios_app_ids, components: pathsAt(issuer, each).map(path => ({ '/': path })) }))
    .filter(({ components }) => components.length > 0)
  return {
    ...(details.length > 0 && { applinks: { details } }),
    webcredentials: { apps: [...new Set(known.flatMap(each => each.ios_app_ids))] },
  }
}

function android(apps: readonly DeviceApp[], issuer: string): object | undefined {
  const statements = apps.flatMap(each => {
    const here = pathsAt(issuer, each).length > 0 ? ['delegate_permission/common.handle_all_urls'] : []
    return each.android_apps.map(({ package: package_name, fingerprints: sha256_cert_fingerprints }) => ({
      relation: ['delegate_permission/common.get_login_creds', ...here],
      target: { namespace: 'android_app', package_name, sha256_cert_fingerprints },
    }))
  })
  return statements.length > 0 ? statements : undefined
}

/** Returns the paths of an app's redirect URIs on this host. */
function pathsAt(issuer: string, { redirect_uris: uris }: DeviceApp): string[] {
  const urls = uris.map(uri => new URL(uri)).filter(({ origin }) => origin === issuer)
  return [...new Set(urls.map(({ pathname }) => pathname))]
}
