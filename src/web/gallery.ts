import type { Context } from 'koa'
import { Problem, type Values } from '../errors.ts'
import { type Locale, lookup } from '../languages.ts'
import { namedIn } from './calling-codes.ts'
import { queryField } from './forms.ts'
import { hereOnly } from './operating.ts'
import type { Frame, Pages } from './pages.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    /** Every page, email and text message in every state, by its title: each in a language, and in light or dark. */
    'dev/gallery': {
      shown: { language: string; theme: string }
      pictures: readonly { title: string; page: string }[]
      letters: readonly { title: string; name: string }[]
      texts: readonly { title: string; name: string }[]
    }
  }
}

const home = '/dev/gallery'
const themes = ['light', 'dark'] as const
// Emails carry their style with them; nothing else of them is let in.
const policyOfMails = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

/** Serves every page, email and text message with samples, in development. */
export function gallery({ router, samples, compose, composeText, show }: Services): void {
  if (!samples) return
  router.use([home, `${home}/:kind/:title`], hereOnly)
  const languageOf = (ctx: Context): Locale => lookup([queryField(ctx, 'language', 40) ?? '']) ?? ctx.state.locale
  const themeOf = (ctx: Context) => themes.find(each => each === queryField(ctx, 'theme', 10))

  router.get(home, async ctx => {
    const { gallery: pictures, letters, texts } = await samples()
    const shown = { language: languageOf(ctx), theme: themeOf(ctx) ?? '' }
    show.page(ctx, 'dev/gallery', { shown, pictures, letters, texts })
  })

  router.get(`${home}/page/:title`, async ctx => {
    const { gallery: pictures, now } = await samples()
    const found = pictures.find(({ title }) => title === ctx.params.title)
    if (!found) throw new Problem('not_found')
    const { page, locals } = found
    ctx.state.locale = queryField(ctx, 'language', 40) ? languageOf(ctx) : (lookup([locals.locale ?? '']) ?? 'en')
    const problem: (Frame['problem'] & { values?: Values }) | undefined = locals.problem
    const fault = problem && { ...problem, text: show.gist(ctx.state.locale, problem) }
    const { dialled } = locals as { dialled?: Parameters<typeof dialledIn>[1] }
    const named = dialled && { dialled: dialledIn(ctx.state.locale, dialled) }
    const framed = { ...locals, ...named, now, theme: themeOf(ctx), ...(fault && { problem: fault }) }
    show.page(ctx, page, framed as unknown as Pages[typeof page])
  })

  router.get(`${home}/mail/:title`, async ctx => {
    const { letters } = await samples()
    const found = letters.find(({ title }) => title === ctx.params.title)
    if (!found) throw new Problem('not_found')
    const to = 'ada@example.com'
    const antiPhishingPhrase = 'Blue heron'
    const mail = compose(found.name, { ...found.data, to, antiPhishingPhrase, locale: languageOf(ctx) })
    ctx.set('Content-Security-Policy', policyOfMails)
    ctx.type = queryField(ctx, 'format', 10) === 'text' ? 'text' : 'html'
    ctx.body = ctx.type === 'text/plain' ? mail.text : inTheme(mail.html, themeOf(ctx))
  })

  router.get(`${home}/text/:title`, async ctx => {
    const { texts } = await samples()
    const found = texts.find(({ title }) => title === ctx.params.title)
    if (!found) throw new Problem('not_found')
    const locale = languageOf(ctx)
    const said = found.what === undefined ? {} : { what: show.say(locale, found.what) }
    ctx.set('Content-Language', locale)
    ctx.type = 'text'
    ctx.body = composeText(found.name, { ...found.data, ...said, locale }, found.kind)
  })
}

/** Returns a sample of a list of countries by their names in a language. */
function dialledIn<D extends { list: Parameters<typeof namedIn>[1] }>(locale: string, dialled: D) {
  return { ...dialled, list: namedIn(locale, dialled.list) }
}

/** Shows an email as readers do whose device is set to this theme; without one, as this browser is. */
function inTheme(html: string, theme: (typeof themes)[number] | undefined): string {
  if (theme === undefined) return html
  return html
    .replaceAll('(prefers-color-scheme:dark)', theme === 'dark' ? 'all' : 'not all')
    .replaceAll('content="light dark"', `content="${theme}"`)
}
