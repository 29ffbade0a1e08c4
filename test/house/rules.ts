import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

/** A source file: its path from the top of the project, and what it says. */
export interface Source {
  path: string
  text: string
}

/** Which rooms a room may import. `all`: it is a composition root. */
export type Table = Readonly<Record<string, readonly string[] | 'all'>>

/** Every file under a folder whose name ends so. */
export function sources(folder: string, ending: string): Source[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(each => each.isFile() && each.name.endsWith(ending))
    .map(each => posix.join(each.parentPath, each.name))
    .sort()
    .map(path => ({ path, text: readFileSync(path, 'utf8') }))
}

/** The table of rooms as docs/architecture.md draws it: `| room, room | imports room, room |`. */
export function tableOf(markdown: string): Table {
  const rows = markdown.matchAll(/^\| (`[^|]+`) \| ([^|]+) \|$/gm)
  const named = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  return Object.fromEntries(
    [...rows].flatMap(([, rooms = '', imports = '']) =>
      named(rooms).map(room => [room, imports.trim() === 'all' ? 'all' : named(imports)]),
    ),
  )
}

interface Import {
  from: string
  /** What stands between `import` and `from`. */
  names: string
  typesOnly: boolean
}

/** Every import of a file, types and re-exports included. */
export function importsOf({ text }: Source): Import[] {
  const code = withoutComments(text)
  const spelled = [
    ...code.matchAll(/^\s*(?:import|export)\s+(type\s+)?([^'"();=]*?)\s*\bfrom\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/^\s*import()()\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\bimport()()\(\s*['"`]([^'"`$]+)['"`]/g),
  ]
  return spelled.map(([, types, names = '', from = '']) => ({ from, names, typesOnly: Boolean(types) }))
}

// Whole lines only: `//` within a line is more often part of a URL.
function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter(line => !/^\s*(\/\/|\/\*|\*)/.test(line))
    .join('\n')
}

/** The room a file stands in; one that stands in no folder is a room by itself. */
function roomOf(path: string): string {
  const [, first = ''] = path.split('/')
  return first.replace(/\.ts$/, '')
}

type Rule = (source: Source, table: Table) => string[]

/** What the development gallery shows: wiring/configured.ts loads it when somebody looks, and nothing of it is there in production. */
const samples = 'test/support/gallery.ts'

/** Imports go downward only, as the table says. */
export const downward: Rule = (source, table) => {
  const room = roomOf(source.path)
  const allowed = table[room]
  if (allowed === undefined) return [`${room} is no room of the table`]
  return importsOf(source)
    .filter(({ from }) => from.startsWith('.'))
    .flatMap(({ from }) => {
      const target = posix.join(posix.dirname(source.path), from)
      if (!target.startsWith('src/'))
        return target.endsWith('.json') || target === samples ? [] : [`imports ${from}, out of src`]
      const other = roomOf(target)
      // What of the configuration may be imported is a rule of its own.
      if (other === room || other === 'config' || allowed === 'all' || allowed.includes(other)) return []
      return [`${room} may not import ${other} (${from})`]
    })
}

