// Does `npm start` do what README says? Starts it, waits for the provider and its four apps, interrupts it as Ctrl-C would,
// and expects a clean end. For the oldest node that npm may run on, and nothing else installed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const pages = [
  'http://localhost:3000/health/ready',
  'http://localhost:3000/.well-known/openid-configuration',
  ...[3001, 3002, 3003, 3004].map(port => `http://localhost:${port}/`),
]
const ports = [...new Set(pages.map(page => Number(new URL(page).port)))]
const startup = 60_000
const ending = 15_000

/** Resolves to whether somebody listens there, on either loopback. */
async function listening(port) {
  const tries = ['127.0.0.1', '::1'].map(
    host =>
      new Promise(resolve => {
        const socket = connect({ host, port })
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
        socket.once('connect', () => socket.destroy())
      }),
  )
  return (await Promise.all(tries)).includes(true)
}

async function listeners() {
  const each = await Promise.all(ports.map(async port => ((await listening(port)) ? [port] : [])))
  return each.flat()
}

/** Resolves to what is not right yet: undefined once the page answers 200. */
async function fault(page) {
  try {
    const { status } = await fetch(page, { redirect: 'follow' })
    return status === 200 ? undefined : `${page} answers ${status}`
  } catch (error) {
    return `${page}: ${error.cause?.code ?? error.message}`
  }
}

async function untilReady(child, began) {
  for (;;) {
    const faults = (await Promise.all(pages.map(fault))).filter(Boolean)
    if (faults.length === 0) return
    if (child.exitCode !== null) throw new Error(`npm start ended by itself with ${child.exitCode}`)
    if (performance.now() - began > startup)
      throw new Error(`not ready after ${startup / 1_000} s: ${faults.join(', ')}`)
    await wait(100)
  }
}

const busy = await listeners()
if (busy.length > 0) throw new Error(`somebody listens on ${busy.join(', ')} already`)

// A process group of its own, as a terminal gives it: Ctrl-C reaches npm and all that it runs.
const child = spawn('npm', ['start'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
const ended = once(child, 'exit')
try {
  const began = performance.now()
  await untilReady(child, began)
  console.log(`ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
  process.kill(-child.pid, 'SIGINT')
  const outcome = await Promise.race([ended, wait(ending, undefined, { ref: false })])
  if (outcome === undefined) throw new Error(`still there ${ending / 1_000} s after SIGINT`)
  const [code, signal] = outcome
  if (code !== 0) throw new Error(`ended with ${code ?? signal} on SIGINT, not with 0`)
  const left = await listeners()
  if (left.length > 0) throw new Error(`still listening on ${left.join(', ')}`)
  console.log('ended cleanly, and nothing is left listening')
} finally {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of the group is left, as it should be.
  }
}
