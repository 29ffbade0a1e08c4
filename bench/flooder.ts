import { Agent, request } from 'undici'
import { refused, type Stranger, storing } from '../test/support/strangers.ts'

// bench/flood.ts starts it: sends all that strangers may, from one address and as fast as it is answered, until it is told to stop.
const [issuer = '', address = '', connections = '16'] = process.argv.slice(2)

/** As large as can be stored, and as small as it comes. */
const sizes = [10, 5_000]
const all: Stranger[] = [
  ...Object.values(storing).flatMap(make => sizes.map(make)),
  ...Object.values(refused).map(make => make()),
]

const statuses: Record<string, number> = {}
let going = true
process.on('message', () => {
  going = false
})

const dispatcher = new Agent({ connections: Number(connections), pipelining: 1 })
async function send({ path, form }: Stranger): Promise<void> {
  const { statusCode, body } = await request(issuer + path, {
    dispatcher,
    method: form ? 'POST' : 'GET',
    headers: { 'x-forwarded-for': address, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
    ...(form && { body: String(new URLSearchParams(form)) }),
  })
  await body.dump()
  statuses[statusCode] = (statuses[statusCode] ?? 0) + 1
}

async function line(from: number): Promise<void> {
  for (let at = from; going; at++) await send(all[at % all.length] as Stranger)
}
await Promise.all(Array.from({ length: Number(connections) }, (_, at) => line(at)))
await dispatcher.close()
process.send?.(statuses)
process.disconnect()
