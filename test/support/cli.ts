import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Command, Refusal } from '../../src/commands/command.ts'
import { configure } from '../../src/config.ts'

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export interface Ran {
  code: number
  /** Standard output. */
  out: string
  /** Standard error. */
  err: string
}

/** Runs `latchkey` with these words, in an environment that has nothing of Latchkey's but this. */
export async function latchkeyCli(words: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_') && name !== 'NODE_ENV')
  const env = { ...Object.fromEntries(rest), ...environment }
  const child = spawn(process.execPath, [cli, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

/** The same within this process, which is quicker: the command that the first word names, of these. */
export async function within(
  commands: Readonly<Record<string, Command>>,
  [name = '', ...args]: readonly string[],
  environment: Record<string, string>,
): Promise<Ran> {
  const command = commands[name] as Command
  const { values, positionals } = parseArgs({ args, options: command.options, allowPositionals: true })
  const [out, beside] = [new PassThrough(), new PassThrough()]
  const written = Promise.all([text(out), text(beside)])
  const option = (each: string) => values[each] as string | undefined
  const all = (each: string) => (values[each] as string[] | undefined) ?? []
  const flag = (each: string) => values[each] === true
  const given = { option, each: all, flag, words: positionals, config: () => configure(environment), out, beside }
  const code = await command.run(given).catch(fault => {
    if (!(fault instanceof Refusal)) throw fault
    beside.write(fault.message)
    return 2
  })
  for (const each of [out, beside]) each.end()
  const [said, told] = await written
  return { code, out: said, err: told }
}
