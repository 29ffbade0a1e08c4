import type { Context } from 'koa'
import type { Flows, NewFlow } from '../flows/flow-store.ts'
import type { Steps } from '../flows/steps.ts'
import { seeOther } from './show.ts'
import { baseOf } from './stepping.ts'
import { rememberApp } from './way-back.ts'

/** Begins a flow and sends the browser to its page. */
export async function beginFlow(
  ctx: Context,
  { flows, steps }: { flows: Flows; steps: Steps },
  begun: Omit<NewFlow, 'device' | 'locale'> & { locale?: string },
): Promise<void> {
  const { visitor, locale } = ctx.state
  const flow = await flows.start({ locale, ...begun, device: visitor.device }, visitor.address)
  rememberApp(ctx, flow.client?.home, [baseOf(flow)])
  const moved = await steps.advance(flow, visitor)
  seeOther(ctx, baseOf(moved))
}
