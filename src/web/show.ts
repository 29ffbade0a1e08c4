import type { Context } from 'koa'
import { type Problem, type Refusal, wordsOf } from '../errors.ts'
import type { Frame, Pages } from './pages.ts'
import type { Locale, PhraseKey, Phrases, PhraseValues } from './phrases.ts'
import type { Locals, Render } from './render.ts'

/** Answers a request with a page in the visitor's language. */
export interface Show {
  page<Name extends keyof Pages>(ctx: Context, name: Name, locals: Pages[Name], frame?: Partial<Frame>): void
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
  return {
    page: (ctx, name, locals, frame = {}) => {
      const { locale } = ctx.state
      ctx.type = 'html'
      ctx.set('Content-Language', locale)
      ctx.body = render(name, { ...frame, ...locals, locale } as Locals<typeof name>)
    },
    say: (locale, key, values) => phrases.t(locale as Locale, key as PhraseKey, values),
    problem: (ctx, problem) => {
      ctx.state.refusal = refusalOf(problem)
      return {
        code: problem.code,
        field: problem.field,
        credential: problem.values.credential?.toString(),
        text: phrases.problem(ctx.state.locale, problem),
      }
    },
    refusal: ctx => (reasons ? ctx.state.refusal : undefined),
  }
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
