import { expect } from 'chai'
import { z } from 'zod'
import { type Collection, Conflict, declare, type Store } from '../../src/store/collection.ts'

/** What the cases of the contract stand on: an engine, one collection of it, and the clock. */
export interface Ground {
  time: number
  store: Store
  things: Collection<Thing>
}

const shape = z.object({
  id: z.string(),
  expiresAt: z.number().optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  account: z.string().optional(),
  at: z.number().optional(),
  spent: z.boolean().optional(),
  tries: z.number().optional(),
  note: z.string().optional(),
  secret: z.looseObject({}).optional(),
})
export type Thing = z.infer<typeof shape>
export const declaration = declare<Thing>({
  name: 'things',
  shape,
  unique: ['email', 'phone'],
  indexes: ['account', ['account', 'at'], 'at', 'spent', 'expiresAt'],
})

/** The field of the Conflict that an act must end in. */
export const conflict = async (act: Promise<unknown>): Promise<string> => {
  const fault = await act.then(
    () => undefined,
    (fault: unknown) => fault,
  )
  expect(fault).to.be.instanceOf(Conflict)
  return (fault as Conflict).field
}
/** What an act throws, if anything. */
export const refusal = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => undefined,
    (fault: unknown) => fault,
  )
/** The ids found, as one word. */
export const ids = (found: { id: string }[]): string => found.map(each => each.id).join('')
/** Fifty at once. */
export const fifty = <R>(act: (turn: number) => Promise<R>): Promise<PromiseSettledResult<R>[]> =>
  Promise.allSettled(Array.from({ length: 50 }, (_, turn) => act(turn)))
/** What those that were fulfilled resolved to. */
export const values = <R>(settled: PromiseSettledResult<R>[]): R[] =>
  settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
