import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections (Linux: 32768 and up; RFC 6335, 6: 49152 and up), so that none takes one before it is used. */
const [lowest, share] = [10_000, 7_000]
// The suites of the engines run side by side: each takes ports of its own, as one that is free may not be used yet.
const engine = Math.max(0, ['sqlite', 'postgres', 'mongo'].indexOf(process.env.LATCHKEY_TEST_STORE ?? 'sqlite'))
const first = lowest + engine * share

/** Returns ports of localhost that are free, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1_000) throw new Error('No port is free')
    const port = randomInt(first, first + share)
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
