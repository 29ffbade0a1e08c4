import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { Credential } from '../accounts/credential.ts'
import type { Factor } from '../factors/factor.ts'
import { guards, removable } from '../flows/assurance.ts'
import { reliable } from '../flows/standing.ts'
import { type CredentialLine, listed, signalsOf } from './account-home.ts'
import { field, requiredField } from './forms.ts'
import { type RestrictionsView, restrictionsOf } from './restrictions-page.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** Posts to `/account/security/<act>`: `add` (`factor`), `rename` (`credential`, `name`), `prefer`, `remove` (`credential`), `phrase`. */
    'account/security': {
      factors: readonly Protector[]
      addable: readonly FactorView[]
      devices: readonly DeviceLine[]
      restrictions: RestrictionsView
      /** The phrase in our mails that the owner chose; empty when there is none. */
      antiPhishingPhrase: string
      /** What the owner has switched on or off, each posted by its name to `/account/security/<name>`. */
      choices: readonly { name: string; on: boolean }[]
      signals: ReturnType<typeof signalsOf>
    }
  }
}

/** A credential, and what its owner may do with it. */
export interface Protector extends CredentialLine {
  /** `change` enrols another in its place. */
  acts: readonly ('change' | 'rename' | 'prefer' | 'remove')[]
  /** Whether it is asked for first. */
  preferred: boolean
}

/** A trusted device in words; forgotten by a post of `device` to `/account/security/forget`. Times in milliseconds since the epoch. */
export type DeviceLine = Awaited<ReturnType<typeof trustedDevices>>[number]

const home = '/account/security'
/** Characters that are read of what was typed. */
const longest = 1_000

/** Shows what protects an account, and takes changes of it. */
export function security(services: Services): void {
  const { router, actions, credentials, factors, show, requireSession, page, perform, post, words, typedBefore } =
    services
  const { add, replace, remove, prefer, rename } = actions.credentials
  const { antiPhishingPhrase, ...alerts } = actions.alerts
  const chosen = Object.values(alerts).flatMap(each => (each.choice ? [{ act: each, ...each.choice }] : []))
  const factorOf = ({ factor }: Credential) => factors.find(({ id }) => id === factor)

  page(home, async (ctx, person) => {
    const { account } = person
    const typed = await typedBefore(ctx, person, antiPhishingPhrase)
    const { id, email, antiPhishingPhrase: phrase } = account
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
        ...(removable(reliable(held, factors), factor) === 'yes' ? ['remove' as const] : []),
      ]
      return { ...each, acts, preferred: chosen && guards(factor) }
    })
    const addable = factors.filter(each => (guards(each) || count(each) === 0) && count(each) < each.limit)
    const locals = {
      factors: protectors,
      addable: addable.map(({ id }) => ({ id })),
      devices: await trustedDevices(ctx, services, account),
      restrictions: restrictionsOf(ctx.state.locale, words, account),
      antiPhishingPhrase: typed?.to ?? phrase ?? '',
      choices: chosen.flatMap(({ name, of }) => {
        const on = of(account)
        return on === undefined ? [] : [{ name, on }]
      }),
      signals: signalsOf(services, account, protectors),
    }
    show.page(ctx, 'account/security', locals, { person: { email } })
  })

  router.post(`${home}/add`, async ctx => {
    const person = await requireSession(ctx)
    const factor = field(ctx, 'factor', 40)
    const held = await credentials.of(person.account.id)
    const replaces =
      held.some(each => each.factor === factor) && factors.some(each => each.id === factor && each.limit === 1)
    await perform(ctx, person, replaces ? replace : add, { factor })
  })

  const credential = (ctx: Context) => requiredField(ctx, 'credential', 100)
  post(`${home}/remove`, remove, ctx => ({ credential: credential(ctx) }))
  post(`${home}/prefer`, prefer, ctx => ({ credential: credential(ctx) }))
  post(`${home}/rename`, rename, ctx => ({
    credential: credential(ctx),
    to: requiredField(ctx, 'name', longest),
  }))
  for (const { act, name } of chosen)
    post(`${home}/${name}`, act, ctx => ({ on: requiredField(ctx, name, 10) === 'on' }))
  post(`${home}/phrase`, antiPhishingPhrase, ctx => ({ to: requiredField(ctx, 'phrase', longest) }))
  post(`${home}/forget`, actions.sessions.forgetDevice, ctx => ({ device: requiredField(ctx, 'device', 100) }))
}

/** Returns the devices that an account trusts, in words; with `all` also those whose trust has ended. */
export async function trustedDevices(
  ctx: Context,
  { devices, words }: Pick<Services, 'devices' | 'words'>,
  account: Account,
  all = account.restrictions?.devices === true,
) {
  const { locale, visitor } = ctx.state
  return (await devices.trustedBy(account, all)).map(({ device, agent, address, seenAt, trustedUntil }) => ({
    id: device,
    name: words.device(locale, agent),
    place: words.whence(locale, { address, agent }).place,
    address,
    seenAt,
    /** When it asks for a second step again; undefined where it does already. */
    until: trustedUntil,
    /** Whether this page is seen on it. */
    here: device === visitor.device,
  }))
}
