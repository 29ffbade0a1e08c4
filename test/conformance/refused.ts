import { expect } from 'chai'
import type { Ground } from './ground.ts'

/** A request that was refused, in the log. */
export interface Line {
  refused: string
  request: string
  client?: string
  parameter?: string
  expected?: string
  received?: string
  why?: string
  route: string
  status: number
}

/** What an operator reads about it. */
export type Told = Partial<
  Record<'refused' | 'client' | 'parameter' | 'expected' | 'received' | 'why', string | RegExp>
>

/** The one line about a request, by the id that its answer carries. */
export function lineOf(here: Ground, id: string | null): Line {
  const lines = here.latchkey
    .logged()
    .split('\n')
    .filter(line => line.includes(`"request":"${id}"`) && line.includes('"refused"'))
  expect(lines, `lines about ${id}`).to.have.length(1)
  return JSON.parse(lines[0] ?? '') as Line
}
/** Expects a line to say this. */
export function says(line: Line, told: Told): void {
  for (const [name, expected] of Object.entries(told)) {
    const text = String(line[name as keyof Line])
    if (typeof expected === 'string') expect(text, `${name} of ${JSON.stringify(line)}`).to.equal(expected)
    else expect(text, `${name} of ${JSON.stringify(line)}`).to.match(expected)
  }
}
