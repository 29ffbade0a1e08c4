import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { z } from 'zod'
import { agentOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import { factsOf } from '../flows/approval-details.ts'
import { kindOf, kinds, type Part } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { isPhrase } from './phrases.ts'
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
export function activityPages({ activity, receipts, appName, show, page }: Services): void {
  const inWords = async (ctx: Context, entry: Entry): Promise<Happened> => {
    const { client, receipt: id } = entry.data
    const name = typeof client === 'string' ? await appName(client) : undefined
    const receipt = entry.name === 'approval.given' ? await receipts.get(String(id)) : undefined
    const to = receipt && factsOf(receipt.content.statement.authorization_details[0]).to
    const say = (key: string, values?: Record<string, string | number>) => show.say(ctx.state.locale, key, values)
    return happened(entry, { say, app: id => name ?? id, to })
  }

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

interface InWords {
  say(key: string, values?: Record<string, string | number>): string
  /** Names an app by its client id. */
  app(id: string): string
  /** Who receives what was approved, if there is still a receipt of it. */
  to?: string | undefined
}

/** One thing that happened to a person's account. */
type Happened = ReturnType<typeof happened>

/** Says an entry of the audit log in words: `event.<name>`. */
export function happened({ sequence, at, name, level, data, origin }: Entry, words: InWords) {
  return {
    sequence,
    /** Milliseconds since the epoch. */
    at,
    // Entries are kept for good: another version of Latchkey may have known other events.
    what: isPhrase(`event.${name}`)
      ? words.say(`event.${name}`, valuesOf(data, words))
      : words.say('event.other', { name }),
    kind: kindOf(name),
    /** The factor that it was about. */
    factor: typeof data.factor === 'string' ? data.factor : undefined,
    unusual: level === 'warning',
    address: origin.address,
    /** "Chrome on Windows". */
    agent: browserOf(origin.agent, words),
    /** The id of the receipt, if there is one. */
    ...(words.to !== undefined && { receipt: String(data.receipt) }),
  }
}

/** Returns the values that a phrase may use: the names of the factor and of the app, and plain words. Phrases choose by words without hyphens. */
function valuesOf(data: Entry['data'], { say, app, to = 'none' }: InWords): Record<string, string | number> {
  const values: Record<string, string | number> = { to }
  for (const [name, value] of Object.entries(data)) {
    if (typeof value === 'number') values[name] = value
    if (typeof value === 'string') values[name] = value.replaceAll('-', '_')
  }
  const { factor, client } = data
  if (typeof factor === 'string')
    values.factor = isPhrase(`factor.${factor}.name`) ? say(`factor.${factor}.name`) : factor
  if (typeof client === 'string') values.client = app(client)
  return values
}

function browserOf(header: string | undefined, { say }: InWords): string | undefined {
  const { browser, system } = agentOf(header)
  return browser && system ? say('activity.agent', { browser, system }) : (browser ?? system)
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
