import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { Refusal } from '../errors.ts'
import type { Answered, Refused } from '../observers/answered.ts'
import { account } from './account-home.ts'
import { activityPages } from './activity-page.ts'
import { admin } from './admin.ts'
import { adminActs } from './admin-acts.ts'
import { adminApi } from './admin-api.ts'
import { adminApps } from './admin-apps.ts'
import { adminAttributes } from './admin-attributes.ts'
import { adminInvitations } from './admin-invitations.ts'
import { adminOverview } from './admin-overview.ts'
import { adminPeople } from './admin-people.ts'
import { adminPolicies } from './admin-policies.ts'
import { adminService } from './admin-service.ts'
import { adminWebhooks } from './admin-webhooks.ts'
import { apiKeys } from './api-key-pages.ts'
import { approvalPages } from './approvals-page.ts'
import { apps } from './apps.ts'
import type { Assets } from './assets.ts'
import { closing } from './closing-page.ts'
import { data } from './data.ts'
import { deviceCode } from './device-code.ts'
import { fairly } from './fair.ts'
import { faults } from './faults.ts'
import { flowPages } from './flow-pages.ts'
import { gallery } from './gallery.ts'
import { bodiesWithin, headers, type Proxies, sameOrigin, settled } from './http-security.ts'
import { identity } from './identity-check-pages.ts'
import { interaction } from './interaction.ts'
import { lostPhone } from './lost-phone.ts'
import { confirm, openingPages } from './mailed-links.ts'
import { operating, wellKnown } from './operating.ts'
import { profile } from './profile.ts'
import { onward } from './protocol-pages.ts'
import { recovery } from './recovery.ts'
import { restrictions } from './restrictions-page.ts'
import { security } from './security.ts'
import { type Rooms, services } from './services.ts'
import { sessions } from './sessions-page.ts'
import { signIn } from './sign-in.ts'
import { switcher } from './switcher.ts'
import { verify } from './verify.ts'
import { type Visit, visiting } from './visit.ts'

type Options = Rooms &
  Parameters<typeof verify>[0] &
  Parameters<typeof adminApi>[0] & {
    /** How a request's sender is found behind proxies. */
    proxies: Proxies
    /** Returns a new device cookie: a bearer value of 256 bits. */
    token: (bytes?: number) => string
    /** Returns a name for the next request. */
    requestName: () => string
    assets: Assets
    /** OpenID Connect's own endpoints, and the keys that sign its cookies. */
    protocol: {
      keys: Koa['keys']
      discovery: { middleware: Middleware; fromMemory: (req: IncomingMessage, res: ServerResponse) => boolean }
      endpoints: Middleware
    }
    associations: Middleware
    answered: (request: Answered) => void
    refused: (request: Refused) => void
  }

/** Every family of pages, each of which adds its routes. Flows come last: theirs take any word for a factor. */
const families = [
  operating,
  wellKnown,
  account,
  profile,
  switcher,
  gallery,
  security,
  restrictions,
  sessions,
  lostPhone,
  apps,
  apiKeys,
  approvalPages,
  deviceCode,
  activityPages,
  data,
  closing,
  admin,
  adminOverview,
  adminPeople,
  adminActs,
  adminApps,
  adminInvitations,
  adminPolicies,
  adminAttributes,
  adminService,
  adminWebhooks,
  recovery,
  identity,
  confirm,
  openingPages,
  signIn,
  interaction,
  flowPages,
]

/** Where documents are sent, over whatever line people have. */
const uploads = /^\/recover\/identity\/[^/?]+(\?|$)/

/** Everything that is served, as one listener. The protocol's endpoints come first: no page's middleware costs them time. */
export function app(options: Options): RequestListener {
  const { issuer, associations, assets, show, protocol, token, requestName, log, answered, refused } = options
  const https = issuer.startsWith('https:')
  /** Why requests failed that are not through yet: their lines say so. */
  const failures = new WeakMap<ServerResponse, Refusal>()
  const pages = new Koa<Visit>({ proxy: true })
  pages.keys = protocol.keys
  pages.on('error', fault => log(fault, ''))
  pages.use(async (ctx, next) => {
    const request = String(ctx.res.getHeader('X-Request-Id'))
    ctx.state.request = request
    await next()
    const { refusal } = ctx.state as { refusal?: Refusal }
    if (refusal && ctx.status >= 500) failures.set(ctx.res, refusal)
    // What is our own fault is in the log as such, and so is what was answered before its body had come.
    if (refusal && ctx.status < 500 && !ctx.headerSent)
      refused({ request, method: ctx.method, path: ctx.path, status: ctx.status, ...refusal })
  })
  pages
    .use(headers({ https }))
    .use(faults({ show, log }) as Middleware)
    .use(onward({ issuer, show }))
  pages.use(protocol.discovery.middleware).use(protocol.endpoints).use(verify(options)).use(adminApi(options))
  pages.use(associations).use(assets.middleware)
  pages.use(visiting({ issuer, token }) as Middleware)
  pages.use(sameOrigin(issuer))
  pages.use(bodyParser({ enableTypes: ['form', 'json'], formLimit: '64kb', jsonLimit: '64kb' }))
  const router = new Router<Visit>()
  const shared = services(options, router)
  for (const add of families) add(shared)
  pages.use(router.routes() as Middleware).use(router.allowedMethods({ throw: true }) as Middleware)
  const page = pages.callback()
  const settle = settled({ issuer, ...options.proxies })

  const about = (req: IncomingMessage, res: ServerResponse) => {
    const [path = '/'] = (req.url ?? '/').split('?', 1)
    return { request: String(res.getHeader('X-Request-Id')), method: req.method ?? '', path, status: res.statusCode }
  }
  const onLate = (req: IncomingMessage, res: ServerResponse) =>
    refused({ ...about(req, res), error: 'too_slow', why: 'the body took too long to come' })
  const { fromMemory } = protocol.discovery
  const whole = bodiesWithin(page, { uploads, onLate })
  const fair = fairly((req, res) => fromMemory(req, res) || whole(req, res))

  return (req: IncomingMessage, res: ServerResponse) => {
    settle(req)
    res.setHeader('X-Request-Id', requestName())
    const started = performance.now()
    res.on('finish', () => {
      const took = performance.now() - started
      answered({ ...about(req, res), took, refusal: res.statusCode < 500 ? undefined : failures.get(res) })
    })
    fair(req, res)
  }
}
