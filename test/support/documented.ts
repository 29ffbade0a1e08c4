import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A block of commands, or of settings, that a page shows. */
export interface Block {
  page: string
  line: number
  /** What stands behind the three ticks. */
  language: string
  text: string
  /** Why nothing runs it, as the page says it; or where it is run. */
  mark?: string
}

/** Every page for people who run Latchkey or build on it. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name))
    .sort(),
]

/** Blocks of a shell are what is typed; any other language is read, not typed. */
const shells = /^(sh|bash|console|shell)\b/

/** The blocks that people type into a shell, with the mark in the paragraph behind each. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(page, 'utf8')
  const fenced = /^( *)```(.*)\n([\s\S]*?)^\1```$(?:\n\n?\1\*\*((?:Not run|Run by )[^\n]*))?/gm
  return [...text.matchAll(fenced)].flatMap(({ 1: indent = '', 2: language = '', 3: block = '', 4: mark, index }) => {
    const line = text.slice(0, index).split('\n').length
    const typed = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    return shells.test(language) ? [{ page, line, language, text: typed, mark: mark?.replaceAll('**', '') }] : []
  })
}

/** Pages whose commands another test takes from them and runs, with the test that does. */
export const elsewhere: readonly [pages: RegExp, test: string][] = [
  [/^docs\/recipes\//, 'test/recipes/recipe.ts'],
  [/^docs\/api-keys\.md$/, 'test/house/api-keys.test.ts'],
]

/** The blocks of a page that a test of all pages types, those that call the HTTP API of a Latchkey apart. */
export function typedOn(page: string): { api: Block[]; shell: Block[] } {
  const other = elsewhere.some(([there]) => there.test(page))
  const blocks = other ? [] : blocksOf(page).filter(({ mark }) => mark === undefined)
  const { true: api = [], false: shell = [] } = Object.groupBy(blocks, ({ text }) => String(/"\$ISSUER\//.test(text)))
  return { api, shell }
}

/** The commands of a block, each on a line, without comments. */
export const commandsIn = (text: string): string[] =>
  text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map(line => line.replace(/\s+#.*$|^#.*$/g, '').trim())
    .filter(line => line !== '')
