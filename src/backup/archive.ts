import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { z } from 'zod'
import { runningDigest } from '../crypto/digest.ts'
import { SealError } from '../crypto/seal.ts'
import { isSealedStream, opening, sealing } from '../crypto/seal-stream.ts'
import type { Doc } from '../store/collection.ts'
import { own } from '../store/copying.ts'
import { openSnapshot, schemaOf } from '../store/snapshot.ts'

/** What can be wrong with a backup, in words for the operator. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackupError'
  }
}

/** The only format there is so far. */
const format = 1

const headShape = z.object({
  latchkey: z.literal('backup'),
  format: z.number(),
  /** Of the program that made it. */
  version: z.string(),
  schema: z.number(),
  engine: z.string(),
  issuer: z.string(),
  at: z.number(),
})
const endShape = z.object({
  collections: z.record(z.string(), z.number()),
  documents: z.number(),
  /** Of every line before this one. */
  sha256: z.string(),
})
const lineShape = z.union([
  z.object({ in: z.string(), doc: z.looseObject({ id: z.string() }) }),
  z.object({ end: endShape }),
])

/** What a backup says of itself: its head, and at the end what it contains. */
export type Manifest = z.output<typeof headShape> & z.output<typeof endShape>

/** What is backed up, and where to. */
export interface Wish {
  store: string
  issuer: string
  version: string
  file: string
  passphrase?: string | undefined
}

/**
 * Writes everything that a store holds to one file: gzipped lines of JSON, which only its owner can read from the first byte, sealed
 * where there is a passphrase. The file appears under its name once it is whole and on disk. It may run beside servers. Throws
 * BackupError, and Problem `unavailable`.
 */
export async function writeBackup(wish: Wish, now: number): Promise<Manifest & { bytes: number }> {
  const { file, passphrase } = wish
  if (existsSync(file)) throw new BackupError(`${file} is there already.`)
  const snapshot = await openSnapshot(wish.store, now)
  if (!snapshot) throw new BackupError(`There is no store at ${wish.store.slice('sqlite:'.length)} (LATCHKEY_STORE).`)
  const part = partOf(file)
  try {
    const schema = await schemaOf(snapshot)
    if (schema === undefined) throw new BackupError('The store is empty: there is nothing to back up.')
    const { version, issuer } = wish
    const head = { latchkey: 'backup' as const, format, version, schema, engine: snapshot.engine, issuer, at: now }
    const end = { collections: {} as Record<string, number>, documents: 0, sha256: '' }
    const digest = runningDigest()
    const lines = async function* () {
      const spelled = (line: object): string => {
        const text = `${JSON.stringify(line)}\n`
        digest.add(text)
        return text
      }
      yield spelled(head)
      for (const name of await snapshot.names()) {
        if (own.has(name)) continue
        let count = 0
        for await (const doc of snapshot.documents(name)) {
          count += 1
          yield spelled({ in: name, doc })
        }
        end.collections[name] = count
        end.documents += count
      }
      end.sha256 = digest.hex()
      yield `${JSON.stringify({ end })}\n`
    }
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await rm(part, { force: true })
    const output = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })
    const sealed = (content: AsyncIterable<Uint8Array>) =>
      passphrase === undefined ? content : sealing(passphrase, content)
    await pipeline(Readable.from(batches(lines())), createGzip(), sealed, output)
    await renameForGood(part, file)
    return { ...head, ...end, bytes: statSync(file).size }
  } catch (fault) {
    await rm(part, { force: true }).catch(() => undefined)
    const { code, syscall } = fault as NodeJS.ErrnoException
    if (syscall === undefined || fault instanceof BackupError) throw fault
    throw new BackupError(`${file} cannot be written (${code}).`, { cause: fault })
  } finally {
    await snapshot.close()
  }
}

/** Renames a file, and resolves once that is on disk. */
export async function renameForGood(from: string, to: string): Promise<void> {
  await rename(from, to)
  const folder = await open(dirname(to), 'r')
  await folder.sync().finally(() => folder.close())
}

