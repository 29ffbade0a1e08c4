import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import type { Context } from 'koa'
import { type Brand, plainBrand } from '../brand/brand.ts'
import { type Code, Problem, type Refusal, said, type Values, wordsOf } from '../errors.ts'
import type { Assets } from './assets.ts'
import { stays } from './language.ts'
import type { Frame, Pages } from './pages.ts'
import { isPhrase, moment, type PhraseKey, type Phrases } from './phrases.ts'

/** What a page stands in, where that is not as usual. A problem of its form decides the status, and when to try again (Retry-After). */
type Surrounding = Partial<Omit<Frame, 'problem'>> & { problem?: Problem | undefined }

type Sample = NonNullable<Frame['problem']> & { values?: Values }

export type Show = ReturnType<typeof shower>

/** Returns what answers requests with pages. With `reasons`, pages say why a request was refused: builders want to know, and so do attackers. */
export function shower({ render, phrases, reasons }: { render: Render; phrases: Phrases; reasons?: boolean }) {
  /** Says a Problem in words, as pages and programs are told it. */
  const problem = (ctx: Context, fault: Problem): NonNullable<Frame['problem']> => {
    ctx.state.refusal = refusalOf(fault)
    const { field, values, retryAfter } = fault
    // After the last wrong answer of several, there is nothing to try again before the question is asked anew.
    const told = values.left === 0 ? new Problem('way_closed', said(fault)) : fault
    const text = phrases.problem(ctx.state.locale, told)
    return { code: told.code, field, credential: values.credential?.toString(), text, retryAfter }
  }

  /** Answers with a page in the visitor's language. */
  const page = <Name extends keyof Pages>(
    ctx: Context,
    name: Name,
    locals: Pages[Name],
    { problem: fault, ...frame }: Surrounding = {},
  ): void => {
    const { locale, zone } = ctx.state
    if (fault) refused(ctx, fault)
    ctx.type = 'html'
    ctx.set('Content-Language', locale)
    ctx.body = render(name, {
      zone,
      notice: ctx.state.notice,
      ...frame,
      ...(fault && { problem: problem(ctx, fault) }),
      ...locals,
      locale,
      // What was wrong with a request is repeated nowhere in its page.
      stay: name === 'error' && 'status' in locals && locals.status === 400 ? ctx.path : stays(ctx),
    })
  }

  /** Returns why a request was refused, where pages may say so: in development. */
  const refusal = (ctx: Context): Refusal | undefined => (reasons ? ctx.state.refusal : undefined)

  /** Says a Problem in English, for programs. */
  const explain = (fault: Problem): string => phrases.problem('en', fault)

  /** Says what a sample of a problem says in another language; its own text where that takes more to know. */
  const gist = (locale: string, { code, text: otherwise, values = {}, retryAfter }: Sample): string => {
    try {
      return phrases.problem(locale, { code, values, retryAfter })
    } catch {
      return otherwise
    }
  }

  return { page, say: phrases.say, problem, explain, gist, refusal }
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

const views = fileURLToPath(new URL('../../views', import.meta.url))

/** A page's own locals, and what of its frame is not as usual. */
export type Locals<Name extends keyof Pages> = Pages[Name] & Partial<Frame>

type Render = ReturnType<typeof renderer>

interface Rendering {
  phrases: Phrases
  assets: Pick<Assets, 'asset'>
  now: () => number
  brand?: () => Brand
}

/** What a view is given: its page, and what includes another view, with more locals where it is given some. */
interface Shown {
  include(path: string, more?: object): string
}

/** Returns what shows a view by its path. Each is compiled as it is first shown; those of a brand are in the place of ours. */
function viewsIn(brand: string | undefined): (path: string, page: object) => string {
  const root = brand === undefined ? [views] : [brand, views]
  const compiled = new Map<string, ejs.TemplateFunction>()
  const viewAt = (path: string): ejs.TemplateFunction => {
    const known = compiled.get(path)
    if (known) return known
    const filename = root.map(folder => `${folder}${path}.ejs`).find(existsSync)
    if (filename === undefined) throw new Error(`There is no view ${path}`)
    const options = { filename, strict: true, localsName: 'page', escape: text }
    // The include of EJS itself looks for the file and copies all locals each time. Ours hands them on as a prototype, which ends in null.
    const ours = { destructuredLocals: ['include'], unsafePrototypeLocals: true }
    const made = ejs.compile(readFileSync(filename, 'utf8'), { ...options, ...ours })
    compiled.set(path, made)
    return made
  }
  const shown = (page: object | null, given: object): Shown => {
    const all: Shown = {
      __proto__: page,
      ...given,
      include: (path, more) => viewAt(path)(more ? shown(all, more) : all),
    } as Shown
    return all
  }
  return (path, page) => viewAt(path)(shown(null, page))
}

/** Returns what renders the whole HTML document of a page. Views are read and compiled once; a misspelt local or phrase throws. */
export function renderer(services: Rendering) {
  const { phrases, assets, now, brand = () => plainBrand } = services
  let compiled: { of: Brand; show: ReturnType<typeof viewsIn> } | undefined
  const showIn = (of: Brand): ReturnType<typeof viewsIn> => {
    if (compiled?.of !== of) compiled = { of, show: viewsIn(of.views) }
    return compiled.show
  }

  return <Name extends keyof Pages>(name: Name, locals: Locals<Name>): string => {
    const { locale = 'en', zone } = locals
    const house = brand()
    const t: Frame['t'] = (key, values) => phrases.t(locale, key as PhraseKey, values)
    const frame: Omit<Frame, 'title'> = {
      view: name,
      t,
      has: isPhrase,
      explain: (code, retryAfter) => phrases.problem(locale, { code: code as Code, values: {}, retryAfter }),
      // Where the zone is not known, only the browser knows where the reader is: /assets/when.js says it in their own time.
      when: (at, day = false) => moment(locale, at, day ? undefined : 'short', zone),
      now: now(),
      locale,
      zone,
      direction: phrases.direction(locale),
      languages: phrases.languages,
      stay: '/account',
      theme: undefined,
      brand: looksOf(house),
      towards: undefined,
      reason: undefined,
      person: undefined,
      staff: undefined,
      problem: undefined,
      notice: undefined,
      asset: assets.asset,
    }
    // Locals win, but one that is undefined leaves the title to the page.
    const page = { ...frame, ...locals, title: locals.title ?? t(titleOf(name, locals)) }
    return showIn(house)('/layout', page)
  }
}

/** What pages show of a brand. */
function looksOf({ name, logo, links, palette, files }: Brand): Frame['brand'] {
  const theme = { light: palette.light.card ?? '', dark: palette.dark.card ?? '' }
  return { name, logo, links, theme, style: files['brand.css'] && 'brand.css' }
}

/** Steps are named by their factor, errors by their code or else their status, other pages by themselves. */
function titleOf(name: string, locals: object): string {
  if ('factor' in locals) {
    const { factor, shown, others, reason, problem } = locals as Pages['sign-in/enrol'] & Partial<Frame>
    if (['way_closed', 'factor_closed'].includes(problem?.code ?? ''))
      return others.length > 0 ? 'prove.closed.title' : 'prove.closed.alone.title'
    const added = `factor.${factor.id}.add.title`
    if (reason && name === 'sign-in/enrol' && shown === undefined && isPhrase(added)) return added
    const [asks, asked] = name === 'sign-in/prove' ? ['unsent', 'prove'] : ['ask', 'enrol']
    const own = `factor.${factor.id}.${asks}.title`
    return shown === undefined && isPhrase(own) ? own : `factor.${factor.id}.${asked}.title`
  }
  if ('status' in locals && 'code' in locals) {
    return [`error.${locals.code}.title`, `error.${locals.status}.title`].find(isPhrase) ?? 'error.title'
  }
  return `title.${name}`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Text for an element or a quoted attribute. Nothing is not text: it is a local whose name was misspelt. */
function text(value: unknown): string {
  if (value === undefined || value === null) throw new TypeError('a view shows something that it was not given')
  return String(value).replace(/[&<>"']/g, mark => entities[mark] ?? '')
}
