import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp'
import { expect } from 'chai'
import { parseSync, type RegExpLiteral, Visitor } from 'oxc-parser'
import { getFirstConsumedChar } from 'regexp-ast-analysis'
import { analyse } from 'scslre'
import { type Source, sources } from './rules.ts'

interface Expression {
  source: string
  flags: string
  line: number
}

interface Node {
  type: string
  start: number
  end: number
}

/** Stands for what is not known before the program runs. */
const unknown = '7'

const isNode = (value: unknown): value is Node & Record<string, unknown> =>
  typeof value === 'object' && value !== null && 'type' in value

/** The code of a view: what stands between `<%` and `%>`, each on its line. */
function scriptOf(view: string): string {
  let script = ''
  let end = 0
  for (const { index, 0: all, 1: kind, 2: code = '' } of view.matchAll(/<%([#%=_-]?)((?:[^%]|%(?!>))*)%>/g)) {
    script += view.slice(end, index).replace(/[^\n]/g, '')
    end = index + all.length
    const plain = code.replace(/[-_]$/, '')
    if (kind === '=' || kind === '-') script += `;(${plain});`
    else script += kind === '' || kind === '_' ? `${plain} ` : plain.replace(/[^\n]/g, '')
  }
  return script
}

/** Every regular expression of a file: literals, and what `RegExp` is given, in which constants of the same file are filled in. */
function expressionsOf({ path, text }: Source): Expression[] {
  const code = path.endsWith('.ejs') ? scriptOf(text) : text
  const { program, errors } = parseSync(path.replace(/ejs$/, 'js'), code)
  expect(
    errors.map(({ message }) => message),
    path,
  ).to.deep.equal([])
  const literals: RegExpLiteral[] = []
  const calls: { start: number; callee: object; arguments: unknown[] }[] = []
  const constants = new Map<string, unknown>()
  new Visitor({
    Literal: node => void ('regex' in node && literals.push(node)),
    CallExpression: node => void calls.push(node),
    NewExpression: node => void calls.push(node),
    VariableDeclarator: ({ id, init }) => void ('name' in id && constants.set(id.name, init)),
  }).visit(program)

  const written = (node: unknown, depth = 0): string => {
    if (!isNode(node) || depth > 5) return unknown
    if (node.type === 'Literal' && typeof node.value === 'string') return node.value
    if (node.type === 'Identifier') return written(constants.get(String(node.name)), depth + 1)
    if (node.type === 'BinaryExpression' && node.operator === '+')
      return written(node.left, depth + 1) + written(node.right, depth + 1)
    if (node.type === 'TaggedTemplateExpression' && code.slice(node.start).startsWith('String.raw`'))
      return templated(node.quasi, 'raw', depth)
    return node.type === 'TemplateLiteral' ? templated(node, 'cooked', depth) : unknown
  }
  const templated = (node: unknown, how: 'raw' | 'cooked', depth: number): string => {
    const { quasis, expressions } = node as { quasis: { value: Record<typeof how, string> }[]; expressions: unknown[] }
    return quasis
      .map(({ value }, at) => value[how] + (at in expressions ? written(expressions[at], depth + 1) : ''))
      .join('')
  }
  const line = (at: number) => code.slice(0, at).split('\n').length
  const made = calls.filter(({ callee }) => 'name' in callee && callee.name === 'RegExp')
  return [
    ...literals.map(({ regex, start }) => ({ source: regex.pattern, flags: regex.flags, line: line(start) })),
    ...made.map(({ arguments: [source, flags], start }) => ({
      source: written(source),
      flags: flags ? written(flags).replace(unknown, '') : '',
      line: line(start),
    })),
  ]
}

/**
 * Repeated choices of which two may begin alike, as in `(a|a)*`: the text can be read in several ways, and a text that fits none makes the
 * engine try them all. The library, which compares what follows one another, does not look there.
 */
function ambiguous(source: string, flags: string): string[] {
  const parser = new RegExpParser({ ecmaVersion: 2025 })
  const read = parser.parseFlags(flags)
  const { unicode, unicodeSets } = read
  const pattern = parser.parsePattern(source, undefined, undefined, { unicode, unicodeSets })
  const found: string[] = []
  visitRegExpAST(pattern, {
    onQuantifierEnter: ({ max, element }) => {
      if (max === Number.POSITIVE_INFINITY && element.type !== 'Assertion')
        visitRegExpAST(element, { onAlternativeEnter: compare })
    },
  })
  function compare(one: AST.Alternative): void {
    const { alternatives } = one.parent
    const first = (each: AST.Alternative) => getFirstConsumedChar(each, 'ltr', read).char
    for (const other of alternatives.slice(alternatives.indexOf(one) + 1))
      if (!first(one).isDisjointWith(first(other))) found.push(`${one.raw}|${other.raw}`)
  }
  return found
}

/** What takes more than linear time in these expressions of a file, one line for each. */
function slowness(path: string, expressions: readonly Expression[]): string[] {
  return expressions.flatMap(({ source, flags, line }) => {
    const reports = analyse({ source, flags }).reports.map(({ type, exponential }) => [exponential, type] as const)
    const choices = ambiguous(source, flags).map(each => [true, each] as const)
    return [...reports, ...choices].map(
      ([exponential, why]) =>
        `${path}:${line} takes ${exponential ? 'exponential' : 'polynomial'} time (${why}): /${source}/${flags}`,
    )
  })
}

describe('regular expressions', function () {
  this.timeout(120_000)
  const all = [
    ...['.ts', '.js'].flatMap(ending => ['src', 'views', 'examples'].flatMap(folder => sources(folder, ending))),
    ...sources('views', '.ejs'),
  ].filter(({ path }) => !path.includes('node_modules'))

  it('take time that grows with the length of the text alone, in the program, its pages and the examples', () => {
    const found = all.map(file => ({ path: file.path, expressions: expressionsOf(file) }))
    expect(found.flatMap(({ expressions }) => expressions)).to.have.lengthOf.above(340)
    expect(found.flatMap(({ path, expressions }) => slowness(path, expressions))).to.deep.equal([])
  })

  it('are found in views, and wherever code makes one', () => {
    const found = (path: string, text: string) =>
      expressionsOf({ path, text }).map(({ source, flags }) => `${source}/${flags}`)
    expect(
      found('a.ejs', '<p><%# /no/ %><% if (/a/.test(b)) { %>\n<%= c.replace(/b/g, "") %><% } -%></p>'),
    ).to.deep.equal(['a/', 'b/g'])
    const made = [
      "const each = '[a-z]'",
      `new RegExp(\`^\${each}{1,\${most}}$\`, 'u')`,
      "RegExp('a' + each)",
      'new RegExp(String.raw`\\d`)',
    ].join('\n')
    expect(found('a.ts', made)).to.deep.equal(['^[a-z]{1,7}$/u', 'a[a-z]/', '\\d/'])
    const field = all.find(({ path }) => path === 'views/parts/field.ejs') as Source
    expect(expressionsOf(field).map(({ source }) => source)).to.include('^(email|tel|one-time-code|username)')
  })

  for (const [name, planted] of [
    ['exponential', '/^(a+)+$/'],
    ['exponential', '/^(?:a|a)*b/'],
    ['exponential', "new RegExp('^([a-z]|[a-c])*$')"],
    ['polynomial', '/^a*a*b/'],
    ['polynomial', '/=+$/'],
    ['polynomial', "const word = '\\\\w+'\nnew RegExp('^' + word + '\\\\s*' + word + '$')"],
  ] as const)
    it(`are refused where they take ${name} time: ${planted.replace('\n', '; ')}`, () => {
      for (const [path, text] of [
        ['planted.ts', `export const planted: RegExp = ${planted.includes('\n') ? `0\n${planted}` : planted}`],
        ['planted.ejs', `<p><% ${planted} %></p>`],
      ] as const) {
        const [told, ...more] = slowness(path, expressionsOf({ path, text }))
        expect(told, planted).to.include(`takes ${name} time`)
        expect(more.length, planted).to.be.lessThan(3)
      }
    })
})
