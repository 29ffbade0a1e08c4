import type { Config } from '../config.ts'
import type { Emit } from '../events.ts'
import { eventFile } from '../feeds/event-file.ts'
import type { Store } from '../store/collection.ts'
import { repeating } from './composing.ts'

const second = 1_000

interface Services {
  store: Store
  emit: Emit
  now: () => number
  onFault(fault: unknown): void
}

/** Puts together what carries events out of the house: the file of events. */
export function feeding({ audit: { file } }: Config, { onFault, ...services }: Services) {
  const written = file === undefined ? undefined : eventFile(file, services)
  const stopping = new AbortController()
  let rest = async () => {}
  return {
    /** Aborts once those who wait for events are to be answered. */
    stopping: stopping.signal,
    leave: () => stopping.abort(),
    eventFileFault: (): string | undefined => written?.fault(),
    /** Starts to write; what it returns stops, once what is under way is written. */
    work: () => {
      if (written) rest = repeating(written.turn, second, onFault)
      return async () => {
        stopping.abort()
        await Promise.all([written?.stop(), rest()])
      }
    },
  }
}
