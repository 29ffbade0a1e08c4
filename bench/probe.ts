import { readdirSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { queryObjects } from 'node:v8'

/** What a process holds at a moment. Sizes are bytes; those of the heap are taken after a full collection of garbage. */
export interface Held {
  resident: number
  heap: number
  external: number
  descriptors: number
  threads: number
  /** Timers that exist, those that keep no process alive included. */
  timers: number
  sockets: number
  /** What keeps the process alive, by kind. */
  resources: { [kind: string]: number }
}

const Timeout = setTimeout(() => {}, 0).constructor as new () => object
// Anything but a number would keep the objects themselves alive.
const count = (kind: new () => object): number => queryObjects(kind, { format: 'count' })

function held(): Held {
  const resident = process.memoryUsage.rss()
  // This collects all garbage first: what is not reachable does not count.
  const [timers, sockets] = [count(Timeout), count(Socket)]
  const { heapUsed: heap, external } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  const threads = Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  const descriptors = readdirSync('/proc/self/fd').length
  return { resident, heap, external, descriptors, threads, timers, sockets, resources }
}

// Loaded before a measured server (`--import`), beside report.ts: tells over IPC what it holds.
process.on('message', message => {
  if (message === 'held') process.send?.(held())
})
process.channel?.unref()
