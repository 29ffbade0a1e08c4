import { z } from 'zod'
import type { Accounts } from '../accounts/account.ts'
import type { Agent, Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { Oidc } from '../oidc/provider.ts'
import { type Actor, action, freshFor, type SayTo } from './action.ts'

interface Services {
  accounts: Pick<Accounts, 'raiseStamp'>
  /** Resolves to an app's name by its client id. */
  appName: (client: string) => Promise<string | undefined>
  sessions: Pick<Sessions, 'endOne'>
  devices: Pick<Devices, 'forget' | 'restore' | 'trustedBy'>
  consents: {
    list(account: string): Promise<readonly { client: string; attributes: readonly string[] }[]>
    withhold(account: string, client: string, attribute: string): Promise<boolean>
  }
  /** Returns what the operator calls an attribute, in a language. */
  attributeName: (locale: string, attribute: string) => string | undefined
  words: { device(locale: string, agent: Agent): string }
  revokeApp: Oidc['revokeApp']
  emit: Emit
}

// To take access away must be easy, and gives nobody anything: a session is enough.
const open = { assurance: 'session', freshFor: freshFor.session } as const

/** How people take back access: from sessions, from devices that they trusted, from apps. */
export function sessionActions(services: Services) {
  const { accounts, appName, attributeName, consents, sessions, devices, words, revokeApp, emit } = services
  const called = (attribute: string, { ctx }: Pick<Actor, 'ctx'>, say: SayTo): string =>
    attribute === 'roles' ? say('told.roles') : (attributeName(ctx.state.locale, attribute) ?? attribute)
  const nameOf = async (device: string, { account, ctx }: Pick<Actor, 'account' | 'ctx'>) => {
    const found = (await devices.trustedBy(account, true)).find(each => each.device === device)
    if (!found) throw new Problem('not_found')
    return words.device(ctx.state.locale, found.agent)
  }
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
    signOutEverywhere: action({
      ...open,
      id: 'account.sign-out-everywhere',
      args: z.object({}),
      // From here on all sessions of the account are void, and so are sign-ins under way.
      run: async (_, { account }) => void (await accounts.raiseStamp(account.id, account.securityStamp)),
      endsSessions: { which: 'all', why: 'signed-out' },
      event: 'session.ended',
      confirm: async (_, { account }) => {
        const consequences = ['apps', 'under-way', 'keys'].map(each => `confirm.account.sign-out-everywhere.${each}`)
        return { what: account.email, act: 'act.sign-out-everywhere', consequences, back: '/account/sessions' }
      },
      leadsTo: '/signed-out/everywhere',
    }),
    forgetDevice: action({
      ...open,
      id: 'device.forget',
      args: z.object({ device: z.string() }),
      check: async ({ device }, { account, visitor }) => {
        // Where only trusted devices are let in, that would be the way out.
        if (account.restrictions?.devices && device === visitor.device) throw new Problem('shuts_out')
      },
      run: async ({ device }, { account, session, visitor }) => {
        if (!(await devices.forget(device, account.id, session))) throw new Problem('not_found')
        await emit('device.forgotten', { account: account.id }, visitor)
      },
      event: 'device.forgotten',
      done: async ({ device }, actor) => ({
        values: { what: await nameOf(device, actor) },
        undo: { id: 'device.restore', args: { device } },
      }),
      confirm: async ({ device }, { account, ctx }) => {
        const what = await nameOf(device, { account, ctx })
        const only = account.restrictions?.devices ? ['confirm.device.forget.only'] : []
        const consequences = ['confirm.device.forget.asks', ...only, 'confirm.device.forget.stays']
        return { what, act: 'act.forget', consequences }
      },
      leadsTo: '/account/security',
    }),
    /** Undoes that a device was forgotten, a few minutes later at most, and only in the session that forgot it: it makes nobody trusted who was not. */
    restoreDevice: action({
      ...open,
      id: 'device.restore',
      args: z.object({ device: z.string() }),
      run: async ({ device }, { account, session, visitor }) => {
        if (!(await devices.restore(device, account.id, session))) throw new Problem('not_found')
        await emit('device.trusted', { account: account.id }, visitor)
      },
      undoes: true,
      event: 'device.trusted',
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
      done: async ({ client }) => ({ values: { what: (await appName(client)) ?? client } }),
      confirm: async ({ client }, { account }) => {
        if (!(await consents.list(account.id)).some(each => each.client === client)) throw new Problem('not_found')
        const consequences = ['signed-out', 'keeps', 'again'].map(each => `confirm.app.revoke.${each}`)
        return { what: (await appName(client)) ?? client, act: 'act.revoke', consequences }
      },
      leadsTo: '/account/apps',
    }),
    /** An app that is told less keeps all else that it may do; where it is not used without, it can ask again. */
    withholdAttribute: action({
      ...open,
      id: 'app.withhold',
      args: z.object({ client: z.string(), attribute: z.string() }),
      run: async ({ client, attribute }, { account, visitor }) => {
        if (!(await consents.withhold(account.id, client, attribute))) throw new Problem('not_found')
        await emit('consent.narrowed', { account: account.id, client, attribute }, visitor)
      },
      event: 'consent.narrowed',
      done: async ({ attribute }, actor, say) => ({ values: { what: called(attribute, actor, say) } }),
      confirm: async ({ client, attribute }, actor, say) => {
        const held = (await consents.list(actor.account.id)).find(each => each.client === client)
        if (!held?.attributes.includes(attribute)) throw new Problem('not_found')
        const consequences = ['next', 'keeps', 'again'].map(each => `confirm.app.withhold.${each}`)
        return { what: called(attribute, actor, say), act: 'act.withhold', consequences }
      },
      leadsTo: '/account/apps',
    }),
  }
}
