// Loaded before a measured server (`--import`), so that it can be asked over IPC what it has cost so far.
process.on('message', message => {
  if (message !== 'cost') return
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: (user + system) / 1_000, memory: process.memoryUsage.rss() / 1_048_576 })
})
// Whoever measures is gone: so is the measured.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()
