import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import { listen, PortsTaken, type Served, type Suite, serveSuite, shut } from './serve.ts'

export interface Launched extends Served {
  /** Where the provider will listen: tried first, so that a taken port is told as plainly as the apps'. */
  at: { host: string; port: number }
  /** The provider's script and its arguments, run by this very Node with this very environment. */
  provider: readonly string[]
  /** Where messages of development are shown, if they are. */
  outbox: string | undefined
  say(text: string): void
  complain(text: string): void
  /** Ends everything. */
  signal: AbortSignal
  /** Milliseconds to be ready in, and to stop in, before force is used. */
  patience?: number
}

interface Child {
  process: ChildProcess
  /** The exit code; 1 where a signal ended it. */
  ended: Promise<number>
}

/** Starts the provider and the four apps, and says where to click; resolves, once nothing is left running, to the exit code. */
export async function launch(options: Launched): Promise<number> {
  const { issuer, complain, patience = 15_000 } = options
  const started = performance.now()
  let suite: Suite
  try {
    suite = await stand(options)
  } catch (fault) {
    if (!(fault instanceof PortsTaken)) throw fault
    complain(`${fault.message}\nNothing was started. Stop what listens there, then start again.`)
    return 1
  }
  const child = run(options.provider)
  const stopped = new Promise<'stopped'>(done => {
    if (options.signal.aborted) done('stopped')
    options.signal.addEventListener('abort', () => done('stopped'), { once: true })
  })
  const settled = new AbortController()
  try {
    const first = await Promise.race([child.ended, stopped, ready(issuer, patience, settled.signal)])
    if (first === 'late') complain(`Latchkey is not ready after ${patience / 1000} s; giving up.`)
    if (first === 'late') return 1
    if (first === 'ready') options.say(whereToClick(options, suite, performance.now() - started))
    const last = first === 'ready' ? await Promise.race([child.ended, stopped]) : first
    if (last === 'stopped') return 0
    complain(`Latchkey has stopped by itself (exit code ${last}), so the apps stop, too.`)
    return last
  } finally {
    settled.abort()
    await Promise.all([end(child, patience), suite.close()])
  }
}

/** The apps, listening; the provider's port tried and let go again. */
async function stand(options: Launched): Promise<Suite> {
  const probe = createServer()
  const [provider, suite] = await Promise.allSettled([
    listen(probe, options.at.host, options.at.port, 'Latchkey').then(() => shut(probe)),
    serveSuite(options),
  ])
  if (provider.status === 'fulfilled' && suite.status === 'fulfilled') return suite.value
  if (suite.status === 'fulfilled') await suite.value.close()
  const faults = [provider, suite].flatMap(each => (each.status === 'rejected' ? [each.reason] : []))
  throw faults.find(each => !(each instanceof PortsTaken)) ?? new PortsTaken(faults.flatMap(each => each.ports))
}

function run(script: readonly string[]): Child {
  // Its log would bury what a person reads first; whoever wants it says so.
  const env = { LATCHKEY_LOG: 'warn', ...process.env }
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'inherit', 'inherit'], env })
  // Should this process fall over, the provider must not live on unseen.
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<number>((done, fail) => {
    child.once('error', fail)
    child.once('exit', code => done(code ?? 1))
  })
  return { process: child, ended: ended.finally(() => process.off('exit', kill)) }
}

/** Asks it to stop and waits; past all patience, makes it. */
async function end({ process: child, ended }: Child, patience: number): Promise<void> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), patience)
  await ended.catch(() => undefined)
  clearTimeout(force)
}

async function ready(issuer: string, patience: number, signal: AbortSignal): Promise<'ready' | 'late'> {
  const until = performance.now() + patience
  while (!signal.aborted && performance.now() < until) {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(1000)])
    const answer = await fetch(`${issuer}/health/ready`, { signal: timeout }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return 'ready'
    await after(50)
  }
  return 'late'
}

/** What a person reads first. */
function whereToClick({ issuer, outbox }: Launched, { apps }: Suite, took: number): string {
  const rows = [
    ...apps.map(({ name, url }) => [name, url]),
    ['Latchkey', `${issuer}/account`],
    ...(outbox === undefined ? [] : [['Mail, SMS', outbox]]),
  ] as [string, string][]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    `Latchkey is ready (${(took / 1000).toFixed(1)} s). Open an app, log in, then open the next:`,
    '',
    ...rows.map(([name, url]) => `  ${name.padEnd(width)}  ${url}`),
    '',
    ...(outbox === undefined
      ? []
      : ['Codes that would go out by mail or SMS are shown at the last one. Ctrl-C stops everything.']),
  ].join('\n')
}
