import type { Cost } from './child.ts'
import { drive } from './load.ts'

/** One side of a comparison: something that does the operation, and what it has cost so far. */
export interface Side {
  cost(): Promise<Cost>
  step(worker: number): Promise<void>
}

/** What each column of the table is. */
export const columns = {
  signer: 'node:http signer',
  bare: 'bare oidc-provider',
  hash: 'argon2id alone',
  few: 'Latchkey, few people',
  latchkey: 'Latchkey',
  mongoose: 'Latchkey on mongoose',
} as const
export type Column = keyof typeof columns

export interface Operation {
  name: string
  count: number
  concurrency: number
  sides: Partial<Record<Column, Side>>
  /** What Latchkey's ratio is over. */
  over?: Column
  /** At most so many times what it is over, so many CPU milliseconds beyond that, so many times the bare signer, and so many CPU milliseconds. */
  goal?: { ratio?: number; beyond?: number; signers?: number; ms?: number }
}

/** CPU milliseconds an operation: for each operation and column the figure of every round. */
export type Figures = Map<Operation, Partial<Record<Column, number[]>>>

/** Measures every operation on every side, after a round to warm up and in turns, so that what else the machine does falls on all of them alike. */
export async function measure(operations: readonly Operation[], rounds: number): Promise<Figures> {
  const figures: Figures = new Map()
  const sides = operations.flatMap(operation =>
    Object.entries(operation.sides).map(([column, side]) => ({ operation, column: column as Column, side })),
  )
  for (const { operation, side } of sides) await drive(operation.count, operation.concurrency, side.step)
  for (let round = 0; round < rounds; round += 1) {
    for (const { operation, column, side } of sides) {
      const before = await side.cost()
      await drive(operation.count, operation.concurrency, side.step)
      const after = await side.cost()
      const known = figures.get(operation) ?? {}
      figures.set(operation, {
        ...known,
        [column]: [...(known[column] ?? []), (after.cpu - before.cpu) / operation.count],
      })
    }
  }
  return figures
}

/** The middle figure. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** The figures as a table in Markdown: medians, the ratio, and whether the goal is met. */
export function table(figures: Figures): string {
  const shown = (Object.keys(columns) as Column[]).filter(column => [...figures.values()].some(each => each[column]))
  const rows = [...figures].map(([operation, each]) => {
    const medians = Object.fromEntries(shown.map(column => [column, each[column] && median(each[column])]))
    const cells = shown.map(column => milliseconds(medians[column]))
    return [
      `${operation.name} (${operation.count} × ${operation.concurrency})`,
      ...cells,
      ...verdict(operation, medians),
    ]
  })
  const head = ['CPU ms an operation', ...shown.map(column => columns[column]), 'ratio', 'goal', 'met']
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map(row => (row[at] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(head), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

function verdict(
  { over, goal = {} }: Operation,
  medians: Record<string, number | undefined>,
): [string, string, string] {
  const { latchkey: ours = Number.NaN, signer = Number.NaN } = medians
  const beside = (over && medians[over]) ?? Number.NaN
  const ratio = ours / beside
  const bounds: [string, number | undefined, number][] = [
    ['×', goal.ratio, ratio],
    ['ms beyond it', goal.beyond, ours - beside],
    ['× the signer', goal.signers, ours / signer],
    ['ms', goal.ms, ours],
  ]
  const goals = bounds.flatMap(([unit, bound, figure]) =>
    bound === undefined ? [] : [{ said: `≤ ${bound} ${unit}`, met: figure <= bound }],
  )
  const met = goals.length === 0 || medians.latchkey === undefined ? '' : goals.every(each => each.met) ? 'yes' : 'no'
  return [Number.isNaN(ratio) ? '' : ratio.toFixed(2), goals.map(each => each.said).join(', '), met]
}

function milliseconds(figure: number | undefined): string {
  if (figure === undefined) return ''
  return figure.toFixed(figure < 1 ? 3 : 2)
}
