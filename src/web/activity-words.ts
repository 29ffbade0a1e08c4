import type { Context } from 'koa'
import type { Credential } from '../accounts/credential.ts'
import { agentOf } from '../accounts/device.ts'
import { factsOf } from '../flows/approval-details.ts'
import { kindOf } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { isPhrase } from './phrases.ts'
import type { Services } from './services.ts'

type Rooms = Pick<Services, 'receipts' | 'appName' | 'show' | 'words' | 'owner' | 'credentials'>

/** A credential as far as it has a name. */
type Labelled = Pick<Credential, 'id' | 'label'>

/**
 * Returns what says an entry of the audit log in the reader's words. What it asks of an account is read once for one request, and only where an entry
 * needs it; `held` are the account's credentials where they were read before.
 */
export function wording({ receipts, appName, show, words, owner, credentials }: Rooms) {
  type Names = { keys?: Promise<Map<string, string>>; held?: Promise<Map<string, string>> }
  const named = new WeakMap<Context, Names>()
  /** The name that people gave to a key or a credential. */
  const nameOf = async (ctx: Context, { account, key, credential }: Entry['data'], held?: readonly Labelled[]) => {
    const names = named.get(ctx) ?? {}
    named.set(ctx, names)
    const readKeys = async () => new Map((await owner.keys(String(account))).map(({ id, name }) => [id, name] as const))
    const readHeld = async () => {
      const list = held ?? (await credentials.of(String(account)))
      return new Map(list.flatMap(({ id, label }) => (label === undefined ? [] : [[id, label] as const])))
    }
    if (typeof key === 'string') {
      names.keys ??= readKeys()
      return (await names.keys).get(key)
    }
    if (typeof credential !== 'string') return undefined
    names.held ??= readHeld()
    return (await names.held).get(credential)
  }
  return async (ctx: Context, entry: Entry, held?: readonly Labelled[]): Promise<Happened> => {
    const { client, receipt: id } = entry.data
    const name = typeof client === 'string' ? await appName(client) : undefined
    const receipt = entry.name === 'approval.given' ? await receipts.get(String(id)) : undefined
    const to = receipt && factsOf(receipt.content.statement.authorization_details[0]).to
    const { locale } = ctx.state
    const say = (phrase: string, values?: Record<string, string | number>) => show.say(locale, phrase, values)
    const place = (address: string) => words.whence(locale, { address, agent: {} }).place
    const about = await nameOf(ctx, entry.data, held)
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

/** Gathers what happened, newest first: a sign-in with the steps that the same device took to it. */
function gathered<T>(list: readonly T[], of: (each: T) => Pick<Happened, 'device' | 'at' | 'name'>) {
  const all: { head: T; steps: T[] }[] = []
  const begun = new Map<string, { at: number; steps: T[] }>()
  for (const each of list) {
    const { device, at, name } = of(each)
    const head = device === undefined ? undefined : begun.get(device)
    if (head && steps.includes(name) && head.at - at < longest) {
      head.steps.push(each)
      continue
    }
    const row = { head: each, steps: [] as T[] }
    if (device !== undefined && (name === 'session.started' || name === 'session.raised'))
      begun.set(device, { at, steps: row.steps })
    all.push(row)
  }
  return all
}

/** Returns the entries that the first rows are made of, so that no others have to be put into words; undefined where there are no more rows than that. */
export function entriesOfRows(list: readonly Entry[], count: number): Entry[] | undefined {
  const found = gathered(list, ({ origin, at, name }) => ({ device: origin.device, at, name }))
  if (found.length <= count) return undefined
  const shown = new Set(found.slice(0, count).flatMap(({ head, steps }) => [head, ...steps]))
  return list.filter(each => shown.has(each))
}

/**
 * Returns what happened as rows, newest first: a sign-in is one, with the steps that the same device took to it. That apps wait names the change
 * of the same request that made them.
 */
export function rows(list: readonly Happened[]): Row[] {
  const because = (head: Happened) =>
    list.find(other => other !== head && other.request === head.request && other.kind === 'security')?.what
  return gathered(list, each => each).map(({ head, steps }) => ({
    ...head,
    steps,
    unusual: head.unusual || steps.some(each => each.unusual),
    ...(head.name === 'hold.started' && { because: because(head) }),
  }))
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
