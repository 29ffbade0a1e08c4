import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Layout, longestRecord, records } from '../../src/admin/people-lines.ts'

describe('admin/people-lines', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-lines-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** What is read, in short: `line value` or `line! fault`. */
  const read = async (content: string | Buffer, layout: Layout): Promise<string[]> => {
    const path = join(folder, 'file')
    writeFileSync(path, content)
    const found: string[] = []
    for await (const { line, value, fault } of records(path, layout))
      found.push(fault === undefined ? `${line} ${JSON.stringify(value)}` : `${line}! ${fault}`)
    return found
  }
  const refusal = (content: string | Buffer, layout: Layout): Promise<string> =>
    read(content, layout).then(
      () => 'none',
      fault => (fault instanceof SyntaxError ? fault.message : String(fault)),
    )
  const lines = { kind: 'lines' } as const
  const columns = { kind: 'columns' } as const
  const list = { kind: 'list' } as const
  const users = { kind: 'list', within: 'users' } as const
  const mark = '\uFEFF'
  const long = 'x'.repeat(longestRecord)

  const rows: [what: string, content: string | Buffer, layout: Layout, found: string[]][] = [
    ['lines', '{"a":1}\n{"a":2}\n', lines, ['1 {"a":1}', '2 {"a":2}']],
    ['a last line without an end', '{"a":1}\n{"a":2}', lines, ['1 {"a":1}', '2 {"a":2}']],
    ['a byte order mark', `${mark}{"a":1}\n`, lines, ['1 {"a":1}']],
    ['lines as Windows ends them, and blank ones', '{"a":1}\r\n\r\n  \n{"a":2}\r\n', lines, ['1 {"a":1}', '4 {"a":2}']],
    [
      'a line that is no JSON, between others',
      '{"a":1}\n{"a":\n{"a":2}\n',
      lines,
      ['1 {"a":1}', '2! is no JSON', '3 {"a":2}'],
    ],
    [
      'a line that is no object',
      '[1]\nnull\n"a"\n',
      lines,
      ['1! is no JSON object', '2! is no JSON object', '3! is no JSON object'],
    ],
    [
      'a line in Latin-1',
      Buffer.from('{"a":"\xe9"}\n{"a":"b"}\n', 'latin1'),
      lines,
      ['1! is not UTF-8', '2 {"a":"b"}'],
    ],
    ['a line that is too long', `{"a":"${long}"}\n{"a":2}\n`, lines, ['1! is longer than 256 KiB', '2 {"a":2}']],
    ['nothing', '', lines, []],
    ['an array', '[\n {"a":1},\n {"a":{"b":[{}]}}\n]', list, ['2 {"a":1}', '3 {"a":{"b":[{}]}}']],
    ['an empty array', '[]', list, []],
    [
      'braces, brackets and quotes in texts',
      '[{"a":"}]\\"{["},{"b":"\\\\"}]',
      list,
      ['1 {"a":"}]\\"{["}', '1 {"b":"\\\\"}'],
    ],
    [
      'an array with something too long in it',
      `[{"a":"${long}"},\n{"a":2}]`,
      list,
      ['1! is longer than 256 KiB', '2 {"a":2}'],
    ],
    ['an array with something else in it', '[1,{"a":1},"{"]', list, ['1 {"a":1}']],
    [
      'the list of this name, wherever it is',
      `{"x":{"users":[{"a":0}]},"y":"users","z":[{"a":0}],"long":"${long}",\n"users":[{"a":1}],"w":[{"a":0}]}`,
      users,
      ['2 {"a":1}'],
    ],
    ['columns', 'a,b\n1,2\n3,\n', columns, ['2 {"a":"1","b":"2"}', '3 {"a":"3"}']],
    [
      'columns with a byte order mark, as Windows ends lines',
      `${mark}a,b\r\n1,2\r\n`,
      columns,
      ['2 {"a":"1","b":"2"}'],
    ],
    [
      'quotes, and commas and line breaks within them',
      'a,b\n"x, ""y""","1\n2"\n3,4\n',
      columns,
      ['2 {"a":"x, \\"y\\"","b":"1\\n2"}', '4 {"a":"3","b":"4"}'],
    ],
    [
      'a record with too few values',
      'a,b\n1\n2,3\n',
      columns,
      ['2! has 1 values for 2 columns', '3 {"a":"2","b":"3"}'],
    ],
    ['a quote in the wrong place', 'a,b\n1,x"y"\n', columns, ['2! has a quote in the wrong place']],
    ['a quote that is not closed', 'a,b\n1,"2\n3,4\n', columns, ['2! opens a quote that is not closed']],
    [
      'columns in Latin-1',
      Buffer.from('a,b\n\xe9,2\n3,4\n', 'latin1'),
      columns,
      ['2! is not UTF-8', '3 {"a":"3","b":"4"}'],
    ],
  ]
  for (const [what, content, layout, found] of rows) {
    it(`reads ${what}`, async () => {
      expect(await read(content, layout)).to.deep.equal(found)
    })
  }

  const refused: [what: string, content: string | Buffer, layout: Layout, message: RegExp][] = [
    ['UTF-16', Buffer.from('\uFEFF{"a":1}\n', 'utf16le'), lines, /UTF-16/],
    ['an array that ends early', '[{"a":1},\n{"a":', list, /Line 2: the JSON ends early/],
    ['a document that is closed too often', '[]]', list, /Line 1: .* closed more often/],
    ['a document without the list', '{"people":[]}', users, /no list "users"/],
    ['an object for an array', '{"a":1}', list, /no JSON array/],
    ['columns that are there twice', 'a,b,a\n', columns, /"a" is there twice/],
    ['columns that are no text', Buffer.from('\xe9\n', 'latin1'), columns, /Line 1/],
  ]
  for (const [what, content, layout, message] of refused) {
    it(`refuses ${what}`, async () => {
      expect(await refusal(content, layout)).to.match(message)
    })
  }

  it('reads whatever JSON there is, in lines and in lists, wherever chunks end', async () => {
    const objects = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 })), {
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(objects, fc.nat(262_200), async (each, padding) => {
        const spelled = each.map(one => JSON.stringify(one))
        const [blank, expected] = [' '.repeat(padding), spelled.map(text => JSON.parse(text))]
        const values = (found: string[]) => found.map(text => JSON.parse(text.slice(text.indexOf(' ') + 1)))
        expect(values(await read(`${spelled.join('\n')}\n`, lines))).to.deep.equal(expected)
        expect(values(await read(`[${blank}${spelled.join(',')}]`, list))).to.deep.equal(expected)
        const within = JSON.stringify({ x: each, users: each })
        expect(values(await read(`${blank}${within}`, users))).to.deep.equal(expected)
      }),
      { numRuns: 60 },
    )
  }).timeout(30_000)
})