/** Nobody but the composition roots knows the configuration: a room declares the slice that it is given. */
export const slices: Rule = (source, table) => {
  if (table[roomOf(source.path)] === 'all') return []
  const taken = importsOf(source).filter(({ from }) => /\/config\.ts$/.test(from))
  const wrong = taken.filter(({ names, typesOnly }) => !typesOnly || names.replace(/\s/g, '') !== '{Config}')
  const whole = taken.length > 0 && /(?<!import type \{ )\bConfig\b(?!\[')/.test(withoutComments(source.text))
  return [
    ...wrong.map(() => 'takes more of config.ts than `import type { Config }`'),
    ...(whole ? ["takes the whole Config, and not a slice: Config['…']"] : []),
  ]
}

/** The files of src that import one another in a circle, `import type` included, one list for each circle; each names whom it climbs back to. */
export function circles(files: readonly Source[]): string[] {
  const imports = importsAmong(files)
  const reached = (from: string): Set<string> => {
    const seen = new Set<string>()
    for (const next of [...(imports.get(from) ?? [])]) walk(next, seen)
    return seen
  }
  const walk = (path: string, seen: Set<string>): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const next of imports.get(path) ?? []) walk(next, seen)
  }
  const all = new Map([...imports.keys()].map(path => [path, reached(path)]))
  return [...all].flatMap(([path, seen]) => {
    const round = [...seen].filter(other => other !== path && all.get(other)?.has(path))
    return seen.has(path) ? [`${path} imports itself, by way of ${round.join(', ')}`] : []
  })
}

/** Files of one name; `index.ts` is the list of its room, wherever it stands. */
export function namesakes(files: readonly Source[]): string[] {
  const named = Map.groupBy(files, ({ path }) => posix.basename(path))
  return [...named].filter(([name, all]) => all.length > 1 && name !== 'index.ts').map(([name]) => name)
}

/** Files under 25 lines that one other file imports: what is in them belongs there. */
export function tiny(files: readonly Source[]): string[] {
  const targets = [...importsAmong(files).values()].flatMap(each => [...each])
  return files
    .filter(
      ({ path, text }) => text.trimEnd().split('\n').length < 25 && targets.filter(each => each === path).length === 1,
    )
    .map(({ path }) => path)
}

function importsAmong(files: readonly Source[]): Map<string, Set<string>> {
  const target = (path: string, from: string) => posix.join(posix.dirname(path), from)
  const own = ({ path, text }: Source) => importsOf({ path, text }).filter(({ from }) => from.startsWith('.'))
  return new Map(files.map(each => [each.path, new Set(own(each).map(({ from }) => target(each.path, from)))]))
}

/** Cryptography has one room. */
export const oneCrypto: Rule = source => {
  if (source.path.startsWith('src/crypto/')) return []
  const packages = importsOf(source).filter(({ from }) => /^(node:)?crypto$|argon2/.test(from))
  const global = /\bcrypto\s*\.\s*(subtle|getRandomValues|randomUUID)\b/.test(withoutComments(source.text))
  return [...packages.map(({ from }) => `imports ${from}`), ...(global ? ['uses the global crypto'] : [])]
}

/** Only environment.ts reads the environment. */
export const oneEnvironment: Rule = source => {
  if (source.path === 'src/environment.ts') return []
  const code = withoutComments(source.text)
  const named = importsOf(source).some(({ from, names }) => /^(node:)?process$/.test(from) && /\benv\b/.test(names))
  return /\bprocess\s*(\.\s*env\b|\[\s*['"]env)/.test(code) || named ? ['reads the environment'] : []
}

/** Only oidc/internals.ts uses what oidc-provider does not export: modules of its lib/, and methods of its models that are replaced. */
export const oneInternals: Rule = source => {
  if (source.path === 'src/oidc/internals.ts') return []
  const modules = importsOf(source).filter(({ from }) => from.startsWith('oidc-provider/'))
  const uses = importsOf(source).some(({ from }) => from === 'oidc-provider')
  const replaces = uses && /(?<!\bObject)\.prototype\b|\{ prototype \}/.test(withoutComments(source.text))
  return [...modules.map(({ from }) => `imports ${from}`), ...(replaces ? ['replaces methods of oidc-provider'] : [])]
}

/** Time is handed in, so that a test can turn the clock. */
export const oneClock: Rule = (source, table) => {
  if (table[roomOf(source.path)] === 'all') return []
  return /\bDate\s*\.\s*now\b|\bnew Date\(\s*\)/.test(withoutComments(source.text)) ? ['reads the clock by itself'] : []
}

/** What is imported is spelled out, so that the rules see it; a package, not a file, may be loaded late by createRequire. */
export const spelledOut: Rule = source => {
  const code = withoutComments(source.text)
  const hidden = [/\bimport\(\s*(?!['"`][^'"`$]*['"`]\s*[,)])/, /\brequire\s*\(/]
  if (/\bcreateRequire\b/.test(code)) hidden.push(/\b(?!import\b)\w+\(\s*['"`]\.{1,2}\//)
  return hidden.some(each => each.test(code)) ? ['imports what is not spelled out'] : []
}

/** Forms are read in one place, which bounds what was typed and checks that it is text. */
export const oneForm: Rule = source => {
  if (source.path === 'src/web/forms.ts') return []
  const read = /\bctx\s*\.\s*request\b(?!\s*as\s*\{\s*rawBody\b)/.test(withoutComments(source.text))
  return read ? ['reads what was posted by itself: web/forms.ts does'] : []
}

/** One level of folders. */
export const shallow: Rule = ({ path }) => (path.split('/').length > 3 ? ['stands more than one level deep'] : [])

/** No drawer that anything fits into. */
export const noDrawers: Rule = ({ path }) =>
  path
    .split('/')
    .map(name => name.replace(/\..*$/, ''))
    .filter(name => /^(utils?|helpers?|libs?|common|types?|misc|shared)$/.test(name))
    .map(name => `${name} is a drawer, not a name`)

/** No file that one cannot read in one go. */
export const short: Rule = ({ text }) => {
  const lines = text.trimEnd().split('\n').length
  return lines > 250 ? [`${lines} lines are more than 250`] : []
}

/**
 * A query of the store says how much it wants: by a limit with a name, which says why nothing is missed, or of 1. Whole lists are
 * read by `every` or `allOf` of store/collection.ts. A list that is cut without a word is one that some person, case or session is missing from.
 */
export const bounded: Rule = ({ text }) => {
  const code = withoutComments(text)
  const calls = code.matchAll(/\.find\((?=\s*(?:\{|where\b))/g)
  return [...calls].flatMap(({ index }) => {
    const call = parenthesized(code.slice(index + 5))
    const [, limit] = /\blimit(?::\s*([^,}]+))?[,} ]/.exec(call) ?? []
    if (!/\blimit\b/.test(call)) return [`no limit: find(${call})`]
    return /^\d[\d_]*$/.test(limit?.trim() ?? '') && limit?.trim() !== '1'
      ? [`${limit} has no name: find(${call})`]
      : []
  })
}

/** What stands in the parentheses that a text begins with. */
function parenthesized(text: string): string {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return text.slice(1, at)
  }
  return text
}
