import type { Context } from 'koa'
import type { Origin } from '../events.ts'
import { deviceCookie, deviceId, isDevice } from './device.ts'

/** Where a request came from. */
export function originOf(ctx: Pick<Context, 'ip' | 'get' | 'cookies' | 'secure' | 'state'>): Origin {
  const device = ctx.cookies.get(deviceCookie(ctx.secure))
  return {
    address: ctx.ip,
    agent: ctx.get('User-Agent').slice(0, 300) || undefined,
    ...(typeof ctx.state.request === 'string' && { request: ctx.state.request }),
    ...(isDevice(device) && { device: deviceId(device) }),
  }
}
