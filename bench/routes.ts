import { routes } from '../test/support/routes.ts'

// Loaded before a measured server (`--import`), beside report.ts: tells over IPC which routes it has declared.
process.on('message', message => {
  if (message === 'routes') process.send?.(routes())
})
process.channel?.unref()
