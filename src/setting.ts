import { isIP } from 'node:net'
import { z } from 'zod'

/** One setting: what it means, and how what an operator typed is read. */
export interface Setting<T> {
  means: string
  /** As README prints it. */
  default: string
  read: z.ZodType<T, string | undefined>
}

/** Declares a setting. */
export const setting = <T>(means: string, shown: string, read: z.ZodType<T, string | undefined>): Setting<T> => ({
  means,
  default: shown,
  read,
})

/** Words parted by commas. */
export const words = z.string().transform(text =>
  text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== ''),
)
/** A URL of one of these protocols. */
export const url = (...protocols: string[]) =>
  z.string().refine(text => protocols.includes(URL.canParse(text) ? new URL(text).protocol : ''), {
    error: `must be a URL of ${protocols.map(each => `${each}//`).join(' or ')}`,
  })
/** Where to listen, `host:port`. */
export const place = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, { error: 'must be host:port' })
  .refine(text => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, { error: 'must have a port up to 65535' })
/** A whole number between these, both included. */
export const whole = (low: number, high: number) =>
  z
    .string()
    .refine(text => /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high, {
      error: `must be a whole number from ${low} to ${high}`,
    })
    .transform(Number)
/** Countries (ISO 3166-1 alpha-2), parted by commas. */
export const countries = words
  .transform(list => list.map(each => each.toUpperCase()))
  .refine(list => list.length > 0 && list.every(each => /^[A-Z]{2}$/.test(each)), {
    error: 'must be countries of two letters each (ISO 3166-1)',
  })
/** `yes` or `no`; `no` unless told. */
export const yesOrNo = z
  .enum(['yes', 'no'], { error: 'must be yes or no' })
  .default('no')
  .transform(text => text === 'yes')
/** Is this an address or a CIDR block? */
export const block = (text: string): boolean => {
  const [address = '', bits, more] = text.split('/')
  const family = isIP(address)
  return (
    family > 0 &&
    more === undefined &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
  )
}

/** Is this where somebody can be written to, as RFC 9116, 2.5.3 has it? */
export const contact = (text: string): boolean =>
  /^[!-~]+$/.test(text) && URL.canParse(text) && /^(https:\/\/[^/]|mailto:[^@]+@.)/.test(text)

/** Is this the machine's own name or address (RFC 8252, 7.3)? */
export function loopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
