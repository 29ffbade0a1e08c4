import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { Config } from '../config.ts'
import { eventFileState } from '../feeds/event-file.ts'
import { openStore } from '../store/open.ts'
import { openSnapshot } from '../store/snapshot.ts'
import { keysFinding } from './config-command.ts'
import { causeOf, type Finding } from './finding.ts'

const megabyte = 1024 * 1024
/** Free space on a disk that is too little: the write-ahead log and a backup may need it within a day. */
const little = 500 * megabyte
/** What one more worker needs when it is loaded. */
const perWorker = 220 * megabyte

/** Looks whether the configured secrets open the signing keys of the store. */
export async function keys(config: Config): Promise<Finding> {
  const what = 'keys'
  try {
    const snapshot = await openSnapshot(config.store, Date.now())
    if (!snapshot) return { what, state: 'untried', told: 'there is no store yet' }
    return await keysFinding(config, snapshot).finally(snapshot.close)
  } catch (fault) {
    return { what, state: 'untried', told: `the store cannot be read: ${causeOf(fault)}` }
  }
}

/** Looks how much room the disks have that Latchkey writes to. */
export async function disks(
  { store, backup }: Config,
  free: (folder: string) => Promise<number> = freeIn,
): Promise<Finding[]> {
  const path = /^sqlite:(?!:memory:)(.*)$/.exec(store)?.[1]
  const folders = [path === undefined ? undefined : dirname(path), backup.schedule?.folder]
  const found = [...new Set(folders.filter(each => each !== undefined))].map(async (folder): Promise<Finding> => {
    const what = 'disk'
    try {
      const bytes = await free(folder)
      const told = `${Math.round(bytes / megabyte)} MB are free in ${folder}`
      if (bytes >= little) return { what, state: 'ok', told }
      return {
        what,
        state: 'fault',
        told,
        advice: 'Make room: a store that cannot be written answers 503 to everybody.',
      }
    } catch (fault) {
      return {
        what,
        state: 'fault',
        told: `${folder}: ${causeOf(fault)}`,
        advice: 'Create the folder for the user that serves.',
      }
    }
  })
  return Promise.all(found)
}

async function freeIn(folder: string): Promise<number> {
  let there = folder
  while (!existsSync(there) && there !== dirname(there)) there = dirname(there)
  const { bavail, bsize } = await statfs(there)
  return bavail * bsize
}

/** Looks whether the file of events can be written, and whether it has come to the end of the audit log. */
export async function eventLines({ store, audit: { file } }: Config): Promise<Finding> {
  const what = 'event file'
  if (file === undefined) return { what, state: 'unset', told: 'LATCHKEY_AUDIT_FILE is not set' }
  const advice = `Make room, and let the user that serves write ${file} and its folder; it goes on behind its last line by itself.`
  try {
    const opened = await openStore(store, { now: Date.now, sweep: false })
    const { behind, fault } = await eventFileState(file, opened).finally(opened.close)
    const told =
      behind === 0 ? `${file} holds every event` : `${file} is missing ${behind === 1 ? '1 event' : `${behind} events`}`
    return fault === undefined
      ? { what, state: 'ok', told }
      : { what, state: 'fault', told: `${told}: ${fault}`, advice }
  } catch (fault) {
    return { what, state: 'fault', told: causeOf(fault), advice }
  }
}

/** Looks whether the memory is enough for the workers, and the cores are. */
export function memory({ workers }: Config, available = process.availableMemory()): Finding {
  const what = 'memory'
  const told = `${Math.round(available / megabyte)} MB are available to ${workers === 1 ? 'one worker' : `${workers} workers`}`
  if (available < perWorker) {
    const advice = `A worker under load takes ${perWorker / megabyte} MB: set LATCHKEY_WORKERS lower, or give the machine more.`
    return { what, state: 'fault', told, advice }
  }
  const cores = availableParallelism()
  return { what, state: 'ok', told: workers > cores ? `${told}; this machine runs ${cores} at a time` : told }
}
