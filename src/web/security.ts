import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { Credential } from '../accounts/credential.ts'
import type { Devices } from '../accounts/device.ts'
import type { Factor } from '../factors/factor.ts'
import { guards, removable } from '../flows/assurance.ts'
import { type Credential as CredentialView, listed } from './account-home.ts'
import { field, requiredField } from './forms.ts'
import type { Words } from './phrases.ts'
import { type RestrictionsView, restrictions, restrictionsOf } from './restrictions-page.ts'
import { stepUp } from './step-up.ts'
import { requireSession, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Posts to `/account/security/<act>`: `add` (`factor`), `rename` (`credential`, `name`), `prefer`, `remove` (`credential`), `phrase`, `texts` (`on` or `off`). */
    'account/security': {
      factors: readonly Protector[]
      addable: readonly FactorView[]
      devices: readonly DeviceLine[]
      restrictions: RestrictionsView
      /** The owner's words in our mails; empty when there are none. */
      antiPhishingPhrase: string
      /** Are they texted, too? Undefined where there is no number. */
      smsAlerts: boolean | undefined
      /** What password managers are told, so that they keep no passkey that is gone (WebAuthn Level 3, 5.1.10). */
      signals: { rpId: string; user: string; name: string; passkeys: readonly string[] }
    }
  }
}

/** A credential, and what its owner may do with it. */
export interface Protector extends CredentialView {
  /** `change` enrols another in its place. */
  acts: readonly ('change' | 'rename' | 'prefer' | 'remove')[]
  /** It is asked for first. */
  preferred: boolean
}

/** A trusted device in words; forgotten by a post of `device` to `/account/security/forget`. Times in milliseconds since the epoch. */
interface DeviceLine {
  id: string
  name: string
  place: string
  address: string
  seenAt: number
  /** When it asks for a second step again; undefined where it does already. */
  until: number | undefined
  /** It is the one that this page is seen on. */
  here: boolean
}

const home = '/account/security'
/** Characters that are read of what was typed. */
const longest = 1_000

type Services = Parameters<typeof stepUp>[0] &
  Parameters<typeof listed>[0] & {
    devices: Devices
    words: Words
    /** The relying party's id of passkeys: the issuer's host name. */
    rpId: string
  }

/** Shows what protects an account, and takes changes of it. */
export function security(services: Services): Router<Visit> {
  const { actions, credentials, factors, show, rpId } = services
  const router = new Router<Visit>()
  const { who, page } = requireSession(services)
  const { perform, post } = stepUp(services)
  const { add, replace, remove, prefer, rename } = actions.credentials
  const { smsAlerts, antiPhishingPhrase } = actions.alerts
  const factorOf = ({ factor }: Credential) => factors.find(({ id }) => id === factor)

  page(router, home, async (ctx, { account }) => {
    const { id, email, antiPhishingPhrase, smsAlerts } = account
    const held = await credentials.of(id)
    const kinds = held.flatMap(each => factorOf(each) ?? [])
    const count = (factor: Factor) => kinds.filter(each => each === factor).length
    const ways = kinds.filter(guards)
    const preferred = [...held].sort((a, b) => (b.preferredAt ?? 0) - (a.preferredAt ?? 0))[0]
    const protectors = (await listed(services, id)).map((each): Protector => {
      const factor = factors.find(({ id }) => id === each.factor.id)
      if (!factor) return { ...each, acts: [], preferred: false }
      const chosen = preferred?.preferredAt !== undefined && preferred.factor === factor.id
      const choice = guards(factor) && ways.some(other => other !== factor) && !chosen
      const acts = [
        ...(factor.limit === 1 ? ['change' as const] : []),
        ...(guards(factor) ? ['rename' as const] : []),
        ...(choice ? ['prefer' as const] : []),
        ...(removable(kinds, factor) === 'yes' ? ['remove' as const] : []),
      ]
      return { ...each, acts, preferred: chosen && guards(factor) }
    })
    const addable = factors.filter(each => (guards(each) || count(each) === 0) && count(each) < each.limit)
    const locals = {
      factors: protectors,
      addable: addable.map(({ id }) => ({ id })),
      devices: await trustedDevices(ctx, services, account),
      restrictions: restrictionsOf(ctx.state.locale, services.words, account),
      antiPhishingPhrase: antiPhishingPhrase ?? '',
      smsAlerts: held.some(each => factorOf(each)?.channel === 'sms') ? smsAlerts === true : undefined,
      signals: { rpId, user: id, name: email, passkeys: held.flatMap(({ lookup }) => lookup ?? []) },
    }
    show.page(ctx, 'account/security', locals, { person: { email } })
  })

  router.post(`${home}/add`, async ctx => {
    const person = await who(ctx)
    const factor = field(ctx, 'factor', 40)
    const held = await credentials.of(person.account.id)
    const replaces =
      held.some(each => each.factor === factor) && factors.some(each => each.id === factor && each.limit === 1)
    await perform(ctx, person, replaces ? replace : add, { factor })
  })

  const credential = (ctx: Context) => requiredField(ctx, 'credential', 100)
  post(router, `${home}/remove`, remove, ctx => ({ credential: credential(ctx) }))
  post(router, `${home}/prefer`, prefer, ctx => ({ credential: credential(ctx) }))
  post(router, `${home}/rename`, rename, ctx => ({
    credential: credential(ctx),
    to: requiredField(ctx, 'name', longest),
  }))
  post(router, `${home}/texts`, smsAlerts, ctx => ({ on: requiredField(ctx, 'texts', 10) === 'on' }))
  post(router, `${home}/phrase`, antiPhishingPhrase, ctx => ({ to: requiredField(ctx, 'phrase', longest) }))
  post(router, `${home}/forget`, actions.sessions.forgetDevice, ctx => ({ device: requiredField(ctx, 'device', 100) }))

  restrictions(router, services)
  return router
}

/** Returns the devices that an account trusts, in words. */
async function trustedDevices(
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
