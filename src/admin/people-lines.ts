import { createReadStream } from 'node:fs'

/** The longest record that is read, in bytes. */
export const longestRecord = 256 * 1024

/** One record of a file: what it says, or why it cannot be read. */
export interface Line {
  /** The number of its first line. */
  line: number
  value?: Record<string, unknown>
  fault?: string
}

interface Raw {
  line: number
  /** Undefined where it is too long. */
  bytes: Buffer | undefined
}

/** How the records of a file are laid out: an object on each line, an array of objects (perhaps within an object, by this name), or columns. */
export type Layout = { kind: 'lines' } | { kind: 'list'; within?: string | undefined } | { kind: 'columns' }

const newline = 10
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const tooLong = `is longer than ${longestRecord / 1024} KiB`

/** Reads a file's records one after the other, in memory that does not grow with the file. Throws SyntaxError where the file as a whole cannot be read. */
export async function* records(path: string, layout: Layout): AsyncGenerator<Line> {
  const chunks = withoutMark(createReadStream(path, { highWaterMark: 256 * 1024 }))
  if (layout.kind === 'columns') return yield* columns(lines(chunks))
  const raw = layout.kind === 'list' ? elements(chunks, layout.within) : lines(chunks)
  for await (const { line, bytes } of raw) {
    if (!bytes) yield { line, fault: tooLong }
    else if (bytes.length > 0) yield read(line, bytes)
  }
}

function read(line: number, bytes: Buffer): Line {
  const text = decoded(bytes)
  if (text === undefined) return { line, fault: 'is not UTF-8' }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { line, value: value as Record<string, unknown> }
    return { line, fault: 'is no JSON object' }
  } catch {
    return { line, fault: 'is no JSON' }
  }
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Takes the byte order mark off. Throws SyntaxError for UTF-16. */
async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true
  for await (const chunk of chunks) {
    const start = first ? chunk.subarray(0, 3).toString('hex') : ''
    if (/^(fffe|feff)/.test(start)) throw new SyntaxError('The file is in UTF-16. Save it as UTF-8.')
    yield start === 'efbbbf' ? chunk.subarray(3) : chunk
    first = false
  }
}

/** Splits a file into lines, without their ends. Blank ones come out empty. */
async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Raw> {
  let line = 1
  let parts: Buffer[] = []
  let size = 0
  const end = (): Raw => {
    const bytes = size > longestRecord ? undefined : trimmed(Buffer.concat(parts))
    parts = []
    size = 0
    return { line: line++, bytes }
  }
  const add = (part: Buffer): void => {
    size += part.length
    // What is too long is not kept.
    if (size <= longestRecord) parts.push(part)
    else parts = []
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      add(chunk.subarray(from, at))
      yield end()
      from = at + 1
    }
    // A copy: the rest of the chunk would be held for it.
    if (from < chunk.length) add(Buffer.from(chunk.subarray(from)))
  }
  if (size > 0) yield end()
}

function trimmed(bytes: Buffer): Buffer {
  const rest = bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes
  return rest.every(byte => byte === 32 || byte === 9) ? rest.subarray(0, 0) : rest
}

const [quote, backslash, open, close, openList, closeList, colon] = [...Buffer.from('"\\{}[]:')] as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/** Splits a JSON document into the objects of its list: the document itself, or the member of it by this name. */
async function* elements(chunks: AsyncIterable<Buffer>, within: string | undefined): AsyncGenerator<Raw> {
  let [depth, line, startLine, size] = [0, 1, 0, 0]
  let [inText, escaped, found] = [false, false, false]
  /** The depth at which the list's objects begin, once it is there. */
  let listed = within === undefined ? 1 : -1
  let parts: Buffer[] | undefined
  let [word, name] = ['', '']
  for await (const chunk of chunks) {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === newline) line++
      if (inText) {
        if (escaped) escaped = false
        else if (byte === backslash) escaped = true
        else if (byte === quote) inText = false
        else if (depth === 1 && word.length < 64) word += String.fromCharCode(byte)
        continue
      }
      if (byte === quote) {
        inText = true
        word = ''
      } else if (byte === colon && depth === 1) name = word
      else if (byte === open || byte === openList) {
        if (byte === openList && depth === 1 && within !== undefined && name === within) listed = 2
        if (byte === openList && depth === 0 && within === undefined) found = true
        if (listed === 2) found = true
        if (byte === open && depth === listed && parts === undefined) [parts, from, startLine, size] = [[], at, line, 0]
        depth++
      } else if (byte === close || byte === closeList) {
        depth--
        if (depth < 0) throw new SyntaxError(`Line ${line}: the JSON is closed more often than opened.`)
        if (depth === listed && parts) {
          parts.push(Buffer.from(chunk.subarray(from, at + 1)))
          size += at + 1 - from
          yield { line: startLine, bytes: size > longestRecord ? undefined : Buffer.concat(parts) }
          parts = undefined
        } else if (depth === 1 && listed === 2) listed = -1
      }
    }
    if (parts) {
      size += chunk.length - from
      if (size <= longestRecord) parts.push(Buffer.from(chunk.subarray(from)))
      else parts = []
      from = 0
    }
  }
  if (depth !== 0 || inText) throw new SyntaxError(`Line ${line}: the JSON ends early.`)
  if (!found)
    throw new SyntaxError(within === undefined ? 'The file is no JSON array.' : `The file has no list "${within}".`)
}

/** Reads comma-separated values (RFC 4180) whose first line names the columns. */
async function* columns(raw: AsyncGenerator<Raw>): AsyncGenerator<Line> {
  let names: string[] | undefined
  let [open, start] = ['', 0]
  for await (const { line, bytes } of raw) {
    const text = bytes && decoded(bytes)
    if (text === undefined && !names) throw new SyntaxError('Line 1 is no line of column names in UTF-8.')
    if (text === undefined) {
      open = ''
      yield { line, fault: bytes ? 'is not UTF-8' : tooLong }
      continue
    }
    if (open === '') start = line
    open = open === '' ? text : `${open}\n${text}`
    // A line break within quotes belongs to the value.
    if (open.split('"').length % 2 === 0) {
      if (open.length <= longestRecord) continue
      yield { line: start, fault: tooLong }
      open = ''
      continue
    }
    const values = open === '' ? [] : valuesOf(open)
    open = ''
    if (values?.length === 0) continue
    if (!names) {
      if (!values) throw new SyntaxError('Line 1 has a quote in the wrong place.')
      names = values.map(each => each.trim())
      const twice = names.find((each, at) => names?.indexOf(each) !== at)
      if (twice !== undefined) throw new SyntaxError(`The column "${twice}" is there twice.`)
    } else if (!values) yield { line: start, fault: 'has a quote in the wrong place' }
    else if (values.length !== names.length)
      yield { line: start, fault: `has ${values.length} values for ${names.length} columns` }
    else
      yield {
        line: start,
        value: Object.fromEntries(names.flatMap((each, at) => (values[at] === '' ? [] : [[each, values[at]]]))),
      }
  }
  if (open !== '') yield { line: start, fault: 'opens a quote that is not closed' }
}

/** Splits one record into its values; undefined where a quote is in the wrong place. */
function valuesOf(record: string): string[] | undefined {
  const value = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  const values: string[] = []
  for (;;) {
    const found = value.exec(record)
    if (!found) return undefined
    values.push(found[1] === undefined ? (found[2] ?? '') : found[1].replaceAll('""', '"'))
    if (found[3] === '') return values
  }
}
