import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { assets } from '../../src/web/assets.ts'
import { headers } from '../../src/web/http-security.ts'
import { phrases } from '../../src/web/phrases.ts'
import { renderer } from '../../src/web/show.ts'
import { gallery } from './gallery.ts'
import { now } from './gallery-samples.ts'

/** What a page posted. */
export interface Posted {
  path: string
  fields: URLSearchParams
}

export interface GalleryServer {
  origin: string
  /** Everything that was posted, oldest first. */
  posted: Posted[]
  close(): Promise<void>
}

/** Serves each picture of the gallery at /<title>, in another language with `?language=`, under the headers of the real pages, and keeps what they post. */
export async function serveGallery(): Promise<GalleryServer> {
  const { asset, middleware } = assets()
  const render = renderer({ phrases: phrases(), assets: { asset }, now: () => now })
  const posted: Posted[] = []

  const app = new Koa().use(headers({ https: false })).use(middleware)
  app.use(async ctx => {
    // What goes on by itself stays to be looked at.
    if (ctx.path === '/nowhere') ctx.status = 204
    if (ctx.method === 'POST') {
      let body = ''
      for await (const chunk of ctx.req) body += chunk
      posted.push({ path: ctx.path, fields: new URLSearchParams(body) })
      if (ctx.path !== '/nowhere')
        ctx.body = ctx.path.endsWith('/judge') ? { score: 3, text: 'Good: hard to guess' } : 'posted'
      return
    }
    const picture = gallery.find(({ title }) => ctx.path === `/${title}`)
    if (!picture) return
    ctx.type = 'html'
    const { language } = ctx.query
    ctx.body = render(picture.page, { ...picture.locals, ...(typeof language === 'string' && { locale: language }) })
  })

  const server = await new Promise<Server>(resolve => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    posted,
    close: async () => {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}
