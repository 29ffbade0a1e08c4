import type { Context } from 'koa'
import type { z } from 'zod'
import type { Action, Told } from '../actions/action.ts'
import type { Flows } from '../flows/flow-store.ts'

/** How long a page may take to come, in milliseconds. */
const life = 2 * 60_000
/** Bytes of a cookie that every browser takes (RFC 6265, 6.1), less its name, its signature and what base64 adds. */
const largest = 2_500
const nameFor = (ctx: Context): string => `${ctx.secure ? '__Secure-' : ''}latchkey_notice`
const options = (ctx: Context, path: string) =>
  ({ httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, path }) as const

/**
 * Leaves word for the page at a path of ours: it is said there once, to `whom` (an account, or a flow). The cookie is signed, because
 * whatever stands in it is said by us; what would not fit is left out, the way back first.
 */
export function notify(ctx: Context, path: string, whom: string, notice: Told): void {
  const [at = '/'] = path.split('?', 1)
  const { undo: _, ...plain } = notice
  const written = [notice, plain].map(each => JSON.stringify([at, whom, each])).find(each => each.length <= largest)
  if (written === undefined) return
  const value = Buffer.from(written).toString('base64url')
  ctx.cookies.set(nameFor(ctx), value, { ...options(ctx, at), maxAge: life, overwrite: false })
}

/** Lets this page show `whom` the notice that waits for them, if there is one. */
export function sayNotice(ctx: Context, whom: string): void {
  const value = ctx.cookies.get(nameFor(ctx), { signed: true })
  if (value === undefined) return
  const [at, who, notice] = JSON.parse(Buffer.from(value, 'base64url').toString()) as [string, string, Told]
  // One that was left for a page above this one stays there for it.
  if (at !== ctx.path) return
  ctx.cookies.set(nameFor(ctx), null, { ...options(ctx, at), overwrite: false })
  if (who === whom) ctx.state.notice = notice
}

/**
 * Resolves to what somebody had typed for an action before they cancelled the proof that was asked for, by the flow that asked; undefined where there is nothing, or
 * it was typed in another session.
 */
export async function typedBefore<A extends Action>(
  ctx: Context,
  { flows }: { flows: Flows },
  { account, session }: { account: { id: string }; session: { uid: string } },
  { id, args }: A,
  from: string | undefined,
): Promise<z.output<A['args']> | undefined> {
  const flow = from === undefined ? undefined : await flows.get(from, ctx.state.visitor.device).catch(() => undefined)
  if (flow?.action?.id !== id || flow.account !== account.id || flow.session !== session.uid) return undefined
  return args.parse(flow.action.args) as z.output<A['args']>
}
