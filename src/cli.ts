import { parseArgs } from 'node:util'
import { auditExport, auditKeys } from './commands/audit-command.ts'
import { auditVerify } from './commands/audit-verify.ts'
import { clientsInvite, clientsList, clientsRemove } from './commands/clients.ts'
import { type Command, Refusal } from './commands/command.ts'
import { doctor } from './commands/doctor.ts'
import { keysList, keysReplace, keysRotate } from './commands/keys-command.ts'
import { roleGive, roleList, roleTake } from './commands/role-command.ts'
import { secretsReseal } from './commands/secrets-command.ts'
import { signRequest } from './commands/sign-command.ts'
import { storeCopy } from './commands/store-command.ts'
import { ConfigError, configure } from './config.ts'
import { Problem } from './errors.ts'
import { settingsHelp } from './setting.ts'
import { settings } from './settings.ts'
import { StoreTooNew } from './store/migrations.ts'

/** Everything that an operator can ask for, by its words. */
const commands: Readonly<Record<string, Command>> = {
  'audit verify': auditVerify,
  'audit export': auditExport,
  'audit keys': auditKeys,
  'clients invite': clientsInvite,
  'clients list': clientsList,
  'clients remove': clientsRemove,
  doctor,
  'keys list': keysList,
  'keys rotate': keysRotate,
  'keys replace': keysReplace,
  'role give': roleGive,
  'role take': roleTake,
  'role list': roleList,
  'secrets reseal': secretsReseal,
  sign: signRequest,
  'store copy': storeCopy,
}

const refused = 2

function overview(): string {
  const list = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(14)} ${does}`)
  const foot = [
    'latchkey serve starts the server; it takes no options. latchkey serve --help lists the settings.',
    'latchkey COMMAND --help says more. The configuration is that of the environment, as for serving.',
    'Exit codes: 0 done; 1 what was checked does not hold; 2 it could not be done.',
  ]
  return ['Usage: latchkey COMMAND', '', ...list, '', ...foot].join('\n')
}

function usage(name: string, { does, takes, help }: Command): string {
  return [`Usage: latchkey ${name} ${takes}`.trimEnd(), '', `${does}.`, '', help].join('\n')
}

/** The command that the first words name, and what follows them. */
function named(words: readonly string[]): [name: string, command: Command, rest: string[]] | undefined {
  for (let length = Math.min(words.length, 2); length > 0; length--) {
    const name = words.slice(0, length).join(' ')
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command) return [name, command, words.slice(length)]
  }
  return undefined
}

/** Every setting, in words. */
function configuration(): string {
  const head = 'Settings, all from the environment. A name with _FILE names a file that holds what is secret:'
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
  if (fault instanceof Refusal || fault instanceof StoreTooNew) return fault.message
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
}

// Whoever reads may have read enough: `latchkey audit export | head`.
process.stdout.on('error', fault => {
  if ((fault as NodeJS.ErrnoException).code === 'EPIPE') process.exit(refused)
  throw fault
})
process.exitCode = await main(process.argv.slice(2))
