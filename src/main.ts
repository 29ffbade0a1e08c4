import cluster from 'node:cluster'
import { startedByNpm, workersWanted } from './environment.ts'
import { reportFailure, supervise } from './workers.ts'

/**
 * Stops this process once npm, which started it by `npm run serve`, is gone: npm passes SIGINT and SIGTERM on and dies of
 * SIGHUP, and a server that nobody can signal any more would keep the port.
 */
function stopWithoutNpm(): void {
  const { ppid } = process
  const timer = setInterval(() => {
    if (process.ppid === ppid) return
    clearInterval(timer)
    process.stderr.write(
      'npm, which started this server, is gone: stopping. Start it by ./latchkey serve to send it signals.\n',
    )
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  timer.unref()
}

// Loaded only where it serves: the process that keeps the workers serving needs none of it, not even what checks the settings, and
// takes a quarter of the memory without it. What is wrong with the settings, the workers tell it.
const program = async () => {
  // Node loads its own undici (fetch, WebSocket) for these three as soon as any module imports node:http: 2 MB and 20 ms for nothing.
  const http: Record<string, unknown> = process.getBuiltinModule('node:http')
  for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent']) delete http[name]
  return import('./program.ts')
}

if (cluster.isPrimary && startedByNpm()) stopWithoutNpm()
const workers = workersWanted()
if (cluster.isPrimary && workers > 1) supervise(workers)
else {
  const { serve, reasonOf } = await program()
  try {
    await serve()
  } catch (fault) {
    const reason = reasonOf(fault)
    if (cluster.isWorker) reportFailure(reason)
    else {
      process.stderr.write(`${reason}\n`)
      process.exit(1)
    }
  }
}
