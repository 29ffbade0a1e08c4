import type { Context } from 'koa'
import { agentOf } from '../accounts/device.ts'
import { factsOf } from '../flows/approval-details.ts'
import { kindOf } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { isPhrase } from './phrases.ts'
import type { Services } from './services.ts'

/** Returns what says an entry of the audit log in the reader's words. */
export function wording({ receipts, appName, show }: Pick<Services, 'receipts' | 'appName' | 'show'>) {
  return async (ctx: Context, entry: Entry): Promise<Happened> => {
    const { client, receipt: id } = entry.data
    const name = typeof client === 'string' ? await appName(client) : undefined
    const receipt = entry.name === 'approval.given' ? await receipts.get(String(id)) : undefined
    const to = receipt && factsOf(receipt.content.statement.authorization_details[0]).to
    const say = (key: string, values?: Record<string, string | number>) => show.say(ctx.state.locale, key, values)
    return happened(entry, { say, app: id => name ?? id, to })
  }
}

interface InWords {
  say(key: string, values?: Record<string, string | number>): string
  /** Names an app by its client id. */
  app(id: string): string
  /** Who receives what was approved, if there is still a receipt of it. */
  to?: string | undefined
}

/** One thing that happened to a person's account. */
export type Happened = ReturnType<typeof happened>

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
