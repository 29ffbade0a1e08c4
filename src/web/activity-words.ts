import type { Context } from 'koa'
import { agentOf } from '../accounts/device.ts'
import { factsOf } from '../flows/approval-details.ts'
import { kindOf } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { isPhrase } from './phrases.ts'
import type { Services } from './services.ts'

type Rooms = Pick<Services, 'receipts' | 'appName' | 'show' | 'words' | 'owner' | 'credentials'>

/** Returns what says an entry of the audit log in the reader's words. What it asks of an account is read once for one request. */
export function wording({ receipts, appName, show, words, owner, credentials }: Rooms) {
  const named = new WeakMap<Context, Promise<Map<string, string>>>()
  /** The names that people gave to their keys and credentials, by id. */
  const namesOf = async (account: string): Promise<Map<string, string>> => {
    const [keys, held] = await Promise.all([owner.keys(account), credentials.of(account)])
    const labels = held.flatMap(({ id, label }) => (label === undefined ? [] : [[id, label] as const]))
    return new Map([...keys.map(({ id, name }) => [id, name] as const), ...labels])
  }
  return async (ctx: Context, entry: Entry): Promise<Happened> => {
    const { client, receipt: id, account, key, credential } = entry.data
    const name = typeof client === 'string' ? await appName(client) : undefined
    const receipt = entry.name === 'approval.given' ? await receipts.get(String(id)) : undefined
    const to = receipt && factsOf(receipt.content.statement.authorization_details[0]).to
    const { locale } = ctx.state
    const say = (phrase: string, values?: Record<string, string | number>) => show.say(locale, phrase, values)
    const place = (address: string) => words.whence(locale, { address, agent: {} }).place
    const thing = typeof key === 'string' ? key : typeof credential === 'string' ? credential : undefined
    const names = named.get(ctx) ?? namesOf(String(account))
    named.set(ctx, names)
    const about = thing === undefined ? undefined : (await names).get(thing)
    return happened(entry, { say, app: id => name ?? id, to, place, about })
  }
}

interface InWords {
  say(key: string, values?: Record<string, string | number>): string
  /** Names an app by its client id. */
  app(id: string): string
  /** Who receives what was approved, if there is still a receipt of it. */
  to?: string | undefined
  /** Names the place of an address. */
  place?(address: string): string
  /** What its owner called the key or credential that it was about. */
  about?: string | undefined
}

/** One thing that happened to a person's account. */
export type Happened = ReturnType<typeof happened>

/** Says an entry of the audit log in words: `event.<name>`. */
export function happened({ sequence, at, name, level, data, origin }: Entry, words: InWords) {
  return {
    sequence,
    name,
    device: origin.device,
    request: origin.request,
    /** The session that began or was raised. */
    session: typeof data.session === 'string' ? data.session : undefined,
    about: words.about,
    place: origin.address === undefined ? undefined : words.place?.(origin.address),
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

/** What happened on the way to a sign-in, which its row unfolds. */
const steps = [
  ...['code.sent', 'factor.proved', 'factor.refused', 'factor.throttled', 'device.trusted'],
  ...['sign-in.held', 'sign-in.confirmed', 'sign-in.noticed', 'sign-in.opened', 'sign-in.shut'],
]
/** How long a sign-in may take, in milliseconds. */
const longest = 3_600_000

/** One row of the log: what happened, the steps to it, and what let apps wait because of it. */
export type Row = Happened & { steps: Happened[]; because?: string | undefined }

/**
 * Returns what happened as rows, newest first: a sign-in is one, with the steps that the same device took to it. That apps wait names the change
 * of the same request that made them.
 */
export function rows(list: readonly Happened[]): Row[] {
  const all: Row[] = []
  const begun = new Map<string, Row>()
  for (const each of list) {
    const { device, at, name } = each
    const head = device === undefined ? undefined : begun.get(device)
    if (head && steps.includes(name) && head.at - at < longest) {
      head.steps.push(each)
      head.unusual ||= each.unusual
      continue
    }
    const row: Row = { ...each, steps: [] }
    if (name === 'hold.started')
      row.because = list.find(
        other => other !== each && other.request === each.request && other.kind === 'security',
      )?.what
    if (device !== undefined && (name === 'session.started' || name === 'session.raised')) begun.set(device, row)
    all.push(row)
  }
  return all
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
  return browser && system ? say('device.words', { browser, system }) : (browser ?? system)
}
