import type { Context } from 'koa'
import type { Problem } from '../errors.ts'
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
}

/** Makes the one way in which pages are answered. */
export function shower({ render, phrases }: { render: Render; phrases: Phrases }): Show {
  return {
    page: (ctx, name, locals, frame = {}) => {
      const { locale } = ctx.state
      ctx.type = 'html'
      ctx.set('Content-Language', locale)
      ctx.body = render(name, { ...frame, ...locals, locale } as Locals<typeof name>)
    },
    say: (locale, key, values) => phrases.t(locale as Locale, key as PhraseKey, values),
    problem: (ctx, problem) => ({
      code: problem.code,
      field: problem.field,
      credential: problem.values.credential?.toString(),
      text: phrases.problem(ctx.state.locale, problem),
    }),
  }
}

/** Answers a post, or a page that has moved on, with the next page. */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}
