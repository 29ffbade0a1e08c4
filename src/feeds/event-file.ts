import { constants } from 'node:fs'
import { access, type FileHandle, link, open, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { id } from '../crypto/random.ts'
import type { Emit } from '../events.ts'
import { ledgerEnd } from '../observers/ledger.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import { entriesBehind, eventShape, fed } from './event-feed.ts'

/** How far each file of events has come, and which process writes it. */
const filesDeclaration = declare({
  name: 'event_files',
  shape: z.object({
    /** Names the file, wherever it is mounted: it stands beside it. */
    id: z.string(),
    /** The last event that is in it for certain. */
    sequence: z.number(),
    /** The process that writes it, until when. */
    holder: z.string(),
    until: z.number(),
    /** Why it cannot be written now. */
    fault: z.string().optional(),
  }),
})

/** Milliseconds after which another process takes over from one that died. */
const lease = 20_000
/** Events that are written at a time. */
const batch = 1_000
/** Bytes read at a time from the end of a file. */
const piece = 65_536
/** How every line begins. */
const beginning = '{"version":'

interface Services {
  store: Store
  emit: Emit
  now: () => number
}

/** Where a file ended when this process last wrote it; anything else there means that somebody moved or cut it. */
interface End {
  inode: number
  size: number
}

/** The file holds something else, or another log. */
class Misfit extends Error {}

/**
 * Copies the audit log to a file, one event a line: `turn`, called every second, adds what is new. Of all processes that see the file, one
 * writes it. It is opened by its name each time, so to rotate it means only to move it away. Nobody waits for it: a file
 * that cannot be written is an event with the reason, and goes on behind its last line once it can be.
 */
export function eventFile(file: string, { store, emit, now }: Services) {
  const files = store.collection(filesDeclaration)
  const me = id()
  let named: string | undefined
  let end: End | undefined
  let fault: string | undefined
  let stopped = false
  /** What was wrong with the store when it was last said. */
  let said: string | undefined

  /** Resolves to where to go on; undefined while another process writes the file. */
  const turnOf = async (name: string): Promise<{ sequence: number } | undefined> => {
    const found = await files.get(name)
    const first = { id: name, sequence: 0, holder: me, until: now() + lease }
    if (!found) return (await claim(files, first)) ? first : undefined
    const { sequence, holder, until } = found
    if (holder === me && until - now() > lease / 2) return { sequence }
    if (holder !== me) {
      end = undefined
      fault = found.fault
      if (until > now()) return undefined
    }
    return files.patch(name, { holder: me, until: now() + lease }, { holder, until })
  }

  /** Resolves to the last event of a file that is not as this process left it, and cuts off a line that was not finished. */
  const resumed = async (handle: FileHandle, size: number, sequence: number): Promise<number> => {
    const { line, length, rest } = await lastLine(handle, size)
    if (!rest.startsWith(beginning) && !beginning.startsWith(rest)) throw new Misfit('it holds something else')
    if (rest !== '') await handle.truncate(length)
    if (line === undefined) return sequence
    const last = eventShape.pick({ sequence: true, hash: true }).safeParse(parsed(line)).data
    if (!last) throw new Misfit('its last line is no event')
    const [entry] = await entriesBehind(store, last.sequence - 1, 1)
    if (entry?.hash !== last.hash) throw new Misfit('it holds the events of another audit log')
    return Math.max(sequence, last.sequence)
  }

  /** Adds one batch behind an event; resolves to the last event that the file holds then. */
  const add = async (name: string, from: number): Promise<number> => {
    const handle = await open(
      file,
      constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK,
      0o600,
    )
    try {
      const stat = await handle.stat()
      if (!stat.isFile()) throw new Misfit('it is no regular file')
      const same = end?.inode === stat.ino && end.size === stat.size
      end = undefined
      const sequence = same ? from : await resumed(handle, stat.size, from)
      const entries = await entriesBehind(store, sequence, batch)
      const last = entries.at(-1)?.sequence ?? sequence
      if (entries.length > 0) {
        await handle.appendFile(entries.map(each => `${JSON.stringify(fed(each))}\n`).join(''))
        await handle.datasync()
      }
      const { ino: inode, size } = await handle.stat()
      end = { inode, size }
      if (last === from) return last
      // Somebody else took over meanwhile: they looked for the last line themselves.
      if (!(await files.patch(name, { sequence: last, until: now() + lease }, { holder: me }))) end = undefined
      return last
    } finally {
      await handle.close()
    }
  }

  const write = async (): Promise<void> => {
    named ??= await nameOf(file)
    const held = await turnOf(named)
    if (!held) return
    for (let at = held.sequence; !stopped; ) {
      const next = await add(named, at)
      if (end === undefined || next === at) break
      at = next
    }
    if (fault === undefined) return
    fault = undefined
    await files.patch(named, { fault: undefined })
    await emit('event-file.resumed', {})
  }

  return {
    turn: async (): Promise<void> => {
      try {
        await write()
        said = undefined
      } catch (thrown) {
        const { syscall, message } = thrown as NodeJS.ErrnoException
        if (!(thrown instanceof Misfit) && syscall === undefined) {
          // It is not the file. Once for each time, and not every second.
          if (said === message) return
          said = message
          throw thrown
        }
        // Without the path, which the operator knows: a name that is tried may be a new one each time.
        const why = message.split(', ', 1)[0] ?? message
        if (why === fault) return
        fault = why
        if (named !== undefined) await files.patch(named, { fault })
        await emit('event-file.failed', { why })
      }
    },
    /** Tells why the file cannot be written; undefined while it can be. */
    fault: (): string | undefined => fault,
    /** Lets another process write it at once. */
    stop: async (): Promise<void> => {
      stopped = true
      if (named !== undefined) await files.patch(named, { until: 0 }, { holder: me })
    },
  }
}

/** Resolves to how many events are not in the file yet, and why none can be written; rejects where this user cannot write it. For `latchkey doctor`. */
export async function eventFileState(
  file: string,
  store: Store,
): Promise<{ behind: number; fault: string | undefined }> {
  await access(dirname(file), constants.W_OK)
  await access(file, constants.W_OK).catch(fault => {
    if (fault.code !== 'ENOENT') throw fault
  })
  const { sequence } = await ledgerEnd(store)
  const name = await readFile(nameFile(file), 'utf8').catch(() => '')
  const found = name === '' ? undefined : await store.collection(filesDeclaration).get(name.trim())
  return { behind: sequence - (found?.sequence ?? 0), fault: found?.fault }
}

const nameFile = (file: string) => `${file}.id`

/** Resolves to the name of a file of events, which is made where there is none: two machines that write one file by a shared disk know it by that. */
async function nameOf(file: string): Promise<string> {
  const made = id()
  const draft = `${nameFile(file)}.${made}`
  try {
    // Linked, so that nobody ever reads half of it.
    await writeFile(draft, `${made}\n`, { mode: 0o600 })
    await link(draft, nameFile(file))
    return made
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault
    const found = (await readFile(nameFile(file), 'utf8')).trim()
    if (/^[\w-]{22}$/.test(found)) return found
    throw new Misfit(`${nameFile(file)} holds something else`)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Resolves to the last whole line of a file, how many bytes it ends after, and the text behind it that is no whole line. */
async function lastLine(handle: FileHandle, size: number) {
  let tail = Buffer.alloc(0)
  for (let start = size; ; ) {
    const ends = tail.lastIndexOf('\n')
    const begins = ends > 0 ? tail.lastIndexOf('\n', ends - 1) : -1
    if (start === 0 || begins >= 0) {
      const line = ends < 0 ? undefined : tail.toString('utf8', begins + 1, ends)
      return { line, length: start + ends + 1, rest: tail.toString('utf8', ends + 1) }
    }
    const from = Math.max(0, start - piece)
    const { buffer } = await handle.read(Buffer.alloc(start - from), 0, start - from, from)
    tail = Buffer.concat([buffer, tail])
    start = from
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
