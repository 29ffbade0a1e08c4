import type { Context } from 'koa'
import type { Case } from '../account-recovery/cases.ts'
import { most } from '../account-recovery/identity-documents.ts'
import { Problem } from '../errors.ts'
import { field, fieldsAhead, submit, upload } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks for an identity check; posts `email`, and `contact` if the person can be reached at another address. */
    'recovery/identity': { email: string; contact: string }
    /** Shows the address as typed; the same for every address. */
    'recovery/asked': { to: string }
    /** Takes `story` and up to `most` files `documents` of so many megabytes each, as multipart, to `action`. */
    'recovery/documents': { action: string; story: string; most: number; megabytes: number }
    /** How a case stands; once it is ready, a post to `action` mails the link again. */
    'recovery/case': { number: string; stage: CaseStage; until: number; action: string }
    /** The owner stops it by a post to `action`. */
    'recovery/cancel': { action: string; number: string; at: number }
    /** Somebody objects to it from an address that is new to the account, by a post to `action`; and what follows. */
    'recovery/dispute': { action: string; number: string; at: number }
    'recovery/disputed': Record<never, never>
    /** `notMe` is the page that locks the account. */
    'recovery/cancelled': { notMe: string }
    /** Begins to set everything up afresh, by a post to `action`. */
    'recovery/afresh': { action: string }
  }
}

/** How a case stands, for the person who asked. */
type CaseStage = 'waiting' | 'granted' | 'ready' | 'done' | 'closed'

/** Returns what people see of a case. Refused and cancelled look alike: a stranger must not learn that there is an owner who said no. */
function stageOf({ state, until = 0 }: Case, now: number): CaseStage {
  if (state === 'draft') throw new Problem('not_found')
  if (state === 'done') return 'done'
  if (state === 'refused' || state === 'cancelled') return 'closed'
  if (state !== 'granted') return 'waiting'
  return until > now ? 'granted' : 'ready'
}

/** Serves the identity check for people who have lost everything, and the page where the account's owner stops it. */
export function identity({ router, submissions, disowning, show, now, beginFlow }: Services): void {
  router.get('/recover/identity', ctx => show.page(ctx, 'recovery/identity', { email: '', contact: '' }))
  router.post('/recover/identity', async ctx => {
    const typed = { email: field(ctx, 'email', 320), contact: field(ctx, 'contact', 320) }
    const { locale, visitor } = ctx.state
    await submit(
      async () => {
        await submissions.ask(typed, locale, visitor)
        show.page(ctx, 'recovery/asked', { to: typed.contact.trim() || typed.email })
      },
      problem => show.page(ctx, 'recovery/identity', typed, { problem }),
    )
  })

  const documents = (ctx: Context, story: string, problem?: Problem): void => {
    const locals = { action: ctx.path, story, most: most.documents, megabytes: most.bytes / 1024 / 1024 }
    show.page(ctx, 'recovery/documents', locals, { problem })
  }
  const status = (ctx: Context, found: Case, problem?: Problem): void => {
    const locals = {
      number: found.id,
      stage: stageOf(found, now()),
      until: found.until ?? 0,
      action: `${path(ctx)}/again`,
    }
    show.page(ctx, 'recovery/case', locals, { problem })
  }
  const path = (ctx: Context) => `/recover/identity/${ctx.params.bearer}`

  router.get('/recover/identity/:bearer', async ctx => {
    const found = await submissions.look(ctx.params.bearer ?? '')
    if (found.state === 'draft') documents(ctx, '')
    else status(ctx, found)
  })
  router.post('/recover/identity/:bearer', async ctx => {
    const { bearer = '' } = ctx.params
    const filled: Record<string, string> = {}
    let read = false
    await submit(
      async () => {
        await submissions.send(bearer, ctx.state.visitor, async keep => {
          read = true
          await upload(ctx, { files: most.documents, bytes: most.bytes }, filled, keep)
          return { story: filled.story ?? '' }
        })
        seeOther(ctx, path(ctx))
      },
      async problem => {
        const { story = '' } = read ? filled : await fieldsAhead(ctx)
        documents(ctx, story, problem)
      },
    )
  })
  router.post('/recover/identity/:bearer/again', async ctx => {
    const found = await submissions.look(ctx.params.bearer ?? '')
    await submit(
      async () => {
        await submissions.remind(ctx.params.bearer ?? '')
        seeOther(ctx, path(ctx))
      },
      problem => status(ctx, found, problem),
    )
  })

  router.get('/recover/cancel/:bearer', async ctx => {
    const { found, dispute } = await submissions.contested(ctx.params.bearer ?? '')
    const page = dispute ? 'recovery/dispute' : 'recovery/cancel'
    show.page(ctx, page, { action: ctx.path, number: found.id, at: found.createdAt })
  })
  router.post('/recover/cancel/:bearer', async ctx => {
    const stopped = await submissions.cancel(ctx.params.bearer ?? '', ctx.state.visitor)
    if (stopped.disputed) return show.page(ctx, 'recovery/disputed', {})
    show.page(ctx, 'recovery/cancelled', { notMe: `/not-me/${await disowning.link(stopped)}` })
  })

  router.get('/recover/afresh/:bearer', async ctx => {
    if (!(await submissions.ready(ctx.params.bearer ?? ''))) throw new Problem('link_expired')
    show.page(ctx, 'recovery/afresh', { action: ctx.path })
  })
  router.post('/recover/afresh/:bearer', async ctx => {
    const { account, found } = await submissions.open(ctx.params.bearer ?? '')
    const moves = found.contact !== account.email
    const { id, securityStamp } = account
    const email = moves ? found.contact : account.email
    await beginFlow(ctx, { purpose: 'recover', account: id, securityStamp, email, case: found.id, moves })
  })
}
