import { z } from 'zod'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { Oidc } from '../oidc/provider.ts'
import { action, freshFor } from './action.ts'

interface Services {
  sessions: Pick<Sessions, 'endOne'>
  devices: Pick<Devices, 'forget'>
  revokeApp: Oidc['revokeApp']
  emit: Emit
}

// To take access away must be easy, and gives nobody anything: a session is enough.
const open = { assurance: 'session', freshFor: freshFor.session } as const

/** How people take back access: from sessions, from devices that they trusted, from apps. */
export function sessionActions({ sessions, devices, revokeApp, emit }: Services) {
  return {
    end: action({
      ...open,
      id: 'session.end',
      args: z.object({ session: z.string() }),
      run: async ({ session }, { ctx }) => {
        if (!(await sessions.endOne(ctx, session, 'ended'))) throw new Problem('not_found')
      },
      event: 'session.ended',
      leadsTo: '/account/sessions',
    }),
    endOthers: action({
      ...open,
      id: 'session.end-others',
      args: z.object({}),
      run: async () => {},
      endsSessions: { which: 'others', why: 'ended' },
      event: 'session.ended',
      leadsTo: '/account/sessions',
    }),
    forgetDevice: action({
      ...open,
      id: 'device.forget',
      args: z.object({ device: z.string() }),
      check: async ({ device }, { account, visitor }) => {
        // Where only trusted devices are let in, that would be the way out.
        if (account.restrictions?.devices && device === visitor.device) throw new Problem('shuts_out')
      },
      run: async ({ device }, { account, visitor }) => {
        if (!(await devices.forget(device, account.id))) throw new Problem('not_found')
        await emit('device.forgotten', { account: account.id }, visitor)
      },
      event: 'device.forgotten',
      leadsTo: '/account/security',
    }),
    revokeApp: action({
      ...open,
      id: 'app.revoke',
      args: z.object({ client: z.string() }),
      run: async ({ client }, { account, visitor }) => {
        if (!(await revokeApp(account.id, client, visitor))) throw new Problem('not_found')
      },
      event: 'consent.revoked',
      leadsTo: '/account/apps',
    }),
  }
}
