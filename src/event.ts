import { z } from 'zod'

/** How much it matters. What is `routine` (a token that was asked for and given) is tallied and not kept. */
export type Level = 'routine' | 'info' | 'notice' | 'warning'

interface Declared<S extends z.ZodObject> {
  level: Level
  data: S
  /** Who is told of it, beside the log. */
  tell: 'owner' | 'tally' | undefined
}

/** Declares an event. Its data is strict, so that nothing undeclared, and no secret, reaches a log. */
export const event = <S extends z.ZodRawShape>(
  level: Level,
  data: S,
  { tell }: { tell?: 'owner' | 'tally' } = {},
): Declared<z.ZodObject<S>> => ({ level, data: z.strictObject(data) as unknown as z.ZodObject<S>, tell })
/** Its account's owner hears of it at once: see `observers/alerts.ts`. */
export const told = { tell: 'owner' } as const
/** Strangers can repeat it for ever: the audit log has how often it was, see `observers/tally.ts`. */
export const tallied = { tell: 'tally' } as const
