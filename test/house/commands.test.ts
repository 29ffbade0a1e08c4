import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { commands } from '../../src/commands/index.ts'
import { type Block, blocksOf, commandsIn, elsewhere, pages } from '../support/documented.ts'

const blocks = pages.flatMap(blocksOf)
const read = (path: string) => readFileSync(path, 'utf8')
const list = read('docs/operating/commands.md')
const named = ({ page, line }: Block) => `${page}:${line}`

describe('the commands of the docs', () => {
  it('are run by a test, unless the page says why not, and the list of these says so, too', () => {
    const marked = blocks.filter(({ mark }) => mark?.startsWith('Not run'))
    const told = marked.flatMap(({ page, text }) =>
      commandsIn(text).map(each => `| [${page}](../../${page}) | \`${each.replaceAll('|', '\\|')}\` |`),
    )
    expect(told.length).to.be.greaterThan(10)
    const rows = [...list.matchAll(/^(\| \[.*\]\(\.\.\/\.\.\/.*\) \| .* \|)$/gm)].map(([row]) => row)
    expect(rows).to.deep.equal(told)
    for (const each of marked) expect(each.mark, named(each)).to.match(/^Not run\. \S.{15}/)
  })

  it('are stages of .ci/run, where the page says that it runs them', () => {
    const stages = read('.ci/run') + read('.ci/fresh-start.mjs')
    const staged = blocks.filter(({ mark }) => mark?.startsWith('Run by'))
    expect(staged.length).to.be.greaterThan(1)
    for (const each of staged) {
      expect(each.mark, named(each)).to.match(/^Run by \[\.ci\/run\]/)
      const steps = commandsIn(each.text).flatMap(command => command.split(' && '))
      expect(steps.filter(step => !stages.includes(step))).to.deep.equal([], named(each))
    }
  })

  it('are taken from the page by the test that is said to run them', () => {
    for (const [there, test] of elsewhere) {
      const some = pages.filter(page => there.test(page) && blocksOf(page).length > 0)
      expect(some, String(there)).to.not.deep.equal([])
      expect(read(test), test).to.include('blocksOf(')
    }
  })

  it('are in blocks that say that they are of a shell', () => {
    const typed = /^ *(\w+=\S* )*(\.\/)?(latchkey|npm|npx|node|curl|openssl|docker|systemctl|promtool) [^\s=]/m
    const hidden = pages.flatMap(page => {
      const text = read(page)
      const fences = [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^\1```$/gm)]
      const rest = fences.reduce((left, [block]) => left.replace(block, ''), text)
      const indented = rest.split('\n').filter(line => /^ {4,}\S/.test(line) && typed.test(line))
      return [
        ...fences
          .filter(
            ([, , language = '', block = '']) => !/^(sh|bash|console|shell)\b/.test(language) && typed.test(block),
          )
          .map(([, , , each]) => each),
        ...indented,
        ...(text.match(/^ *~~~.*$/gm) ?? []),
      ].map(each => `${page}: ${each}`)
    })
    expect(hidden).to.deep.equal([])
  })

  it('exist, with the options that they are shown with, in the middle of a sentence, too', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const inline = pages.flatMap(page =>
      [
        ...read(page)
          .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
          .matchAll(/`((?:\.\/)?latchkey|npm run) ([^`]+)`/g),
      ].map(([, program, rest = '']) => ({ page, program, words: rest.split(/\s+/) })),
    )
    expect(inline.length).to.be.greaterThan(40)
    for (const { page, program, words } of inline) {
      const what = `${page}: ${program} ${words.join(' ')}`
      if (program === 'npm run') {
        expect(Object.keys(scripts), what).to.include(words.find(each => !each.startsWith('-')))
        continue
      }
      if (/^(serve|COMMAND)$/.test(words[0] ?? '')) continue
      const name = [2, 1].map(count => words.slice(0, count).join(' ')).find(each => Object.hasOwn(commands, each))
      const family = Object.keys(commands).some(each => each.startsWith(`${words[0]} `)) && words.length === 1
      if (family) continue
      const command = commands[name ?? ''] ?? expect.fail(`there is no such command: ${what}`)
      const args = words.slice(name?.split(' ').length).filter(each => each !== '--help')
      // In a sentence an option may stand without its value.
      const options = Object.fromEntries(args.filter(each => each.startsWith('--')).map(each => [each.slice(2), true]))
      expect(Object.keys({ ...command.options, help: 1 }), what).to.include.members(Object.keys(options))
    }
  })
})
