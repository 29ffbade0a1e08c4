import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, crc32, gzip } from 'node:zlib'
import type { Middleware } from 'koa'

const folder = new URL('../../views/assets/', import.meta.url)
/** Files of packages, served beside our own. */
const borrowed: Record<string, URL> = {
  'webauthn.js': new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser')),
}
const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
}
const immutable = 'public, max-age=31536000, immutable'

type Encoding = 'br' | 'gzip' | 'identity'
const squeeze: Record<Encoding, (content: Buffer) => Promise<Buffer>> = {
  br: content => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  gzip: content => promisify(gzip)(content, { level: 9 }),
  identity: async content => content,
}

interface Asset {
  url: string
  etag: string
  type: string
  content: Buffer
  squeezed: Partial<Record<Encoding, Promise<Buffer>>>
}

export type Assets = ReturnType<typeof assets>

/**
 * Serves everything in views/assets under /assets/<name>.<digest>.<ext>, cacheable for ever (RFC 8246), compressed once; a folder is one
 * asset. The digest of another release is answered with today's content, uncached: while a release rolls out, pages of one process may
 * ask another for their assets.
 */
export function assets() {
  const known = new Map<string, Asset>()
  for (const name of readdirSync(folder)) known.set(name, load(name, read(new URL(name, folder))))
  for (const [name, file] of Object.entries(borrowed)) known.set(name, load(name, readFileSync(file)))

  let branded = new Map<string, Asset>()

  /** Serves these files of a brand beside our own, and in the place of ours of the same name, until others are published. */
  const publish = (files: Readonly<Record<string, Buffer>>): void => {
    branded = new Map(Object.entries(files).map(([name, content]) => [name, load(name, content)]))
  }

  /** Returns the URL of an asset, with the digest of its content; throws when there is no such asset. */
  const asset = (name: string): string => {
    const found = branded.get(name) ?? known.get(name)
    if (!found) throw new Error(`No asset ${name}`)
    return found.url
  }

  const middleware: Middleware = async (ctx, next) => {
    const [, stem = '', extension = ''] = /^\/assets\/([a-z-]+)\.[0-9a-f]{8}(\.[a-z]+)$/.exec(ctx.path) ?? []
    const found = branded.get(stem + extension) ?? known.get(stem + extension)
    if (!found || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    ctx.set('Cache-Control', ctx.path === found.url ? immutable : 'no-cache')
    ctx.set('Content-Type', found.type)
    ctx.set('X-Content-Type-Options', 'nosniff')
    ctx.vary('Accept-Encoding')
    const encoding = (ctx.acceptsEncodings('br', 'gzip', 'identity') || 'identity') as Encoding
    ctx.set('ETag', `"${found.etag}-${encoding}"`)
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    if (encoding !== 'identity') ctx.set('Content-Encoding', encoding)
    found.squeezed[encoding] ??= squeeze[encoding](found.content)
    ctx.body = await found.squeezed[encoding]
  }

  return { asset, middleware, publish }
}

/** Reads a file, or all files of a folder one after the other, in the order of their names. */
function read(path: URL): Buffer {
  if (!statSync(path).isDirectory()) return readFileSync(path)
  const parts = readdirSync(path).sort()
  return Buffer.concat(parts.map(part => readFileSync(new URL(`${path.href}/${part}`))))
}

function load(name: string, content: Buffer): Asset {
  const extension = extname(name)
  const type = types[extension]
  if (!type) throw new Error(`views/assets/${name} is of a kind that is not served`)
  // Tells releases apart and guards nothing, so a checksum is enough.
  const etag = crc32(content).toString(16).padStart(8, '0')
  return { url: `/assets/${name.slice(0, -extension.length)}.${etag}${extension}`, etag, type, content, squeezed: {} }
}
