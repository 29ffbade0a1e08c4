import type { z } from 'zod'

/** One setting: its name in the environment, what it means, and how the text that an operator typed is read. */
export interface Setting<T> {
  name: string
  means: string
  /** What is done without it, as README and `--help` print it. */
  otherwise: string
  /** Whether its text may be kept in a file, which the same name with `_FILE` names. */
  secret: boolean
  read: z.ZodType<T, string | undefined>
}

/** Declares a setting, `NAME=initial`: it is read as `initial` where nothing is typed. */
export function setting<T>(named: string, means: string, read: z.ZodType<T, string>, secret?: 'secret'): Setting<T> {
  const [name = '', initial = ''] = named.split('=')
  return { name, means, otherwise: initial || 'none', read: read.prefault(initial), secret: secret !== undefined }
}

/** Declares a setting that is undefined where nothing is typed; `otherwise` says what is done then. */
export function optional<T>(
  name: string,
  means: string,
  otherwise: string,
  read: z.ZodType<T, string>,
  secret?: 'secret',
): Setting<T | undefined> {
  return { name, means, otherwise, read: read.optional(), secret: secret !== undefined }
}

/** Settings in the groups in which their values are handed on. */
export interface Settings {
  readonly [key: string]: Setting<unknown> | Settings
}

/** The values of settings, in the same groups. */
export type Values<S> = S extends Setting<infer T> ? T : { [K in keyof S]: Values<S[K]> }

const isSetting = (each: Setting<unknown> | Settings): each is Setting<unknown> => typeof each.name === 'string'

/** Every setting of these groups, in order. */
export function listed(settings: Settings): Setting<unknown>[] {
  return Object.values(settings).flatMap(each => (isSetting(each) ? [each] : listed(each)))
}

/** The same groups with each setting's value in its place. */
export function valued<S extends Settings>(settings: S, read: (setting: Setting<unknown>) => unknown): Values<S> {
  const pairs = Object.entries(settings).map(([key, each]) => [key, isSetting(each) ? read(each) : valued(each, read)])
  return Object.fromEntries(pairs)
}

/** Settings as README's table, in Markdown. */
export function settingsTable(settings: Settings): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = listed(settings).map(
    ({ name, secret, means, otherwise }) =>
      `| \`${name}\`${secret ? ' (`_FILE`)' : ''} | ${cell(means)} | ${cell(otherwise)} |`,
  )
  return ['| setting | what it means | default |', '|---|---|---|', ...rows].join('\n')
}

/** Settings as `--help` prints them. */
export function settingsHelp(settings: Settings): string {
  const plain = (text: string) => text.replaceAll('`', '')
  const entry = ({ name, secret, means, otherwise }: Setting<unknown>) =>
    `  ${name}${secret ? ` or ${name}_FILE` : ''} (default: ${plain(otherwise)})\n      ${plain(means)}`
  return listed(settings).map(entry).join('\n')
}
