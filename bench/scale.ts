import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { api, app, machine } from './clients.ts'
import { latchkey, type Measured } from './latchkey.ts'
import { caller } from './load.ts'
import { measure, type Operation, type Side, table } from './operations.ts'
import { peopleAtOnce } from './people.ts'

// npm run bench:scale -- [--people 100000]: does an operation cost more where many people are, with five sessions each?
const rounds = 3
const clientsAtOnce = 16
const { values } = parseArgs({ options: { people: { type: 'string' }, count: { type: 'string' } } })
const others = Number(values.people ?? 100_000)
const count = Number(values.count ?? 1_500)
const signIns = Math.ceil(count / 75)
const people = (1 + rounds) * signIns + clientsAtOnce

const unasked = async (): Promise<void> => {}
const few = await latchkey({ people, others: 1_000, firstToken: unasked })
const many = await latchkey({ people, others, firstToken: unasked })

async function sidesOf(measured: Measured): Promise<Record<'token' | 'refresh' | 'signIn' | 'passkey', Side>> {
  const service = caller(measured.url, machine, clientsAtOnce)
  const site = caller(measured.url, app, clientsAtOnce)
  const tokens = await Promise.all(Array.from({ length: clientsAtOnce }, () => measured.refreshToken()))
  const refresh = async (worker: number): Promise<void> => {
    const form = { grant_type: 'refresh_token', refresh_token: tokens[worker] ?? '', resource: api.resource }
    tokens[worker] = String((await site.post('/token', form)).refresh_token)
  }
  const credentials = { grant_type: 'client_credentials', resource: api.resource, scope: 'read' }
  const side = (step: Side['step']): Side => ({ cost: measured.cost, step })
  return {
    token: side(async () => void (await service.post('/token', credentials))),
    refresh: side(refresh),
    signIn: side(async () => void (await measured.signIn())),
    passkey: side(async worker => void (await measured.passkeySignIn(worker))),
  }
}
const [small, large] = [await sidesOf(few), await sidesOf(many)]
const operation = (name: string, which: keyof typeof small, count: number, concurrency: number): Operation => ({
  ...{ name, count, concurrency },
  sides: { few: small[which], latchkey: large[which] },
  over: 'few',
  goal: { ratio: 1.25 },
})

const figures = await measure(
  [
    operation('client_credentials, JWT', 'token', count, clientsAtOnce),
    operation('refresh with rotation', 'refresh', count, clientsAtOnce),
    operation('password and authenticator sign-in', 'signIn', signIns, peopleAtOnce),
    operation('passkey sign-in', 'passkey', signIns, peopleAtOnce),
  ],
  rounds,
)
process.stdout.write(
  `node ${process.version}, load ${loadavg()[0]?.toFixed(2)}; 1000 people and 5000 sessions, beside ${others} and ${5 * others}\n\n${table(figures)}\n`,
)
await Promise.all([few.stop(), many.stop()])
process.exit()
