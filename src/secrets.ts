import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from './config.ts'
import { token } from './crypto/random.ts'

/** The configured secrets, or in development ones that are made once and kept beside the store. */
export function secretsOf({ secrets, store }: Config): readonly string[] {
  if (secrets) return secrets
  if (store === 'sqlite::memory:') return [token()]
  const folder = store.startsWith('sqlite:') ? dirname(store.slice('sqlite:'.length)) : 'data'
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'secrets')
  try {
    // Of several processes that start at once, the one that makes the file decides.
    writeFileSync(file, `${token()}\n`, { flag: 'wx', mode: 0o600 })
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault
  }
  return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
}
