import { z } from 'zod'
import type { Credentials } from '../accounts/credential.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import { removable } from '../flows/assurance.ts'
import type { Commit } from '../flows/committing.ts'
import { reliable } from '../flows/standing.ts'
import { type Actor, action, freshFor, type SayTo } from './action.ts'
import { oneLine } from './alert-actions.ts'

interface Services {
  credentials: Credentials
  factors: readonly Factor[]
  commit: Commit
  emit: Emit
}

const leadsTo = '/account/security'
const one = z.object({ credential: z.string().max(100) })
const proved = { assurance: 'strongest', freshFor: freshFor.changes, leadsTo } as const

/** What people do with the credentials that protect their account. */
export function credentialActions({ credentials, factors, commit, emit }: Services) {
  const find = async ({ credential: id }: z.output<typeof one>, { account }: Pick<Actor, 'account'>) => {
    const held = await credentials.of(account.id)
    const credential = held.find(each => each.id === id)
    const factor = factors.find(each => each.id === credential?.factor)
    if (!credential || !factor) throw new Problem('not_found')
    const what = { account: account.id, factor: factor.id, credential: id }
    return { credential, factor, removable: removable(reliable(held, factors), factor), what }
  }
  const named = async (args: z.output<typeof one>, actor: Actor, say: SayTo) => {
    const { credential, factor } = await find(args, actor)
    return { what: credential.label ?? say(`factor.${factor.id}.name`) }
  }
  /** Enrols one more of a factor, or another in the place of the only one. */
  const enrolling = <Id extends 'add' | 'replace'>(act: Id) =>
    action({
      ...proved,
      id: `credential.${act}`,
      args: z.object({ factor: z.string() }),
      check: async ({ factor: id }, { account }) => {
        const factor = factors.find(each => each.id === id)
        if (!factor) throw new Problem('not_offered')
        const own = (await credentials.of(account.id)).filter(each => each.factor === id).length
        if (factor.limit > 1 && own >= factor.limit) throw new Problem('limit_reached')
      },
      enrols: ({ factor }) => factor,
      event: act === 'add' ? 'factor.added' : 'factor.replaced',
      reason: async ({ factor }, _, say) => ({ what: say(`factor.${factor}.name`) }),
      done: async ({ factor }) => ({ key: `factor.${factor}.set` }),
    })

  const about = async (args: z.output<typeof one>, actor: Actor, say: SayTo) => ({
    values: await named(args, actor, say),
  })

  return {
    add: enrolling('add'),
    replace: enrolling('replace'),
    remove: action({
      ...proved,
      id: 'credential.remove',
      args: one,
      check: async (args, actor) => {
        const { removable } = await find(args, actor)
        if (removable === 'last') throw new Problem('last_factor')
        if (removable === 'never') throw new Problem('not_offered')
      },
      loosens: () => true,
      run: async (args, actor) => {
        const { credential, factor, what } = await find(args, actor)
        // What it vouched for goes with it: the account's number, say.
        const vouched = Object.keys(factor.verifiedContact?.(credential.secret) ?? {}).map(name => [name, undefined])
        const events = [{ name: 'factor.removed' as const, data: what }]
        const fields = Object.fromEntries(vouched)
        const wanted = { went: [credential.id], fields, loosens: actor.loosens, events }
        // Of two changes at once, one is committed: nobody removes the last two factors, each for the sake of the other.
        if (!(await commit(actor.account, wanted, actor.visitor))) throw new Problem('conflict')
      },
      endsSessions: { which: 'others', why: 'protection-changed' },
      event: 'factor.removed',
      reason: named,
      done: about,
      confirm: async (args, actor, say) => {
        const { factor } = await find(args, actor)
        const consequences = ['confirm.credential.remove.gone', `factor.${factor.id}.remove`]
        return { ...(await named(args, actor, say)), act: 'act.remove', consequences }
      },
    }),
    rename: action({
      ...proved,
      id: 'credential.rename',
      args: one.extend({ to: oneLine(60).min(1) }),
      check: find,
      run: async ({ to, ...args }, actor) => {
        const { what } = await find(args, actor)
        await credentials.rename(args.credential, to)
        await emit('factor.renamed', what, actor.visitor)
      },
      event: 'factor.renamed',
      reason: named,
      done: async ({ to, ...args }, actor, say) => {
        const { what } = await named(args, actor, say)
        return { values: { to }, undo: { id: 'credential.rename', args: { ...args, to: what } } }
      },
      undoes: true,
    }),
    prefer: action({
      ...proved,
      id: 'credential.prefer',
      args: one,
      check: find,
      run: async (args, actor) => {
        const { what } = await find(args, actor)
        await credentials.prefer(args.credential)
        await emit('factor.preferred', what, actor.visitor)
      },
      event: 'factor.preferred',
      reason: named,
      done: about,
    }),
  }
}
