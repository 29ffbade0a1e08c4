import type { Context } from 'koa'
import type { Resume } from '../flows/flow.ts'
import type { Flows, NewFlow } from '../flows/flow-store.ts'
import { seeOther } from './show.ts'
import { baseOf } from './stepping.ts'
import { rememberApp } from './way-back.ts'

/** Begins a flow and sends the browser to its page. */
export async function beginFlow(
  ctx: Context,
  { flows, resume }: { flows: Flows; resume: Resume },
  begun: Omit<NewFlow, 'device' | 'locale'> & { locale?: string },
): Promise<void> {
  const { visitor, locale } = ctx.state
  const flow = await flows.draft({ locale, ...begun, device: visitor.device }, visitor.address)
  rememberApp(ctx, flow.client?.home, [baseOf(flow)])
  await resume(flow, visitor).advance()
  seeOther(ctx, baseOf(flow))
}
