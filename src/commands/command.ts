import { existsSync } from 'node:fs'
import type { Writable } from 'node:stream'
import type { ParseArgsConfig } from 'node:util'
import type { Config } from '../config.ts'
import { secretsOf } from '../config.ts'
import { type Keyring, keyring } from '../crypto/keyring.ts'
import type { Store } from '../store/collection.ts'
import { openStore } from '../store/open.ts'

/** What an operator can ask for at the command line. */
export interface Command {
  /** One line of the list of commands. */
  does: string
  /** What may follow its name, as its help prints it. */
  takes: string
  options: NonNullable<ParseArgsConfig['options']>
  /** May words follow that are no options? */
  words?: true
  /** What its options mean, and what else to know. */
  help: string
  /** Resolves to the exit code: 0 when done, 1 when what was to be checked does not hold. Throws Refusal. */
  run(given: Given): Promise<number>
}

export interface Given {
  /** The value of an option that takes one. */
  option(name: string): string | undefined
  /** Tells whether an option without a value was given. */
  flag(name: string): boolean
  /** What follows the command's name and is no option. */
  words: readonly string[]
  /** Reads the configuration, for a command that needs it. Throws ConfigError. */
  config(): Config
  /** What the command is for goes here: what a script would read. */
  out: Writable
  /** And what people want to know besides here. */
  beside: Writable
}

/** Why a command could not do what it was asked, in words for the operator. */
export class Refusal extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Refusal'
  }
}

/** Lends the configured store, and the keys of the configured secrets. Throws Refusal where there is no such store yet. */
export async function withStore<R>(config: Config, act: (store: Store, keys: () => Keyring) => Promise<R>): Promise<R> {
  const path = /^sqlite:(.*)$/.exec(config.store)?.[1]
  if (path === ':memory:') throw new Refusal('A store in memory can be seen by the process that serves from it alone.')
  // Opening would make one, and an empty store is as sound as can be.
  if (path !== undefined && !existsSync(path)) throw new Refusal(`There is no store at ${path} (LATCHKEY_STORE).`)
  const store = await openStore(config.store, { now: Date.now, sweep: false })
  try {
    return await act(store, () => keyring(secretsOf(config)))
  } finally {
    await store.close()
  }
}
