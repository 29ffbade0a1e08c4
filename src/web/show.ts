import type { Context } from 'koa'
import { type Problem, type Refusal, wordsOf } from '../errors.ts'
import type { Frame, Pages } from './pages.ts'
import type { Locale, PhraseKey, Phrases, PhraseValues } from './phrases.ts'
import type { Locals, Render } from './render.ts'

/** What a page stands in, where that is not as usual. A problem of its form decides the status, and when to try again (Retry-After). */
type Surrounding = Partial<Omit<Frame, 'problem'>> & { problem?: Problem | undefined }

/** Answers a request with a page in the visitor's language. */
export interface Show {
  page<Name extends keyof Pages>(ctx: Context, name: Name, locals: Pages[Name], frame?: Surrounding): void
  /** A phrase by its key, where no page is shown. */
  say(locale: string, key: string, values?: PhraseValues): string
  /** A Problem in words, as pages and programs are told it. */
  problem(ctx: Context, problem: Problem): NonNullable<Frame['problem']>
  /** Why a request was refused, where pages may say so: in development. */
  refusal(ctx: Context): Refusal | undefined
}

/** Makes the one way in which pages are answered. */
export function shower({
  render,
  phrases,
  reasons = false,
}: {
  render: Render
  phrases: Phrases
  /** Pages say why a request was refused: what builders want to know, and attackers, too. */
  reasons?: boolean
}): Show {
  const worded: Show['problem'] = (ctx, problem) => {
    ctx.state.refusal = refusalOf(problem)
    return {
      code: problem.code,
      field: problem.field,
      credential: problem.values.credential?.toString(),
      text: phrases.problem(ctx.state.locale, problem),
    }
  }
  return {
    page: (ctx, name, locals, { problem, ...frame } = {}) => {
      const { locale } = ctx.state
      if (problem) refused(ctx, problem)
      ctx.type = 'html'
      ctx.set('Content-Language', locale)
      const told = problem && { problem: worded(ctx, problem) }
      ctx.body = render(name, { ...frame, ...told, ...locals, locale } as Locals<typeof name>)
    },
    say: (locale, key, values) => phrases.t(locale as Locale, key as PhraseKey, values),
    problem: worded,
    refusal: ctx => (reasons ? ctx.state.refusal : undefined),
  }
}

/** Gives an answer the status of a Problem, and says when to try again (RFC 9110, 10.2.3). */
export function refused(ctx: Context, { status, retryAfter }: Problem): void {
  ctx.status = status
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
}

/** A Problem as the log is told it: people's pages take what is about people, so nothing of what they sent is in it. */
export function refusalOf({ code, field, cause }: Problem): Refusal {
  return {
    error: code,
    parameter: field,
    why: cause === undefined ? undefined : wordsOf(cause).replace(/\d{6,}/g, '…'),
  }
}

/** Answers a post, or a page that has moved on, with the next page. */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}
