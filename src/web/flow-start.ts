import type { Context } from 'koa'
import type { Resume } from '../flows/flow.ts'
import type { Flow, Flows, NewFlow } from '../flows/flow-store.ts'
import { seeOther } from './show.ts'

/** The folder of a flow's pages. */
export const folders: Record<Flow['purpose'], string> = {
  'sign-in': '/sign-in',
  'sign-up': '/sign-up',
  'step-up': '/sign-in',
  add: '/account/add',
  change: '/account/change',
  reset: '/forgot-password',
  recover: '/recover/set-up',
}

/** Where a flow's pages are. */
export function baseOf({ purpose, id }: Pick<Flow, 'purpose' | 'id'>): string {
  return `${folders[purpose]}/${id}`
}

/** Begins a flow and sends the browser to its page. */
export async function beginFlow(
  ctx: Context,
  { flows, resume }: { flows: Flows; resume: Resume },
  begun: Omit<NewFlow, 'device' | 'locale'> & { locale?: string },
): Promise<void> {
  const { visitor, locale, zone } = ctx.state
  const flow = await flows.draft({ locale, zone, ...begun, device: visitor.device }, visitor.address)
  rememberApp(ctx, flow.client?.home, [baseOf(flow)])
  await resume(flow, visitor).advance()
  seeOther(ctx, baseOf(flow))
}

/** The app that a page was for, and where to start again. */
export interface WayBack {
  name: string
  home: string
}

const day = 24 * 3_600_000
const nameFor = (ctx: Context): string => `${ctx.secure ? '__Secure-' : ''}latchkey_app`

/**
 * Remembers for a day which app these pages are for, in signed cookies that are sent to these pages alone: by the time that somebody has to
 * start again, the store has forgotten the flow.
 */
export function rememberApp(ctx: Context, app: WayBack | undefined, paths: readonly string[]): void {
  if (!app) return
  const value = Buffer.from(JSON.stringify([app.name, app.home])).toString('base64url')
  const options = { httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, maxAge: day } as const
  for (const path of paths) ctx.cookies.set(nameFor(ctx), value, { ...options, path, overwrite: false })
}

/** Returns the app that a page was for, where somebody who came too late can start again. */
export function wayBack(ctx: Context): WayBack | undefined {
  const value = ctx.cookies.get(nameFor(ctx), { signed: true })
  if (value === undefined) return undefined
  const [name, home] = JSON.parse(Buffer.from(value, 'base64url').toString()) as [string, string]
  return { name, home }
}
