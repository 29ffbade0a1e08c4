import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { AdminScope } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import type { EventName, Origin } from '../events.ts'

/** The longest reason that is kept, in characters. */
const longest = 500

/** Who performs an operation: one of the staff, or a program that acts for the operator. */
export interface Operator {
  /** The account of the member of staff; absent for a program. */
  staff?: Account | undefined
  /** The client id of a program. */
  client?: string | undefined
  /** What they may do: that of their roles, and no more than their token's scopes. */
  scopes: ReadonlySet<AdminScope>
  /** The request alone: the person can read the events of their account, and where staff are is not theirs to know. */
  origin: Pick<Origin, 'request'>
  /** Aborts when they have gone away before they were answered. */
  gone?: AbortSignal
}

/** Who confirms what was proposed, and why. */
export interface Second {
  by: Operator
  reason: string
  /** Whose word alone it is then: that of the one who confirms, where a program proposed it. */
  alone?: string | undefined
}

/** One thing that staff and programs can do. It is declared once: console pages, the admin API and its OpenAPI document read this. */
export interface Operation<Args extends z.ZodObject = z.ZodObject, Out extends z.ZodType = z.ZodType> {
  /** Names it in addresses, events and phrases: `people.lock`. */
  id: string
  /** What it does, in one English sentence, for the API's documentation. */
  means: string
  /** What it takes to perform it: a role's scope, and a token's. */
  scope: AdminScope
  /** Its method and path below /admin/api; `{name}` is an argument. What changes something is posted. */
  at: `${'GET' | 'POST'} /${string}`
  args: Args
  result: Out
  /** What is on record of it, where it changes something. */
  event?: EventName
  /** It takes something from a person's account or its protection: `run` only proposes it, and this does it once another of the staff has confirmed it, given the number that `check` resolved to at first, and who confirmed it. */
  confirmed?(args: z.output<Args>, seen: number | undefined, second: Second): Promise<void>
  /** Throws what would stop it, before it is proposed, and again before it is done; a number that it resolves to is kept with the proposal. */
  check?(args: z.output<Args>): Promise<unknown>
  /** Staff may do it to their own account. */
  own?: true
  /** Its answer is a person's and not kept for an Idempotency-Key: it is performed anew. */
  unkept?: true
  run(args: z.output<Args>, by: Operator): Promise<z.output<Out>>
}

/** Declares an operation; its types follow from its arguments' and its result's schema. */
export const operation = <Args extends z.ZodObject, Out extends z.ZodType>(declared: Operation<Args, Out>) => declared

/** Tells whether an operation changes anything: it needs a fresh proof then. */
export const changes = ({ at }: Pick<Operation, 'at'>): boolean => at.startsWith('POST')

/** The argument of what is about one account, and that of what is done for a reason. */
export const toAccount = { account: z.string().max(100) }
export const forReason = { reason: z.string().max(longest) }
/** The result of what only needs to be done. */
export const nothing = z.object({})
/** Any time that an operation takes or tells. */
export const time = z.number().describe('Milliseconds since the epoch')

/** Who performed an operation and why, as events record it. */
export function recordOf({ staff, client }: Operator, reason?: string) {
  return { staff: staff?.id, client, reason: reason?.trim() }
}

/**
 * Parses arguments, and checks that this operator may perform the operation with them. Throws `malformed`, `not_permitted`,
 * `reason_needed`, and `own_case` for staff who would do it to their own account.
 */
export function permitted<Args extends z.ZodObject>(
  { scope, args: shape, own, ...declared }: Pick<Operation<Args>, 'scope' | 'args' | 'at' | 'own'>,
  given: unknown,
  { staff, scopes }: Operator,
): z.output<Args> {
  if (!scopes.has(scope)) throw new Problem('not_permitted')
  const { data } = shape.safeParse(given)
  if (!data) throw new Problem('malformed')
  const { account, reason } = data as { account?: string; reason?: string }
  if (changes(declared) && !own && staff !== undefined && account === staff.id) throw new Problem('own_case')
  if (reason !== undefined && reason.trim() === '') throw new Problem('reason_needed', { field: 'reason' })
  return data
}
