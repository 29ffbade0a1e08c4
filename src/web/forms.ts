import { once } from 'node:events'
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import { asProblem } from './faults.ts'

/** Returns what was posted, as the body parser read it: anything at all in JSON. */
export function postedBody(ctx: Context): unknown {
  return (ctx.request as { body?: unknown }).body
}

/** Returns all fields of a posted form, for factors, which check the shape of their answers themselves: always an object of its own. */
export function fields(ctx: Context): Record<string, unknown> {
  const posted = postedBody(ctx)
  return typeof posted === 'object' && posted !== null ? { ...posted } : {}
}

/** Returns a text field of a posted form, cut to `max` characters; empty where it is missing or no text. */
export function field(ctx: Context, name: string, max: number): string {
  const value = fields(ctx)[name]
  return typeof value === 'string' ? value.slice(0, max) : ''
}

/** Returns a text field that every browser posts, though it may be empty, cut to `max` characters. Throws `malformed` where it is missing. */
export function requiredField(ctx: Context, name: string, max: number): string {
  if (typeof fields(ctx)[name] !== 'string') throw new Problem('malformed')
  return field(ctx, name, max)
}

/** Returns a parameter of the address, cut to `max` characters; undefined where it is missing or said twice. */
export function queryField(ctx: Context, name: string, max: number): string | undefined {
  const value = ctx.query[name]
  return typeof value === 'string' ? value.slice(0, max) : undefined
}

/** Returns a typed path where it is one of ours; undefined where it may lead to another site. */
export function localPath(typed = ''): string | undefined {
  return /^\/(?![/\\])[\w\-./~%?=&]*$/.test(typed) ? typed : undefined
}

/** Returns what was chosen of several values for one field (checkboxes, a list), each cut to `max` characters. */
export function choices(ctx: Context, name: string, max: number): string[] {
  const chosen = [fields(ctx)[name]].flat()
  return chosen.filter(each => typeof each === 'string').map(each => each.slice(0, max))
}

/** Lets the rest of a request read the form that a page asks about, which is in its address until somebody says yes. */
export function readFromAddress(ctx: Context): void {
  Object.assign(ctx.request, { body: { ...ctx.query } })
}

/** Returns what was posted as part of an address, for the page that asks about it first. */
export function asQuery(ctx: Context): string {
  const said = Object.entries(fields(ctx)).filter((each): each is [string, string] => typeof each[1] === 'string')
  return said.length > 0 ? `?${new URLSearchParams(said)}` : ''
}

/** Problems after which the page of the form is gone, too. */
const gone = [404, 410]

/**
 * Runs what a form asks for. Where a Problem stops it, `again` shows the same page with what was typed and with that Problem, and this
 * resolves to undefined. Throws what is our own fault, and Problems of these statuses, which have a page of their own.
 */
export async function submit<T>(
  act: () => Promise<T>,
  again: (problem: Problem) => unknown,
  elsewhere: readonly number[] = gone,
): Promise<T | undefined> {
  try {
    return await act()
  } catch (fault) {
    const problem = asProblem(fault)
    if (problem.status >= 500 || elsewhere.includes(problem.status)) throw fault
    await again(problem)
    return undefined
  }
}

/** A file of an upload, read as it arrives. */
interface Incoming {
  name: string
  declared: string
  content: AsyncIterable<Uint8Array>
}

/** How many fields may come with the files, and how long each may be, in bytes. */
const fieldLimits = { count: 4, bytes: 16 * 1024 }
/** The most that the separators between the parts of a form take, in bytes. */
const parting = 64 * 1024
/** The most that the fields before the files take. */
const ahead = fieldLimits.count * fieldLimits.bytes + parting

/**
 * Reads a posted multipart form (RFC 7578) with up to `files` files of `bytes` bytes each: puts its fields into `filled`, and hands each file
 * to `take` as it arrives, one after the other. The rest of a refused upload is read and dropped, so that the browser hears why it was
 * refused. Throws `malformed`, `document_too_large`, `too_many_documents`, and the first thing that `take` throws; `filled` has the fields
 * even then: of a form that declares to be too long, those that stand before its files.
 */
export async function upload(
  ctx: Context,
  { files, bytes }: { files: number; bytes: number },
  filled: Record<string, string>,
  take: (file: Incoming) => Promise<void>,
): Promise<void> {
  if (!ctx.is('multipart/form-data')) throw malformed()
  const whole = files * bytes + parting
  const tooLong = Number(ctx.get('Content-Length')) > whole
  const parser = parserOf(ctx, { files, bytes })
  let problem: unknown = tooLong ? tooLarge() : undefined
  let broken = false
  const fail = (fault: unknown): void => {
    problem ??= fault
  }
  const breaks = (fault: unknown): void => {
    broken = true
    fail(malformed(fault))
  }
  const streams: BusboyFileStream[] = []
  const taken: Promise<void>[] = []
  parser.on('error', breaks)
  for (const limit of ['fieldsLimit', 'partsLimit'] as const) parser.on(limit, () => fail(malformed()))
  parser.on('filesLimit', () => fail(new Problem('too_many_documents', { field: 'documents' })))
  parser.on('field', (name, value, _, cut) => {
    if (cut) fail(malformed())
    else filled[name] = value
  })
  parser.on('file', (_, stream, name, __, declared) => {
    streams.push(stream.on('error', breaks))
    // A file field that was left empty comes along as a file without a name.
    const wanted = name !== undefined && name !== '' && !problem
    const done = wanted ? take({ name, declared, content: content(stream) }).catch(fail) : Promise.resolve()
    taken.push(done.then(() => void stream.resume()))
  })

  let read = 0
  try {
    // A connection that is cut tells its sender nothing.
    for await (const part of ctx.req.iterator({ destroyOnReturn: !tooLong })) {
      read += part.length
      if (tooLong && read > ahead) break
      // A sender that declares no length could go on for ever.
      if (read > whole) throw tooLarge()
      if (!broken && !parser.write(part)) await once(parser, 'drain').catch(breaks)
    }
    if (tooLong) ctx.req.resume()
    else if (!broken) await Promise.all([once(parser, 'finish'), parser.end()]).catch(breaks)
  } catch (fault) {
    fail(fault instanceof Problem ? fault : malformed(fault))
  }
  for (const stream of streams) stream.destroy()
  await Promise.all(taken)
  if (problem) throw problem
}

/** Reads the fields of a posted multipart form that is refused whatever its files are, and drops those. */
export async function fieldsAhead(ctx: Context): Promise<Record<string, string>> {
  const filled: Record<string, string> = {}
  // That there are files is no news.
  await upload(ctx, { files: 0, bytes: 0 }, filled, async () => {}).catch(() => {})
  return filled
}

function parserOf(ctx: Context, { files, bytes }: { files: number; bytes: number }): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': ctx.get('Content-Type') },
      limits: {
        files,
        fileSize: bytes,
        fields: fieldLimits.count,
        fieldSize: fieldLimits.bytes,
        parts: files + fieldLimits.count,
      },
    })
  } catch (fault) {
    // The header names no boundary, for example.
    throw malformed(fault)
  }
}

/** Yields a file piece by piece; what a reader leaves is dropped. */
async function* content(stream: BusboyFileStream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream.iterator({ destroyOnReturn: false })
  } catch (fault) {
    throw malformed(fault)
  }
  if (stream.truncated) throw tooLarge()
}

const malformed = (cause?: unknown) => new Problem('malformed', { cause })
const tooLarge = () => new Problem('document_too_large', { field: 'documents' })
