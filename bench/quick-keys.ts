import { configure, secretsOf } from '../src/config.ts'
import { latchkey } from '../src/latchkey.ts'
import { serving } from '../src/serving.ts'
import { openStore } from '../src/store/open.ts'

// The server of bench:lost: as `npm run serve` starts one, but for how soon it learns of a new signing key. The pauses that keys have in
// production (published for six minutes before they sign, looked for every five seconds) are as much shorter as keys are rotated more often.
const config = configure()
const store = await openStore(config.store, { now: Date.now })
const { listener, fault, stop, leave } = await latchkey(config, { store, secrets: secretsOf(config), keysLook: 200 })
const served = await serving(listener, config.listen, { onFault: fault })

process.once('SIGTERM', async () => {
  leave()
  await served.close(0)
  await stop()
  await store.close()
  process.exit(0)
})
