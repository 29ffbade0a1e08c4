import { setTimeout as wait } from 'node:timers/promises'
import type { cluster } from './cluster.ts'
import type { postgresPair } from './postgres-pair.ts'

/** What is broken and mended; `act` ends when all is mended. */
export interface Scene {
  name: string
  act(): Promise<void>
}

interface Stage {
  machines: Awaited<ReturnType<typeof cluster>>['machines']
  pair: Awaited<ReturnType<typeof postgresPair>> | undefined
  /** Where the database is; the failover changes it. */
  database: { url: string }
  /** Waits so many seconds at least, and until a request was answered 503. */
  away(seconds: number): Promise<void>
  freeze?: number
  cut?: number
  dark?: number
}

/** Seconds that nginx sends nothing to a server which refused a request, and one more. */
const avoided = 2

/** Returns the scenes of a trial, by name. The first of the machines is the one to which things happen. */
export function scenesOf({ machines, pair, database, away, freeze = 30, cut = 10, dark = 40 }: Stage) {
  const [first] = machines
  if (!first) throw new Error('there is no machine')
  const scenes: Record<string, Scene> = {
    rolling: {
      name: 'each restarted in turn',
      act: async () => {
        for (const each of machines) await each.restart().then(() => wait(avoided * 1_000))
      },
    },
    freeze: {
      name: `one frozen for ${freeze} s`,
      act: async () => {
        first.freeze(true)
        await wait(freeze * 1_000)
        first.freeze(false)
      },
    },
    cut: {
      name: `one cut from the database for ${cut} s`,
      act: async () => {
        first.line.hold(true)
        await away(cut)
        first.line.hold(false)
      },
    },
    forget: {
      name: 'connections of one forgotten by the network',
      act: async () => {
        first.line.lose()
        await away(0)
      },
    },
    dark: {
      name: `all cut from the database for ${dark} s`,
      act: async () => {
        for (const { line } of machines) line.hold(true)
        await away(dark)
        for (const { line } of machines) line.hold(false)
      },
    },
    failover: {
      name: 'primary killed, standby promoted',
      act: async () => {
        if (!pair) throw new Error('there is no standby')
        await pair.kill()
        await away(2)
        database.url = pair.standby
        for (const { line } of machines) line.lead(new URL(pair.standby))
        await pair.promote()
      },
    },
  }
  return scenes
}
