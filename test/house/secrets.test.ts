import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { sources } from './rules.ts'

/** What they seal is gone within the hour, or is of a developer's machine. */
const fleeting = [
  'src/flows/challenge.ts',
  'src/flows/sign-up.ts',
  'src/delivery/development.ts',
  'src/records/remote-requests.ts',
]

describe('what is sealed', () => {
  it('is sealed anew by `latchkey secrets reseal`, wherever it lives on', () => {
    const command = readFileSync('src/commands/secrets-command.ts', 'utf8')
    const sealing = sources('src', '.ts').filter(
      ({ path, text }) => /\.seal\(/.test(text) && !/crypto|commands/.test(path),
    )
    for (const { path, text } of sealing.filter(each => !fleeting.includes(each.path))) {
      const [, , context = 'a context with a name'] = /\.seal\((.*?), (\w+Context)\(/s.exec(text) ?? []
      expect(command, `${path}: ${context}`).to.include(context)
    }
    expect(sealing.length).to.be.greaterThan(fleeting.length)
  })
})
