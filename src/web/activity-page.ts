import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { z } from 'zod'
import { Problem } from '../errors.ts'
import { kinds, type Part } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { type Happened, wording } from './activity-words.ts'
import type { Services } from './services.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    'account/activity': {
      entries: readonly Happened[]
      kinds: readonly string[]
      /** The filter as it was typed: days as YYYY-MM-DD. */
      typed: { kind?: string | undefined; from?: string | undefined; to?: string | undefined }
      /** The filter as a query, `?kind=apps`, and the query of the next page. */
      query: string
      older: string | undefined
      /** Whether this is the first page. */
      first: boolean
    }
  }
}

const day = 24 * 3_600_000

const days = z.iso.date()
const filter = z.object({ kind: z.enum(kinds).optional(), from: days.optional(), to: days.optional() })
const asked = filter.extend({ after: z.string().max(100).optional() })

/** Serves a person's own log of everything that concerned their account: to read, to filter, and to download. */
export function activityPages(services: Services): void {
  const { activity, receipts, show, page } = services
  const inWords = wording(services)

  page('/account/activity', async (ctx, { account }) => {
    const { after, ...typed } = wanted(ctx)
    const { entries, older } = await activity.page(account.id, partOf(typed), after)
    const locals = {
      entries: await Promise.all(entries.map(each => inWords(ctx, each))),
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

  const download = (ending: string, lines: (ctx: Context, entries: AsyncIterable<Entry>) => AsyncIterable<string>) =>
    page(`/account/activity.${ending}`, (ctx, { account }: SignedIn) => {
      const { after: _, ...typed } = wanted(ctx)
      ctx.attachment(`latchkey-activity.${ending}`)
      ctx.body = Readable.from(lines(ctx, activity.all(account.id, partOf(typed))))
    })

  download('csv', async function* (ctx, entries) {
    const say = (key: string) => show.say(ctx.state.locale, key)
    // Without the byte order mark, spreadsheets do not read it as UTF-8.
    yield `\ufeff${csvLine(['when', 'what', 'kind', 'address', 'device'].map(each => say(`activity.${each}`)))}`
    for await (const entry of entries) {
      const { at, what, kind, address = '', agent = '' } = await inWords(ctx, entry)
      yield csvLine([new Date(at).toISOString(), what, say(`activity.kind.${kind}`), address, agent])
    }
  })

  download('json', async function* (ctx, entries) {
    let before = '[\n'
    for await (const entry of entries) {
      const { sequence, at, name, data, origin, hash } = entry
      const { what, kind, agent: device } = await inWords(ctx, entry)
      const { account: _, ...details } = data
      const { address, agent } = origin
      const told = {
        sequence,
        at: new Date(at).toISOString(),
        event: name,
        kind,
        what,
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

/** Returns the time that a filter covers. Days begin at midnight, universal time, and the last one counts whole. */
function partOf({ kind, from, to }: z.output<typeof filter>): Part {
  return { kind, from: from ? Date.parse(from) : undefined, until: to ? Date.parse(to) + day : undefined }
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
