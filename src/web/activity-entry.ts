import { agentOf } from '../accounts/agent.ts'
import { type Kind, kindOf } from '../observers/activity.ts'
import type { Entry } from '../observers/chain.ts'
import { isPhrase } from './phrases.ts'

/** One thing that happened, for the person to whom it did. */
export interface Happened {
  sequence: number
  /** Milliseconds since the epoch. */
  at: number
  what: string
  kind: Kind
  /** The factor that it was about. */
  factor: string | undefined
  /** Worth a look. */
  unusual: boolean
  address: string | undefined
  /** "Chrome on Windows". */
  agent: string | undefined
  /** The id of the receipt that there is of it. */
  receipt?: string | undefined
}

interface Words {
  say(key: string, values?: Record<string, string | number>): string
  /** An app by its client id. */
  app(id: string): string
  /** Where what was approved goes, if there is a receipt of it (still). */
  to?: string | undefined
}

/** Puts an entry of the audit log in words: `event.<name>`. */
export function happened({ sequence, at, name, level, data, origin }: Entry, words: Words): Happened {
  const factor = typeof data.factor === 'string' ? data.factor : undefined
  return {
    sequence,
    at,
    // Kept for good: it may be of a Latchkey that knew more events, or others.
    what: isPhrase(`event.${name}`)
      ? words.say(`event.${name}`, valuesOf(data, words))
      : words.say('event.other', { name }),
    kind: kindOf(name),
    factor,
    unusual: level === 'warning',
    address: origin.address,
    agent: browserOf(origin.agent, words),
    receipt: words.to === undefined ? undefined : String(data.receipt),
  }
}

/** What a phrase may name: the factor and the app by their names, and plain words. Phrases choose by words without hyphens. */
function valuesOf(data: Entry['data'], { say, app, to = 'none' }: Words): Record<string, string | number> {
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

function browserOf(header: string | undefined, { say }: Words): string | undefined {
  const { browser, system } = agentOf(header)
  return browser && system ? say('activity.agent', { browser, system }) : (browser ?? system)
}
