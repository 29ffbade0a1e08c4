import type { Context } from 'koa'
import type { Attempts, NewAttempt } from '../flows/attempts.ts'
import type { Steps } from '../flows/steps.ts'
import { seeOther } from './show.ts'
import { baseOf } from './stepping.ts'
import { rememberApp } from './way-back.ts'

/** Begins an attempt and sends the browser to its page. */
export async function beginAttempt(
  ctx: Context,
  { attempts, steps }: { attempts: Attempts; steps: Steps },
  begun: Omit<NewAttempt, 'device' | 'locale'> & { locale?: string },
): Promise<void> {
  const { visitor, locale } = ctx.state
  const attempt = await attempts.start({ locale, ...begun, device: visitor.device }, visitor.address)
  rememberApp(ctx, attempt.client?.home, [baseOf(attempt)])
  const moved = await steps.advance(attempt, visitor)
  seeOther(ctx, baseOf(moved))
}
