import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { z } from 'zod'
import { dayOf, startOfDay } from '../accounts/time-zone.ts'
import { Problem } from '../errors.ts'
import { kinds, type Part } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { type Chart, chartOf } from './activity-chart.ts'
import { type Happened, type Row, rows, wording } from './activity-words.ts'
import type { Services } from './services.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    'account/activity': {
      /** Row by row, each day (when it begins, in milliseconds) apart. */
      days: readonly { at: number; rows: readonly Row[] }[]
      chart: Chart | undefined
      /** What the countries of the chart are called. */
      countries: readonly string[]
      /** The time zone in which days begin. */
      daysIn: string
      kinds: readonly string[]
      /** The filter as it was typed: days as YYYY-MM-DD. */
      typed: Partial<Record<'kind' | 'from' | 'to' | 'q' | 'device', string | undefined>>
      /** The filter as a query, `?kind=apps`, and the query of the next page. */
      query: string
      older: string | undefined
      /** Whether this is the first page. */
      first: boolean
    }
  }
}

const oneDay = 24 * 3_600_000

const days = z.iso.date()
const filter = z.object({
  kind: z.enum(kinds).optional(),
  from: days.optional(),
  to: days.optional(),
  /** What is searched for, and the device (its id) that it is about. */
  q: z.string().max(100).optional(),
  device: z.string().max(100).optional(),
})
/** How many pages of the log one search reads, and how much it shows: the next page goes on behind that. */
const search = { pages: 20, rows: 50 }
type Filter = z.output<typeof filter>
const asked = filter.extend({ after: z.string().max(100).optional() })

/** Serves a person's own log of everything that concerned their account: to read, to filter, and to download. */
export function activityPages(services: Services): void {
  const { activity, book, receipts, show, page, words, now } = services
  const inWords = wording(services)

  /** Reads one page of what a filter finds. What only words tell is looked for in page after page of the log. */
  const read = async (ctx: Context, account: string, { after, ...typed }: z.output<typeof asked>) => {
    const [part, fits] = [partOf(typed, ctx.state.zone), matching(typed)]
    const found: Happened[] = []
    let older = after
    for (let page = 0; page < search.pages && found.length < search.rows; page++) {
      const next = await activity.page(account, part, older)
      for (const entry of next.entries) found.push(await inWords(ctx, entry))
      found.splice(0, found.length, ...found.filter(fits))
      older = next.older
      if (older === undefined || !(typed.q || typed.device)) break
    }
    return { found, older }
  }

  page('/account/activity', async (ctx, { account }) => {
    const { after, ...typed } = wanted(ctx)
    const { zone, locale } = ctx.state
    const { found, older } = await read(ctx, account.id, { after, ...typed })
    const chart = after === undefined ? chartOf(await book.of(account.id), now(), zone) : undefined
    const locals = {
      days: byDay(rows(found), zone),
      chart,
      countries: chart?.countries.map(country => words.place(locale, { country: country || undefined })) ?? [],
      daysIn: zone ?? 'UTC',
      kinds,
      typed,
      query: queryOf(typed),
      older: older === undefined ? undefined : queryOf({ ...typed, after: older }),
      first: after === undefined,
    }
    show.page(ctx, 'account/activity', locals, { person: { email: account.email } })
  })

  // A receipt is what they approved, with the proof: to keep, and to verify without us.
  page('/account/receipts/:id', async (ctx, { account }) => {
    const receipt = await receipts.get(ctx.params.id ?? '')
    if (receipt?.account !== account.id) throw new Problem('not_found')
    ctx.attachment('latchkey-receipt.json')
    ctx.body = JSON.stringify({ id: receipt.id, ...receipt.content }, null, 2)
    ctx.type = 'json'
  })

  const download = (
    ending: string,
    lines: (ctx: Context, typed: Filter, entries: AsyncIterable<Entry>) => AsyncIterable<string>,
  ) =>
    page(`/account/activity.${ending}`, (ctx, { account }: SignedIn) => {
      const { after: _, ...typed } = wanted(ctx)
      ctx.attachment(`latchkey-activity.${ending}`)
      ctx.body = Readable.from(lines(ctx, typed, activity.all(account.id, partOf(typed, ctx.state.zone))))
    })

  download('csv', async function* (ctx, typed, entries) {
    const fits = matching(typed)
    const say = (key: string) => show.say(ctx.state.locale, key)
    // Without the byte order mark, spreadsheets do not read it as UTF-8.
    yield `\ufeff${csvLine(['when', 'what', 'kind', 'address', 'device'].map(each => say(`activity.${each}`)))}`
    for await (const entry of entries) {
      const said = await inWords(ctx, entry)
      if (!fits(said)) continue
      const { at, what, about, kind, address = '', agent = '' } = said
      const named = about === undefined ? what : `${what}: ${about}`
      yield csvLine([new Date(at).toISOString(), named, say(`activity.kind.${kind}`), address, agent])
    }
  })

  download('json', async function* (ctx, typed, entries) {
    const fits = matching(typed)
    let before = '[\n'
    for await (const entry of entries) {
      const { sequence, at, name, data, origin, hash } = entry
      const said = await inWords(ctx, entry)
      if (!fits(said)) continue
      const { what, about, kind, agent: device } = said
      const { account: _, ...details } = data
      const { address, agent } = origin
      const told = {
        sequence,
        at: new Date(at).toISOString(),
        event: name,
        kind,
        what,
        about,
        details,
        address,
        device,
        agent,
        hash,
      }
      yield `${before}${JSON.stringify(told)}`
      before = ',\n'
    }
    yield before === '[\n' ? '[]\n' : '\n]\n'
  })
}

/** Reads the filter in the address. Throws `malformed`. */
function wanted(ctx: Context): z.output<typeof asked> {
  const typed = Object.fromEntries(Object.entries(ctx.query).filter(([, value]) => value !== ''))
  const parsed = asked.safeParse(typed)
  if (!parsed.success) throw new Problem('malformed')
  return parsed.data
}

/** Returns the time that a filter covers. Days begin at midnight in the reader's time zone, and the last one counts whole. */
function partOf({ kind, from, to }: Filter, zone: string | undefined): Part {
  const after = (day: string) => new Date(Date.parse(day) + oneDay).toISOString().slice(0, 10)
  return { kind, from: from ? startOfDay(from, zone) : undefined, until: to ? startOfDay(after(to), zone) : undefined }
}

/** Returns what tells whether something is about a device, and is worded as somebody searches for it: every word of theirs is in it. */
function matching({ q = '', device }: Filter): (happened: Happened) => boolean {
  const wanted = q.toLowerCase().split(/\s+/)
  return each => {
    const text = [each.what, each.about, each.agent, each.place, each.address].join(' ').toLowerCase()
    return (device === undefined || each.device === device) && wanted.every(word => text.includes(word))
  }
}

/** Returns rows by the day that they happened on. */
function byDay(list: readonly Row[], zone: string | undefined) {
  const days = Map.groupBy(list, ({ at }) => dayOf(at, zone))
  return [...days].map(([day, rows]) => ({ at: startOfDay(day, zone), rows }))
}

function queryOf(typed: Record<string, string | undefined>): string {
  const entries = Object.entries(typed).filter((each): each is [string, string] => each[1] !== undefined)
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`
}

/**
 * Writes a line of a CSV file (RFC 4180). A field that a spreadsheet would take for a formula begins with an apostrophe: a stranger may
 * have written it, in the name of a browser for example.
 */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(field => `"${plain(field).replaceAll('"', '""')}"`).join(',')}\r\n`
}

function plain(field: string): string {
  return /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(field) ? `'${field}` : field
}
