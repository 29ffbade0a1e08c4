import cluster from 'node:cluster'
import { ConfigError, configure } from './config.ts'
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

// Loaded only where it serves: the process that keeps the workers serving needs none of it, and takes half the memory without it.
const program = () => import('./program.ts')

try {
  const config = configure()
  if (config.underNpm && cluster.isPrimary) stopWithoutNpm()
  if (cluster.isPrimary && config.workers > 1) supervise(config.workers)
  else await (await program()).serve(config)
} catch (fault) {
  const reason = fault instanceof ConfigError ? fault.message : (await program()).reasonOf(fault)
  if (cluster.isWorker) reportFailure(reason)
  else {
    process.stderr.write(`${reason}\n`)
    process.exit(1)
  }
}
