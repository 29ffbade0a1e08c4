import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs, promisify } from 'node:util'
import { expect } from 'chai'
import { commands } from '../src/commands/index.ts'
import { listed } from '../src/setting.ts'
import { settings } from '../src/settings.ts'
import { latchkeyCli } from './support/cli.ts'

const run = promisify(execFile)

describe('latchkey', () => {
  it('lists its commands', async () => {
    for (const words of [[], ['help'], ['--help']]) {
      const { code, out, err } = await latchkeyCli(words)
      expect([code, err]).to.deep.equal([0, ''])
      expect(out).to.match(/^Usage: latchkey COMMAND\n\n {2}apps change {4}\w/)
    }
  })

  it('lists every setting, with what it means and what is done without it', async () => {
    for (const words of [['--help'], ['serve', '--help']]) {
      const { code, out } = await latchkeyCli(words)
      expect(code).to.equal(0)
      expect(out).to.include('  LATCHKEY_WORKERS (default: 1)\n      How many processes serve.\n')
      expect(out).to.include('  LATCHKEY_SECRETS or LATCHKEY_SECRETS_FILE (default: ')
      for (const { name } of listed(settings)) expect(out).to.include(`  ${name} `)
    }
  })

  it('does what docs/operating/commands.md lists, and nothing else', async () => {
    const { out } = await latchkeyCli([])
    const does = [...out.matchAll(/^ {2}(\S+(?: \S+)?) +([A-Z].*)$/gm)].map(
      ([, name, what]) => `| \`${name}\` | ${what} |`,
    )
    const [table = ''] =
      readFileSync('docs/operating/commands.md', 'utf8').match(/(?<=^\| command \|.*\n.*\n)(\|.*\n)+/m) ?? []
    expect(table.trimEnd().split('\n')).to.deep.equal(does)
  })

  it('says what a command takes', async () => {
    const { code, out } = await latchkeyCli(['audit', 'verify', '--help'])
    expect(code).to.equal(0)
    expect(out).to.include('Usage: latchkey audit verify [--head FILE').and.to.include('Exits with 1')
    expect(out).to.include('Examples:\n  latchkey audit verify\n').and.to.include('Exit codes: 0 done;')
  })

  it('shows examples that its own parser understands', () => {
    for (const [name, { examples, options, words }] of Object.entries(commands)) {
      expect(examples, name).to.not.have.lengthOf(0)
      for (const example of examples) {
        const [typed = ''] = example.split(/ [>|] /)
        expect(typed.startsWith(name), example).to.equal(true)
        const args = typed.slice(name.length).split(' ').filter(Boolean)
        expect(() => parseArgs({ args, options, allowPositionals: words ?? false }), example).to.not.throw()
      }
    }
  })

  it('completes commands, their options and shells in bash', async () => {
    const { code, out } = await latchkeyCli(['completion', 'bash'])
    expect(code).to.equal(0)
    const completed = async (...words: string[]) => {
      const asked = `${out}\nCOMP_WORDS=(latchkey "$@"); COMP_CWORD=$#; _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout } = await run('bash', ['--norc', '-c', asked, 'bash', ...words])
      return stdout.trim().split('\n')
    }
    expect(await completed('au')).to.deep.equal(['audit'])
    expect(await completed('audit', '')).to.deep.equal(['verify', 'export', 'keys'])
    expect(await completed('audit', 'verify', '--j')).to.deep.equal(['--jwks', '--json'])
    expect(await completed('completion', 'z')).to.deep.equal(['zsh'])
    expect(await completed('nonsense', '')).to.deep.equal([''])
  })

  it('prints the completion of zsh, and refuses other shells', async () => {
    expect((await latchkeyCli(['completion', 'zsh'])).out).to.match(/^autoload -U \+X bashcompinit/)
    for (const words of [[], ['fish'], ['bash', 'zsh']])
      expect(await latchkeyCli(['completion', ...words])).to.include({ code: 2, out: '' })
  })

  it('answers what it does not understand with what it would', async () => {
    const asked: [string[], string][] = [
      [['audit'], 'There is no such command.'],
      [['constructor'], 'There is no such command.'],
      [['audit', 'verify', '--nonsense'], "Unknown option '--nonsense'."],
      [['audit', 'verify', 'nonsense'], "Unexpected argument 'nonsense'."],
    ]
    for (const [words, told] of asked) {
      const { code, out, err } = await latchkeyCli(words)
      expect([code, out, err.split('\n')[0]]).to.deep.equal([2, '', told])
      expect(err).to.include('Usage: latchkey')
    }
  })

  it('tells every fault of the configuration by its name', async () => {
    const { code, err } = await latchkeyCli(['audit', 'verify'], { LATCHKEY_WORKERS: 'x', LATCHKEY_STORY: 'x' })
    expect(code).to.equal(2)
    expect(err).to.match(
      /^The configuration is not right:\n {2}- LATCHKEY_STORY is not a setting\n {2}- LATCHKEY_WORKERS/,
    )
  })

  it('says that the store is away', async () => {
    const { code, err } = await latchkeyCli(['audit', 'verify'], { LATCHKEY_STORE: `sqlite:${tmpdir()}` })
    expect([code, err]).to.deep.equal([2, 'The store cannot be reached.\n'])
  })
})
