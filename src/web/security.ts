import Router from '@koa/router'
import type { Context } from 'koa'
import type { Credential } from '../accounts/credential.ts'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Factor } from '../factors/factor.ts'
import { guards, removable } from '../flows/assurance.ts'
import { reauthentication } from '../flows/standing.ts'
import type { Risk } from '../risk/weigh.ts'
import { listed } from './account-home.ts'
import type { Protector } from './account-pages.ts'
import { changing, home } from './changing.ts'
import { trustedDevices } from './devices.ts'
import { field, requiredField } from './forms.ts'
import { doorkeeper } from './require-session.ts'
import { restrictions, restrictionsOf } from './restrictions-page.ts'
import type { Visit } from './visiting.ts'
import type { Words } from './words.ts'

/** The longest name of a credential, the longest words that owner and mails share, and what is read of either, in characters. */
const longest = { name: 60, phrase: 60, typed: 1_000 }

type Services = Parameters<typeof changing>[0] & {
  devices: Devices
  risk: Risk
  words: Words
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
    const { id, email, phrase, texts } = account
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
      phrase: phrase ?? '',
      texts: held.some(each => factorOf(each)?.channel === 'sms') ? texts === true : undefined,
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
    const vouched = proved ? { vouched: now() + reauthentication, vouchedBy: person.session.acr } : {}
    await begin(ctx, person, { purpose: 'add', add: factor.id, ...vouched, reason })
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
