import { type Emit, type EventData, type EventName, events, type Observer, type Recorded } from '../events.ts'

/** The order in which awaited observers are told, by what they say of `afterwards`. */
const turns = [undefined, true] as const

/**
 * Returns `emit` for these observers, and for those that join the list later. Its data is parsed by its declaration: throws ZodError, and
 * tells nobody, for a field that is not declared.
 */
export function recorder(observers: readonly Observer[], now: () => number, onFault: (fault: unknown) => void): Emit {
  return async (name, data, origin = {}) => {
    const { level, data: shape } = events[name]
    const recorded: Recorded = { name, level, at: now(), data: shape.parse(data) as EventData<EventName>, origin }
    for (const turn of turns) {
      const waits: Promise<void>[] = []
      for (const each of observers) {
        const wait = each.awaited && each.afterwards === turn ? each.observe(recorded) : undefined
        if (wait) waits.push(wait)
      }
      // Programs cause routine events alone, for which nobody has to wait.
      if (waits.length > 0) await Promise.all(waits)
    }
    for (const each of observers) if (!each.awaited) inform(each, recorded, onFault)
  }
}

/** Tells an observer that nobody waits for. */
function inform(observer: Observer, recorded: Recorded, onFault: (fault: unknown) => void): void {
  try {
    const telling = observer.observe(recorded)
    if (telling) telling.catch(onFault)
  } catch (fault) {
    onFault(fault)
  }
}
