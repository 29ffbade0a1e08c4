import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { Credential } from '../accounts/credential.ts'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import { guards, removable } from '../flows/assurance.ts'
import { reauthentication } from '../flows/standing.ts'
import type { Risk } from '../risk/weigh.ts'
import { type Credential as CredentialView, listed } from './account-home.ts'
import { changing, home } from './changing.ts'
import { field, requiredField } from './forms.ts'
import type { Words } from './phrases.ts'
import { type RestrictionsView, restrictions, restrictionsOf } from './restrictions-page.ts'
import { seeOther } from './show.ts'
import { doorkeeper, type Visit } from './visit.ts'

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

/** The longest name of a credential, the longest words that owner and mails share, and what is read of either, in characters. */
const longest = { name: 60, phrase: 60, typed: 1_000 }

type Services = Parameters<typeof changing>[0] & {
  devices: Devices
  risk: Risk
  words: Words
  emit: Emit
  /** The relying party's id of passkeys: the issuer's host name. */
  rpId: string
}

/** What protects an account, to see and to change. Every change asks for a fresh proof of the strongest factor held. */
export function security(services: Services): Router<Visit> {
  const { credentials, factors, show, rpId, now } = services
  const router = new Router<Visit>()
  const { who, page } = doorkeeper(services)
  const { fresh, begin, change } = changing(services)
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
    const asked = field(ctx, 'factor', 40)
    const factor = factors.find(({ id }) => id === asked)
    if (!factor) throw new Problem('not_offered')
    const held = await credentials.of(person.account.id)
    const own = held.filter(each => each.factor === factor.id).length
    if (factor.limit > 1 && own >= factor.limit) throw new Problem('limit_reached')
    const { locale } = ctx.state
    const what = show.say(locale, `factor.${factor.id}.name`)
    const reason = show.say(locale, own > 0 && factor.limit === 1 ? 'reason.change' : 'reason.add', { what })
    const proved = fresh(person.session, held)
    const reauthenticated = proved
      ? { reauthenticatedUntil: now() + reauthentication, reauthenticatedBy: person.session.acr }
      : {}
    await begin(ctx, person, { purpose: 'add', add: factor.id, ...reauthenticated, reason })
  })

  const named = (ctx: Context) => requiredField(ctx, 'credential', 100)
  router.post(`${home}/remove`, ctx => change(ctx, { does: 'remove', credential: named(ctx) }))
  router.post(`${home}/prefer`, ctx => change(ctx, { does: 'prefer', credential: named(ctx) }))
  router.post(`${home}/rename`, ctx => {
    const to = oneLine(requiredField(ctx, 'name', longest.typed), longest.name)
    if (to === '') throw new Problem('malformed')
    return change(ctx, { does: 'rename', credential: named(ctx), to })
  })
  router.post(`${home}/texts`, ctx => change(ctx, { does: 'texts', on: requiredField(ctx, 'texts', 10) === 'on' }))
  router.post(`${home}/phrase`, ctx =>
    change(ctx, { does: 'phrase', to: oneLine(requiredField(ctx, 'phrase', longest.typed), longest.phrase) }),
  )

  restrictions(router, { ...services, change })
  return router
}

/** What was typed, in one line and not too long. */
function oneLine(text: string, longest: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return [...plain].slice(0, longest).join('')
}

/** The devices that an account trusts, in words, for its page of security. */
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

/** Where somebody has a device forgotten: it is asked for a second step again, and is new wherever it signs in next. */
export function devices(services: Pick<Services, 'accounts' | 'devices' | 'sessions' | 'emit'>): Router<Visit> {
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
