import { existsSync, readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import type { ParseArgsConfig } from 'node:util'
import type { Config } from '../config.ts'
import { secretsOf } from '../config.ts'
import { type Keyring, keyring } from '../crypto/keyring.ts'
import type { Emit } from '../events.ts'
import { audit } from '../observers/audit.ts'
import { recorder } from '../observers/recorder.ts'
import type { Store } from '../store/collection.ts'
import { openStore } from '../store/open.ts'

/** What an operator can ask for at the command line. */
export interface Command {
  /** One line of the list of commands. */
  does: string
  /** What may follow its name, as its help prints it. */
  takes: string
  options: NonNullable<ParseArgsConfig['options']>
  /** Whether it takes words beside its options. */
  words?: true
  /** What its options mean, and what else to know. */
  help: string
  /** Command lines that its help shows, without the leading `latchkey`. */
  examples: readonly string[]
  /** Resolves to the exit code: 0 when done, 1 when a check failed. Throws Refusal. */
  run(given: Given): Promise<number>
}

export interface Given {
  /** The value of an option that takes one. */
  option(name: string): string | undefined
  /** The values of an option that may be given again. */
  each(name: string): readonly string[]
  /** Returns whether an option without a value was given. */
  flag(name: string): boolean
  /** The words after the command's name that are no options. */
  words: readonly string[]
  /** Reads the configuration, for a command that needs it. Throws ConfigError. */
  config(): Config
  /** Takes the result: what a script reads. */
  out: Writable
  /** Takes what people want to know besides. */
  beside: Writable
}

/** The options of a command that prints data. */
export const json = { json: { type: 'boolean' } } as const

/** Prints data as one line of JSON with `--json`, and as these lines of text without. */
export function answer({ flag, out }: Given, data: unknown, lines: readonly string[]): void {
  const text = flag('json') ? [JSON.stringify(data)] : lines
  out.write(text.map(each => `${each}\n`).join(''))
}

/** Why a command could not do what it was asked, in words for the operator. */
export class Refusal extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Refusal'
  }
}

/** Opens the configured store for one act, and derives the keys of the configured secrets. Throws Refusal where there is no such store yet. */
export async function withStore<R>(config: Config, act: (store: Store, keys: () => Keyring) => Promise<R>): Promise<R> {
  const path = /^sqlite:(.*)$/.exec(config.store)?.[1]
  if (path === ':memory:') throw new Refusal('Only the process that serves from a store in memory can read it.')
  // Opening would create one, and an empty store passes every check.
  if (path !== undefined && !existsSync(path)) throw new Refusal(`There is no store at ${path} (LATCHKEY_STORE).`)
  const store = await openStore(config.store, { now: Date.now, sweep: false })
  try {
    return await act(store, () => keyring(secretsOf(config)))
  } finally {
    await store.close()
  }
}

/** Returns a function that records an act of the operator in the audit log. */
export function recording(store: Store, { beside }: Pick<Given, 'beside'>): Emit {
  return recorder([audit({ store })], Date.now, fault => beside.write(`${fault}\n`))
}

/** Reads the file that an option names; `-` is standard input. Throws Refusal. */
export function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (fault) {
    throw new Refusal(`${file} cannot be read (${(fault as NodeJS.ErrnoException).code}).`)
  }
}
