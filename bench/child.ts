import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** What a process has cost since its start: CPU milliseconds of all its threads, and resident MiB now. */
export interface Cost {
  cpu: number
  memory: number
}

export interface Child {
  url: string
  /** Asks the process for what its script tells when asked so. */
  ask<Answer>(message: string): Promise<Answer>
  cost(): Promise<Cost>
  pid: number
  signal(name: NodeJS.Signals): void
  stop(): Promise<void>
  /** Ends the process and those that it started at once, as `kill -9` does. */
  kill(): Promise<void>
}

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

const root = new URL('../', import.meta.url)
/** How production runs Latchkey: `npm run serve`, as package.json says it. */
export const serve: string = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).scripts.serve

/** Runs a command that is a server as a process of its own and waits until `ready` answers 200. What it says is added to the file `log`, if there is one. */
export async function start(
  command: string,
  { port, ready, env = {}, log }: { port: number; ready: string; env?: Record<string, string>; log?: string },
): Promise<Child> {
  const file = log === undefined ? undefined : openSync(log, 'a')
  const child = spawn('sh', ['-c', command], {
    cwd: root,
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      NODE_OPTIONS: `--import=${new URL('bench/report.ts', root).href}`,
      ...env,
    },
    stdio: ['ignore', file ?? 'ignore', file ?? 'inherit', 'ipc'],
    // A group of its own, so that `kill` reaches its workers, too.
    detached: true,
  })
  if (file !== undefined) closeSync(file)
  const leave = () => void child.kill('SIGKILL')
  process.once('exit', leave)
  child.once('exit', () => process.off('exit', leave))
  const url = `http://localhost:${port}`
  while (!(await answers(url + ready))) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`)
    await wait(5)
  }
  const ask = async <Answer>(message: string): Promise<Answer> => {
    const answer = once(child, 'message')
    child.send(message)
    return (await answer)[0] as Answer
  }
  return {
    url,
    ask,
    cost: () => ask<Cost>('cost'),
    pid: child.pid ?? 0,
    signal: name => void child.kill(name),
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await Promise.race([
        once(child, 'exit'),
        wait(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL')),
      ])
    },
    async kill() {
      const gone = once(child, 'exit')
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      await gone
    },
  }
}

/** Returns the processes that a process has started; none once it has ended. */
export function children(of: number): number[] {
  try {
    const all = readFileSync(`/proc/${of}/task/${of}/children`, 'utf8')
    return all.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
