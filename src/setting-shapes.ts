import { z } from 'zod'
import { blockOf, loopback } from './network.ts'

/** Text of any kind. */
export const text = z.string().min(1)
/** Words parted by commas. */
const words = split(',')
/** Words parted by commas or ends of lines. */
const lines = split(/[,\n]/)
/** What seals and peppers derive from. */
export const keys = lines.refine(list => list.length > 0 && list.every(each => each.length >= 32), {
  error: 'each must have 32 characters or more',
})
/** A URL of one of these protocols. */
export const url = (...protocols: string[]) =>
  z.string().refine(text => protocols.includes(URL.canParse(text) ? new URL(text).protocol : ''), {
    error: `must be a URL of ${protocols.map(each => `${each}//`).join(' or ')}`,
  })
/** A URL of nothing but scheme, host and port. */
export const origin = (...protocols: string[]) =>
  url(...protocols)
    .refine(typed => URL.canParse(typed) && new URL(typed).href === `${new URL(typed).origin}/`, {
      error: 'must have no path, query or user',
    })
    .transform(typed => (URL.canParse(typed) ? new URL(typed).origin : typed))
/** Where to listen, `host:port`. */
export const place = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, { error: 'must be host:port' })
  .transform(typed => {
    const colon = typed.lastIndexOf(':')
    return { host: unbracketed(typed.slice(0, colon)), port: Number(typed.slice(colon + 1)) }
  })
  .refine(({ port }) => port <= 65_535, { error: 'must have a port up to 65535' })
/** A host without the brackets that an IPv6 address has in a URL. */
export const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '')
/** A whole number between these, both included. */
export const whole = (low: number, high: number) =>
  z
    .string()
    .refine(text => /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high, {
      error: `must be a whole number from ${low} to ${high}`,
    })
    .transform(Number)
const lasting = (unit: number) => (low: number, high: number) => whole(low, high).transform(count => count * unit)
/** Whole minutes, hours and days between these, in milliseconds. */
export const minutes = lasting(60_000)
export const hours = lasting(3_600_000)
export const days = lasting(24 * 3_600_000)
/** Countries (ISO 3166-1 alpha-2), parted by commas. */
export const countries = words
  .transform(list => list.map(each => each.toUpperCase()))
  .refine(list => list.length > 0 && list.every(each => /^[A-Z]{2}$/.test(each)), {
    error: 'must be countries of two letters each (ISO 3166-1)',
  })
/** One of these words. */
export const oneOf = <const Word extends string>(...names: Word[]) =>
  z.enum(names, { error: `must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}` })
/** How much to log. */
export type LogLevel = (typeof logLevels)[number]
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
/** How much to log, or the path of a file that says so. */
export const logging = z
  .string()
  .refine(typed => typed.includes('/') || logLevels.some(each => each === typed), {
    error: 'must be silent, error, warn, info or debug, or the path of a file that holds one of them',
  })
  .transform(typed => (typed.includes('/') ? { file: typed } : (typed as LogLevel)))
/** `yes` or `no`. */
export const yesOrNo = oneOf('yes', 'no').transform(typed => typed === 'yes')
/** Text of this form. */
export const like = (form: RegExp, error: string) => z.string().regex(form, { error })
/** Hosts, `*` for any or `off` for none. */
export const hosts = words
  .refine(
    list =>
      ['off', '*'].includes(list.join()) ||
      (list.length > 0 && list.every(each => each !== 'off' && /^[a-z0-9.-]+(:\d+)?$/.test(each))),
    { error: 'must be off, * or hosts' },
  )
  .transform(list => (list[0] === 'off' || list[0] === '*' ? list[0] : list))
/** Proxies by address or CIDR block. */
export const blocks = words.refine(list => list.every(each => blockOf(each) !== undefined), {
  error: 'each must be an address or a CIDR block',
})
/** Where somebody can be written to. */
export const contacts = words.refine(list => list.every(contact), { error: 'each must be https://… or mailto:…' })
/** An endpoint on the web, by https unless it is on this machine. */
export const endpoint = url('https:', 'http:').refine(
  typed => !typed.startsWith('http:') || (URL.canParse(typed) && loopback(new URL(typed).hostname)),
  { error: 'must be https' },
)
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }
/** Backups by schedule: `folder=PATH,every=6h,keep=14`. */
export const backups = z.string().transform((typed, context) => {
  const pairs = typed.split(',').map((each): [string, string] => {
    const [name = '', value = ''] = each.trim().split(/=(.*)/s, 2)
    return [name, value]
  })
  const told = new Map(pairs)
  const unknown = [...told.keys()].find(name => !['folder', 'every', 'keep'].includes(name))
  const {
    folder = '',
    every = '24h',
    keep = '7',
  } = Object.fromEntries(told) as { folder?: string; every?: string; keep?: string }
  const [, count = '', unit = ''] = /^(\d{1,4})([mhd])$/.exec(every) ?? []
  const interval = Number(count) * (units[unit] ?? 0)
  const wrong =
    (unknown !== undefined && `has no part ${unknown}: folder, every and keep`) ||
    (pairs.length > told.size && 'names a part twice') ||
    (folder === '' && 'must name a folder: folder=PATH') ||
    ((interval < 15 * 60_000 || interval > 366 * 24 * 3_600_000) && 'must have every=15m or more, in m, h or d') ||
    ((!/^\d{1,4}$/.test(keep) || Number(keep) === 0) && 'must have keep=1 or more')
  if (wrong) {
    context.addIssue({ code: 'custom', message: wrong })
    return z.NEVER
  }
  return { folder, every: interval, keep: Number(keep) }
})
/** Tells whether this is an address to write to (RFC 9116, 2.5.3). */
const contact = (text: string): boolean =>
  /^[!-~]+$/.test(text) && URL.canParse(text) && /^(https:\/\/[^/]|mailto:[^@]+@.)/.test(text)

function split(separator: string | RegExp) {
  const parted = (typed: string) => typed.split(separator).map(word => word.trim())
  return z.string().transform(typed => parted(typed).filter(word => word !== ''))
}
