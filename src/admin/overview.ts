import { z } from 'zod'
import { type Figures, figureNames, type Period, periods } from '../observers/figures.ts'
import { operation, time } from './operation.ts'

const point = z.object({ at: time, count: z.number() })

/** Shows how often what happened in a period, by the hour or by the day. */
export function overview({ figures }: { figures: Pick<Figures, 'read'> }) {
  const names = Object.keys(periods) as [Period, ...Period[]]
  return operation({
    id: 'overview.get',
    means: 'Counts sign-ins, failures, factors, holds, tokens and deliveries of the last day, week or quarter.',
    scope: 'admin:overview.read',
    at: 'GET /overview',
    args: z.object({ period: z.enum(names).default('day') }),
    result: z.object({ period: z.enum(names), figures: z.record(z.enum(figureNames), z.array(point)) }),
    run: async ({ period }) => {
      const read = figureNames.map(async name => [name, await figures.read(name, period)] as const)
      const all = Object.fromEntries(await Promise.all(read)) as Record<
        (typeof figureNames)[number],
        z.output<typeof point>[]
      >
      return { period, figures: all }
    },
  })
}
