import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { z } from 'zod'
import { events } from '../../src/events.ts'
import { eventShape } from '../../src/feeds/event-feed.ts'

const page = readFileSync('docs/events.md', 'utf8')

/** The table of all events that are kept, as docs/events.md prints it. */
function eventsTable(): string {
  const rows = Object.entries(events)
    .filter(([, { level }]) => level !== 'routine')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { level, data }]) => {
      const fields = Object.entries(data.shape as Record<string, z.ZodType>).map(
        ([field, shape]) => `\`${field}${shape.safeParse(undefined).success ? '?' : ''}\``,
      )
      return `| \`${name}\` | ${level} | ${fields.join(', ')} |`
    })
  return ['| name | level | data |', '|---|---|---|', ...rows].join('\n')
}

describe('docs/events.md', () => {
  it('prints the table of events as events.ts declares them', () => {
    const [table] = page.match(/^\| name \| level \| data \|\n(\|.*\n)+/m) ?? []
    expect(table?.trimEnd()).to.equal(eventsTable())
  })

  it('describes every field of the schema, and shows one event that fits it', () => {
    const [, json = ''] = page.match(/```json\n([\s\S]*?)```/) ?? []
    const example = JSON.parse(json)
    expect(eventShape.strict().parse(example)).to.deep.equal(example)
    expect(Object.keys(example)).to.have.members(Object.keys(eventShape.shape))
    const [, table = ''] = page.match(/^(\| field [\s\S]*?)\n\n/m) ?? []
    for (const field of Object.keys(eventShape.shape)) expect(table).to.contain(`\`${field}\``)
  })
})
