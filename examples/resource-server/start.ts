import { readFileSync } from 'node:fs'
import { configure } from '../../src/config.ts'
import { servers } from './serve.ts'

const at = { koa: 'http://localhost:3005', fetch: 'http://localhost:3006' }
const audience = 'https://api.latchkey.example/trading'

// `npm start` first, then `node examples/resource-server/start.ts`.
const { issuer, clients } = configure()
const known: { clients: { client_id: string; client_secret?: string }[] } = JSON.parse(readFileSync(clients, 'utf8'))
const secret = known.clients.find(each => each.client_id === 'order-book')?.client_secret
if (secret === undefined) throw new Error(`${clients} declares no order-book`)

const serving = servers({ issuer, client: { id: 'order-book', secret }, audience }, at)
for (const name of ['koa', 'fetch'] as const) {
  serving[name].listen(Number(new URL(at[name]).port), 'localhost', () => {
    process.stdout.write(`The order book (${name}) is at ${at[name]}, and asks ${issuer} about signed requests\n`)
  })
}
