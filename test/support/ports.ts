import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections (Linux: 32768 and up; RFC 6335, 6: 49152 and up), so that none takes one before it is used. */
const [lowest, share, part] = [10_000, 7_000, 1_000]
// The suites of the engines run side by side, and the processes of a suite, which mocha numbers: each takes ports of its own, as one that is free may not be used yet.
const engine = Math.max(0, ['sqlite', 'postgres', 'mongo'].indexOf(process.env.LATCHKEY_TEST_STORE ?? 'sqlite'))
const first = lowest + engine * share + (Number(process.env.MOCHA_WORKER_ID ?? 0) % 7) * part

/** Returns ports of localhost that are free, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1_000) throw new Error('No port is free')
    const port = randomInt(first, first + part)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, 'localhost', () => server.close(() => resolve(true)))
  })
