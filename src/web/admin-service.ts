import type { KeyShown, SettingInForce } from '../admin/service-operations.ts'
import type { Services } from './services.ts'
import { desk, frame, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** The signing keys by algorithm; `rotates`: the one who looks may rotate them at `/admin/keys/rotate`. */
    'admin/keys': { keys: readonly KeyShown[]; rotates: boolean }
    'admin/settings': { settings: readonly SettingInForce[] }
  }
}

const home = '/admin/keys'

/** Serves the pages where staff see the signing keys and rotate them, and see the settings in force. */
export function adminService(services: Services): void {
  const { admin, show } = services
  const { page, asksFirst } = desk(services)

  page(home, 'admin:keys.read', async (ctx, by) => {
    const { keys } = await admin.perform(admin.keys.list, {}, by)
    show.page(ctx, 'admin/keys', { keys, rotates: by.scopes.has('admin:keys.write') }, frame(by))
  })

  asksFirst(
    `${home}/rotate`,
    'admin:keys.write',
    async (ctx, by) => {
      const { keys } = await admin.perform(admin.keys.list, {}, by)
      const about = [...new Set(keys.map(({ alg }) => alg))].join(', ')
      const button = show.say(ctx.state.locale, 'act.rotate')
      return { act: 'rotate-keys', about, back: home, fields: [], two: false, button }
    },
    ctx => ({
      ...{ operation: 'keys.rotate', given: { reason: reasonOf(ctx) }, next: home, back: ctx.path },
      done: 'rotate-keys',
    }),
  )

  page('/admin/settings', 'admin:settings.read', async (ctx, by) => {
    const { settings } = await admin.perform(admin.settings.list, {}, by)
    show.page(ctx, 'admin/settings', { settings }, frame(by))
  })
}
