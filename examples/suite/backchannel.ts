import { bodyParser } from '@koa/bodyparser'
import type { Middleware } from 'koa'
import type { Ended } from './logout-token.ts'

/** `/backchannel-logout`: 200 once the sessions have ended or where there were none, 400 otherwise (Back-Channel Logout 1.0, 2.8). */
export function backChannelLogout(
  judge: (token: unknown) => Promise<Ended>,
  end: (ended: Ended) => void,
): Middleware[] {
  return [
    async (context, next) => {
      try {
        await next()
        context.status = 200
        context.body = ''
      } catch (fault) {
        context.status = 400
        context.body = {
          error: 'invalid_request',
          error_description: fault instanceof Error ? fault.message : 'not a logout token',
        }
      }
    },
    bodyParser({ enableTypes: ['form'], formLimit: '16kb' }),
    async context => {
      const body = context.request.body as { logout_token?: unknown } | undefined
      end(await judge(body?.logout_token))
    },
  ]
}
