import { z } from 'zod'

/**
 * Text that a page shows as it is read: composed, of one script a word, without what cannot be seen or turns the direction
 * around, and without marks heaped on a letter (Unicode TR 36, 2 and 3).
 */
export function plain(text: string): boolean {
  if (!text.isWellFormed() || text.normalize('NFC') !== text || text.trim() !== text) return false
  if (/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}| {2}|\p{M}{3}/u.test(text)) return false
  return text.split(/[^\p{L}\p{M}]+/u).every(word => confusable.filter(script => script.test(word)).length <= 1)
}

/** Scripts whose letters look alike. */
const confusable = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
]

const shown = (most: number) => z.string().min(1).max(most).refine(plain, { error: 'must be plain text' })
/** A decimal, never a number: what is signed must not be rounded. */
const amount = z
  .string()
  .regex(/^(0|[1-9]\d{0,17})(\.\d{1,18})?$/, { error: 'must be a decimal, as text' })
  .refine(text => /[1-9]/.test(text), { error: 'must be more than nothing' })

const payment = z.strictObject({
  type: z.literal('payment'),
  amount,
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/, { error: 'must be a code of three letters' }),
  creditor: z.strictObject({
    name: shown(70),
    /** An IBAN, or a number as its bank writes it, without spaces. */
    account: z.string().regex(/^[A-Z0-9][A-Z0-9-]{3,33}$/, { error: 'must be an account number' }),
  }),
  reference: shown(140).optional(),
})

const withdrawal = z.strictObject({
  type: z.literal('withdrawal'),
  asset: z.string().regex(/^[A-Z0-9]{2,12}$/, { error: 'must be a symbol of capital letters and digits' }),
  amount,
  network: z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/, { error: 'must be a name of lower-case letters' }),
  address: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9:._-]{9,127}$/, { error: 'must be an address of that network' }),
  memo: shown(140).optional(),
})

const types = { payment, withdrawal } as const

/** What people can be asked to approve (RFC 9396, 2): the values of `type`. */
export const detailTypes = ['payment', 'withdrawal'] as const satisfies (keyof typeof types)[]
export type DetailType = (typeof detailTypes)[number]
/** One of them, whole: no member more than those. */
export type Detail = z.output<typeof payment> | z.output<typeof withdrawal>

/** Reads a member of `authorization_details`; what is wrong with it, otherwise. */
export function readDetail(type: DetailType, raw: unknown): { detail: Detail } | { fault: string } {
  const read = types[type].safeParse(raw)
  if (read.success) return { detail: read.data }
  const [{ path, message, code } = { path: [], message: '', code: '' }] = read.error.issues
  return { fault: code === 'unrecognized_keys' ? 'has a member that is not known' : `${path.join('.')} ${message}` }
}

/** What is the same about all of them. */
export interface Facts {
  type: DetailType
  amount: string
  /** The currency or the asset. */
  unit: string
  /** The address or account that it goes to. */
  to: string
  name?: string | undefined
  network?: string | undefined
  /** What it says of itself: a reference, a memo. */
  note?: string | undefined
}

/** Reads the facts of one. */
export function factsOf(detail: Detail): Facts {
  const { type, amount } = detail
  if (detail.type === 'payment') {
    const { currency: unit, creditor, reference: note } = detail
    return { type, amount, unit, to: creditor.account, name: creditor.name, note }
  }
  const { asset: unit, address: to, network, memo: note } = detail
  return { type, amount, unit, to, network, note }
}