/** Returns the name under which this process writes a backup until it is whole. */
export const partOf = (file: string): string => join(dirname(file), `.${basename(file)}.${process.pid}.part`)

/** Joins lines, because a stream costs something for each piece. */
async function* batches(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let held: string[] = []
  let size = 0
  for await (const line of lines) {
    held.push(line)
    size += line.length
    if (size < 64 * 1024) continue
    yield Buffer.from(held.join(''))
    held = []
    size = 0
  }
  if (size > 0) yield Buffer.from(held.join(''))
}

/** A document of a backup, and its collection. */
export interface Kept {
  in: string
  doc: Doc
}

/**
 * Reads a backup: hands each document to `each`, and resolves to its manifest once its checksum and its counts are right. Throws BackupError
 * for a file that is damaged, cut off, of a newer format, sealed under another passphrase, or not sealed where one is given; by then `each`
 * may have had some of it.
 */
export async function readBackup(
  file: string,
  passphrase: string | undefined,
  each: (kept: Kept) => void | Promise<void> = () => undefined,
): Promise<Manifest> {
  const damaged = (why: string): BackupError => new BackupError(`${file} is no whole backup: ${why}.`)
  const digest = runningDigest()
  const counts: Record<string, number> = {}
  let head: z.output<typeof headShape> | undefined
  let end: z.output<typeof endShape> | undefined
  try {
    for await (const line of linesOf(file, passphrase)) {
      if (end) throw damaged('something follows its end')
      const parsed: unknown = JSON.parse(line)
      if (!head) {
        if (Number((parsed as { format?: unknown }).format) > format)
          throw new BackupError(`${file} was made by a newer Latchkey. Restore it with that one.`)
        head = headShape.parse(parsed)
        digest.add(`${line}\n`)
        continue
      }
      const found = lineShape.parse(parsed)
      if ('end' in found) {
        end = found.end
        continue
      }
      digest.add(`${line}\n`)
      counts[found.in] = (counts[found.in] ?? 0) + 1
      await each(found as Kept)
    }
  } catch (fault) {
    if (fault instanceof SyntaxError || fault instanceof z.ZodError) throw damaged('a line cannot be read')
    if (fault instanceof SealError) throw damaged('the passphrase is another one, or it was changed')
    const { code = '', syscall } = fault as NodeJS.ErrnoException
    if (syscall !== undefined) throw new BackupError(`${file} cannot be read (${code}).`)
    if (code.startsWith('Z_')) throw damaged(code === 'Z_BUF_ERROR' ? 'it is cut off' : 'it was changed')
    throw fault
  }
  if (!head || !end) throw damaged('it is cut off')
  if (digest.hex() !== end.sha256) throw damaged('its checksum is wrong')
  if (Object.entries(end.collections).some(([name, count]) => count !== (counts[name] ?? 0)))
    throw damaged('documents are missing')
  return { ...head, ...end }
}

async function* linesOf(file: string, passphrase: string | undefined): AsyncGenerator<string> {
  const handle = await open(file)
  const start = Buffer.alloc(64)
  await handle.read(start, 0, start.length, 0).finally(() => handle.close())
  const sealed = isSealedStream(start)
  if (sealed && passphrase === undefined)
    throw new BackupError(`${file} is sealed: give its passphrase (--passphrase-file, or LATCHKEY_BACKUP_PASSPHRASE).`)
  // Somebody who can write where backups are kept could replace a sealed one by a forged one.
  if (!sealed && passphrase !== undefined)
    throw new BackupError(
      `${file} is not sealed, though a passphrase is given: restore it without one if you trust it.`,
    )
  const raw = createReadStream(file)
  const gunzip = createGunzip()
  const feeding = pipeline(sealed ? Readable.from(opening(passphrase as string, raw)) : raw, gunzip)
  // What goes wrong before the last line is told by the loop below; what does after it, by the wait behind it.
  feeding.catch(() => undefined)
  let rest = ''
  // Not node:readline, which also ends a line where JSON may go on (U+2028).
  for await (const text of gunzip.setEncoding('utf8')) {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  await feeding
  if (rest !== '') yield rest
}
