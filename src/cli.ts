import { parseArgs } from 'node:util'
import { BackupError } from './backup/archive.ts'
import { type Command, Refusal } from './commands/command.ts'
import { commands } from './commands/index.ts'
import { ConfigError, configure } from './config.ts'
import { Problem } from './errors.ts'
import { settingsHelp } from './setting.ts'
import { settings } from './settings.ts'
import { StoreTooNew } from './store/migrations.ts'

const refused = 2
const exitCodes = 'Exit codes: 0 done; 1 a check failed; 2 the command could not run.'

function overview(): string {
  const list = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(14)} ${does}`)
  const foot = [
    'latchkey serve starts the server; it takes no options. latchkey serve --help lists the settings.',
    'latchkey COMMAND --help shows its options and examples. Commands read the same environment as the server.',
    exitCodes,
  ]
  return ['Usage: latchkey COMMAND', '', ...list, '', ...foot].join('\n')
}

function usage(name: string, { does, takes, help, examples }: Command): string {
  const shown = ['Examples:', ...examples.map(each => `  latchkey ${each}`)]
  return [`Usage: latchkey ${name} ${takes}`.trimEnd(), '', `${does}.`, '', help, '', ...shown, '', exitCodes].join(
    '\n',
  )
}

/** Finds the command that the first words name, and the words after them. */
function named(words: readonly string[]): [name: string, command: Command, rest: string[]] | undefined {
  for (let length = Math.min(words.length, 2); length > 0; length--) {
    const name = words.slice(0, length).join(' ')
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command) return [name, command, words.slice(length)]
  }
  return undefined
}

/** Describes every setting. */
function configuration(): string {
  const head =
    'Settings, all from the environment. A name that ends in _FILE is for the path of a file that holds the secret:'
  return [head, '', settingsHelp(settings)].join('\n')
}

async function main(words: readonly string[]): Promise<number> {
  const [first = '', second = ''] = words
  if (isHelp(first)) return say([overview(), '', configuration()].join('\n'))
  if (first === 'serve' && isHelp(second)) return say(['Usage: latchkey serve', '', configuration()].join('\n'))
  const found = named(words)
  if (!found) {
    if (first === '') return say(overview())
    process.stderr.write(`There is no such command.\n\n${overview()}\n`)
    return refused
  }
  const [name, command, args] = found
  const options = { ...command.options, help: { type: 'boolean', short: 'h' } } as const
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: command.words ?? false })
    if (values.help) return say(usage(name, command))
    const option = (each: string): string | undefined => {
      const value = (values as Record<string, unknown>)[each]
      return typeof value === 'string' ? value : undefined
    }
    return await command.run({
      option,
      each: name => ((values as Record<string, unknown>)[name] as string[] | undefined) ?? [],
      flag: each => (values as Record<string, unknown>)[each] === true,
      words: positionals,
      config: configure,
      out: process.stdout,
      beside: process.stderr,
    })
  } catch (fault) {
    process.stderr.write(`${told(fault)}\n`)
    if (isUsage(fault)) process.stderr.write(`\n${usage(name, command)}\n`)
    return refused
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

const isHelp = (word: string): boolean => ['help', '--help', '-h'].includes(word)
const isUsage = (fault: unknown): boolean => String((fault as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')

function told(fault: unknown): string {
  if (fault instanceof Problem && fault.code === 'unavailable') return 'The store cannot be reached.'
  if (fault instanceof ConfigError)
    return ['The configuration is not right:', ...fault.faults.map(each => `  - ${each}`)].join('\n')
  if (isUsage(fault)) return `${(fault as Error).message.split('. ', 1)[0]}.`
  if (fault instanceof Refusal || fault instanceof BackupError || fault instanceof StoreTooNew) return fault.message
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
}

// The reader may close the pipe before the end: `latchkey audit export | head`.
process.stdout.on('error', fault => {
  if ((fault as NodeJS.ErrnoException).code === 'EPIPE') process.exit(refused)
  throw fault
})
process.exitCode = await main(process.argv.slice(2))
