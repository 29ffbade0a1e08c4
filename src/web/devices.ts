import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { requiredField } from './forms.ts'
import type { DeviceLine } from './lines.ts'
import { doorkeeper } from './require-session.ts'
import { seeOther } from './show.ts'
import type { Visit } from './visiting.ts'
import type { Words } from './words.ts'

interface Services {
  accounts: Accounts
  devices: Devices
  sessions: Sessions
  words: Words
  emit: Emit
}

/** The devices that an account trusts, in words, for its page of security. */
export async function trustedDevices(
  ctx: Context,
  { devices, words }: Pick<Services, 'devices' | 'words'>,
  account: Account,
): Promise<DeviceLine[]> {
  const { locale, visitor } = ctx.state
  const all = account.restrictions?.devices === true
  return (await devices.trustedBy(account, all)).map(({ device, agent, address, seenAt, trustedUntil }) => ({
    id: device,
    name: words.device(locale, agent),
    place: words.whence(locale, { address, agent }).place,
    address,
    seenAt,
    until: trustedUntil,
    here: device === visitor.device,
  }))
}

/** Where somebody has a device forgotten: it is asked for a second step again, and is new wherever it signs in next. */
export function devices(services: Services): Router<Visit> {
  const { devices, emit } = services
  const router = new Router<Visit>()
  const { who } = doorkeeper(services)

  router.post('/account/security/forget', async ctx => {
    const { account } = await who(ctx)
    const device = requiredField(ctx, 'device', 100)
    // Where only trusted devices are let in, that would be the way out.
    if (account.restrictions?.devices && device === ctx.state.visitor.device) throw new Problem('shuts_out')
    if (!(await devices.forget(device, account.id))) throw new Problem('not_found')
    await emit('device.forgotten', { account: account.id }, ctx.state.visitor)
    seeOther(ctx, '/account/security')
  })
  return router
}
