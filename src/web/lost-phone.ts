import { removable } from '../flows/assurance.ts'
import { reliable } from '../flows/standing.ts'
import { listed, olderThanTheCode } from './account-home.ts'
import { lostPhonePath } from './finishing.ts'
import { wayBack } from './flow-start.ts'
import { localPath, queryField } from './forms.ts'
import { type DeviceLine, type Protector, trustedDevices } from './security.ts'
import type { Services } from './services.ts'
import { type SessionLine, sessionLines } from './sessions-page.ts'

declare module './pages.ts' {
  interface Pages {
    /**
     * What a phone that is gone may still be good for. Its forms post to `/account/security/remove`, `/account/security/forget`,
     * `/account/sessions/end` and `/account/sessions/end-others`, with `back`, which leads here again.
     */
    'account/lost-phone': {
      /** What was set up before the last recovery code was used. */
      credentials: readonly Protector[]
      devices: readonly DeviceLine[]
      sessions: readonly SessionLine[]
      back: string
      /** Where to go on, and the app that waits there. */
      next: string
      app: string | undefined
    }
  }
}

/** Shows people who used a recovery code what is left of what they lost: older sign-in methods, devices and sessions. */
export function lostPhone(services: Services): void {
  const { factors, page, show } = services
  page(lostPhonePath, async (ctx, { account, session }) => {
    const next = localPath(queryField(ctx, 'next', 2_000)) ?? '/account'
    const held = await listed(services, account.id)
    const kinds = reliable(await services.credentials.of(account.id), factors)
    const credentials = olderThanTheCode(services, held).map((each): Protector => {
      const factor = factors.find(({ id }) => id === each.factor.id)
      const goes = factor !== undefined && removable(kinds, factor) === 'yes'
      return { ...each, acts: goes ? ['remove'] : [], preferred: false }
    })
    const { current } = await sessionLines(ctx, services, account.id, session.uid)
    const locals = {
      credentials,
      devices: await trustedDevices(ctx, services, account, true),
      sessions: current,
      back: `${lostPhonePath}?next=${encodeURIComponent(next)}`,
      next,
      app: next.startsWith('/interaction/') ? wayBack(ctx)?.name : undefined,
    }
    show.page(ctx, 'account/lost-phone', locals, { person: { email: account.email } })
  })
}
