import { Readable } from 'node:stream'
import Router from '@koa/router'
import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { Belongings } from '../accounts/belongings.ts'
import type { Receipts } from '../accounts/receipt.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Approved } from '../flows/approval-statement.ts'
import type { Activity } from '../observers/activity.ts'
import { changing } from './changing.ts'
import { field, queryField } from './forms.ts'
import { concluded } from './sign-in.ts'
import { doorkeeper, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What there is to take along; posts `attempt`, the proof that was given for it, to itself. */
    'account/data': { attempt: string }
  }
}

/** How many copies one account may be given, in how long a time in milliseconds: each reads all that there is. */
const copies = { tries: 5, window: 24 * 3_600_000 }
const path = '/account/data'

type Services = Parameters<typeof changing>[0] &
  Parameters<typeof concluded>[1] & {
    belongings: Belongings
    receipts: Receipts<Approved>
    activity: Activity
    throttle: Throttle
    emit: Emit
    issuer: string
  }

/** Where somebody takes along all that is kept of them (GDPR, articles 15 and 20), after a proof of their strongest factor. */
export function data(services: Services): Router<Visit> {
  const { credentials, flows, belongings, receipts, activity, throttle, emit, issuer, show, now } = services
  const router = new Router<Visit>()
  const { page, who } = doorkeeper(services)
  const { fresh, change } = changing(services)

  page(router, path, (ctx, { account: { email } }) => {
    const attempt = queryField(ctx, 'attempt', 100) ?? ''
    show.page(ctx, 'account/data', { attempt }, { person: { email } })
  })

  router.post(path, async ctx => {
    const { account, session } = await who(ctx)
    const attempt = field(ctx, 'attempt', 100)
    if (attempt !== '') await proved(ctx, account, session.uid, attempt)
    else if (!fresh(session, await credentials.of(account.id))) return change(ctx, { does: 'export' })
    await throttle.ration('data', account.id, copies)
    await emit('data.exported', { account: account.id }, ctx.state.visitor)
    ctx.attachment('latchkey-data.json')
    ctx.type = 'json'
    // Read as fast as it is taken, and no faster.
    ctx.body = Readable.from(copyOf(account))
  })

  /** Uses up a proof that was given for one copy. Throws `attempt_expired`. */
  const proved = async (ctx: Context, { id }: Account, session: string, attempt: string): Promise<void> => {
    const found = await flows.get(attempt, ctx.state.visitor.device)
    const theirs = found.account === id && found.session === session
    if (!found.done || found.change?.does !== 'export' || !theirs) throw new Problem('attempt_expired')
    await concluded(ctx, services, found)
  }

  async function* copyOf({ id }: Account): AsyncGenerator<string> {
    yield `{"issuer":${JSON.stringify(issuer)},"made":${JSON.stringify(new Date(now()).toISOString())}`
    for (const { name, documents } of belongings.of(id)) yield* list(name, documents)
    yield* list('receipts', await receiptsOf(id))
    yield* list('activity', entriesOf(id))
    yield '}\n'
  }

  const receiptsOf = async (account: string) =>
    (await receipts.of(account)).map(({ id, client, at, content }) => ({
      ...{ id, client, at: new Date(at).toISOString() },
      ...content,
    }))

  async function* entriesOf(id: string) {
    for await (const { sequence, at, name, data, origin } of activity.all(id, {}))
      yield { sequence, at: new Date(at).toISOString(), event: name, data, origin }
  }
  return router
}

/** A member of an object: a list, one entry a line. */
async function* list(name: string, entries: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<string> {
  let before = `,\n${JSON.stringify(name)}:[`
  for await (const entry of entries) {
    yield `${before}\n${JSON.stringify(entry)}`
    before = ','
  }
  yield before === ',' ? '\n]' : `${before}]`
}
