import { parseArgs } from 'node:util'
import { jar } from '../test/support/jar.ts'
import { machine } from './clients.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'
import { median } from './operations.ts'
import { signedOrder } from './signed.ts'

// npm run bench:enumeration -- [--samples 200]: does an answer's time tell who has an account, or a key?
const { values } = parseArgs({ options: { samples: { type: 'string' } } })
const samples = Number(values.samples ?? 200)
/** A hash that no password matches; it takes at least twice as long to verify as one of ours. */
const bcrypt = `$2b$10$${'.'.repeat(53)}`
/** Medians may differ by so much: milliseconds, or a share of the larger. */
const goal = { ms: 5, share: 0.05 }

let measured = await latchkey({ people: samples * 2, firstToken: async () => {} })
const known = (at: number) => `person-${at}@example.com`
const unknown = (at: number) => `nobody-${at}@example.com`

/** Milliseconds from posting a form to its answer. Each from another address, so that no throttle steps in. */
async function timed(
  path: string,
  answers: (email: string) => Record<string, string>,
  email: string,
  at: number,
): Promise<number> {
  const person = jar({ 'x-forwarded-for': `2001:db8::${at.toString(16)}` })
  const page = await person.get(`${measured.url}${path}`)
  const begun = performance.now()
  await page.submit(answers(email))
  return performance.now() - begun
}

const api = caller(measured.url, machine, 1)
const { hmac } = measured.keys

/** Milliseconds to be told that a signed request does not pass, because of its signature or because there is no such key. */
async function judged(key: string, at: number): Promise<number> {
  const question = await signedOrder({ id: key, secret: 'lks_another' }, `2001:db8::${at.toString(16)}`)
  const begun = performance.now()
  await api.ask('/api-keys/verify', question)
  return performance.now() - begun
}

type Door = (who: string, at: number) => Promise<number>
const through =
  (path: string, answers: (email: string) => Record<string, string>): Door =>
  (email, at) =>
    timed(path, answers, email, at)
const doors: Record<string, { time: Door; known(who: number): string; unknown(who: number): string }> = {
  'sign-in with a wrong password': {
    time: through('/sign-in', email => ({ email, password: 'quiet harbour lantern' })),
    known,
    unknown,
  },
  'sign-up with the address': { time: through('/sign-up', email => ({ email })), known, unknown },
  'an identity check of the address': { time: through('/recover/identity', email => ({ email })), known, unknown },
  'a signed request with a wrong signature': {
    time: judged,
    known: () => hmac.id,
    unknown: who => `lk_${String(who).padStart(22, 'x')}`,
  },
}

let address = 1
let told = false
for (const [door, { time, known, unknown }] of Object.entries(doors)) {
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
  // In turns, so that what else the machine does falls on both alike; the first tenth warms up.
  for (let at = -Math.ceil(samples / 10); at < samples; at++) {
    const who = Math.abs(at)
    const first = await time(known(who), address++)
    const second = await time(unknown(who + samples * (at < 0 ? 1 : 0)), address++)
    if (at < 0) continue
    times.known.push(first)
    times.unknown.push(second)
  }
  const [a, b] = [median(times.known), median(times.unknown)]
  const apart = Math.abs(a - b)
  const met = apart <= goal.ms || apart <= goal.share * Math.max(a, b)
  told ||= !met
  process.stdout.write(
    `${door}: known ${a.toFixed(2)} ms, unknown ${b.toFixed(2)} ms, medians of ${samples}; ${apart.toFixed(2)} ms apart (at most ${goal.ms} ms or ${goal.share * 100} %): ${met ? 'met' : 'NOT MET'}\n`,
  )
}
await api.close()
await measured.stop()

// Half of the people were imported with slower hashes, and none of them has signed in yet: half of the unknown addresses must be as slow.
measured = await latchkey({ people: samples * 2, imported: bcrypt, firstToken: async () => {} })
const signIn = through('/sign-in', email => ({ email, password: 'quiet harbour lantern' }))
const took = { ours: [] as number[], imported: [] as number[], nobody: [] as number[] }
for (let at = 0; at < samples; at++) {
  const [ours, imported] = [await signIn(known(2 * at), address++), await signIn(known(2 * at + 1), address++)]
  const nobody = [await signIn(unknown(2 * at), address++), await signIn(unknown(2 * at + 1), address++)]
  if (at < samples / 10) continue
  took.ours.push(ours)
  took.imported.push(imported)
  took.nobody.push(...nobody)
}
await measured.stop()
const between = (median(took.ours) + median(took.imported)) / 2
const slow = took.nobody.filter(each => each > between).length / took.nobody.length
// Three standard deviations of a share of one half.
const spread = 1.5 / Math.sqrt(took.nobody.length)
const alike = Math.abs(slow - 0.5) <= spread
told ||= !alike
process.stdout.write(
  `imported people: ${median(took.imported).toFixed(2)} ms, others ${median(took.ours).toFixed(2)} ms, half of all each; ${(slow * 100).toFixed(1)} % of ${took.nobody.length} unknown addresses take the time of the former (50 ± ${(spread * 100).toFixed(1)} %): ${alike ? 'met' : 'NOT MET'}\n`,
)
process.exitCode = told ? 1 : 0
