import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import { agentOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import { choices, field } from './forms.ts'
import type { Services } from './services.ts'
import { type ToldAttribute, toldAttributes } from './told-attributes.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What apps ask for; posts `request` to `/account/approvals/approve`, with an `attribute` for each that the app would be told of, `refuse` and `report`. */
    'account/approvals': {
      waiting: readonly {
        id: string
        app: { name: string; tile: string }
        message: string | undefined
        scopes: readonly string[]
        resources: readonly { name: string; scopes: readonly string[] }[]
        told: readonly ToldAttribute[]
        place: string
        address: string
        at: number
      }[]
    }
  }
}

const home = '/account/approvals'

/** Serves the page where people answer what apps ask while they are elsewhere (CIBA Core 1.0, 8). A mail or a text leads here, and looking changes nothing. */
export function approvalPages(services: Services): void {
  const { router, approvals, words, show, page, requireSession, perform, actions } = services
  const toldOf = toldAttributes(services)
  const listed = async (ctx: Context, account: Account): Promise<void> => {
    const asked = (await approvals.of(account.id)).map(
      async ({ app, agent, address, attributes, acr: _, ...each }) => ({
        ...each,
        app: { name: app.name, tile: app.tile },
        told: await toldOf(ctx, app.id, account, attributes),
        address,
        place: words.whence(ctx.state.locale, { address, agent: agentOf(agent) }).place,
      }),
    )
    const waiting = await Promise.all(asked)
    show.page(ctx, 'account/approvals', { waiting }, { person: { email: account.email } })
  }

  page(home, (ctx, { account }) => listed(ctx, account))

  /** Performs an answer to a request that waits for the person who is signed in. Throws `approval_over`. */
  const answer = (path: string, act: (ctx: Context, person: SignedIn, request: string) => Promise<unknown>) =>
    router.post(path, async ctx => {
      const person = await requireSession(ctx)
      const asked = field(ctx, 'request', 100)
      if (!(await approvals.of(person.account.id)).some(({ id }) => id === asked)) throw new Problem('approval_over')
      await act(ctx, person, asked)
    })
  const { approve, refuse } = actions.approvals
  answer(`${home}/approve`, (ctx, person, request) =>
    perform(ctx, person, approve, { request, attributes: choices(ctx, 'attribute', 100) }),
  )
  answer(`${home}/refuse`, (ctx, person, request) => perform(ctx, person, refuse, { request, reported: false }))
  answer(`${home}/report`, (ctx, person, request) => perform(ctx, person, refuse, { request, reported: true }))
}
