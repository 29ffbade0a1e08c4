import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { keyring } from '../src/crypto/keyring.ts'
import { sealer } from '../src/crypto/seal.ts'
import { posted } from '../src/delivery/courier.ts'
import { webhooks } from '../src/feeds/webhooks.ts'
import { keys } from '../src/keys/signing-keys.ts'
import { ledger, ledgerEnd } from '../src/observers/ledger.ts'
import { allOf } from '../src/store/collection.ts'
import { openStore } from '../src/store/open.ts'
import { arrivedIds, logoutToken, lostOrMixed, type Queued, tally, until } from './arrivals.ts'
import { api, app, machine } from './clients.ts'
import { auditFaults } from './killing.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'
import { measuredSecrets } from './people.ts'
import { type Arrived, receivers } from './receivers.ts'
import { type Act, served } from './served.ts'

/** The app that is to hear of every sign-out. */
const shop = {
  ...app,
  client_id: 'shop',
  client_name: 'Shop',
  first_party: true,
  scope: 'openid offline_access',
  apis: { [api.resource]: api.scopes },
}
/** The longest pause before a webhook is tried again is five minutes; what waits longer than this after all is up again needs help. */
const patience = 10 * 60_000

interface Wanted {
  /** Milliseconds for which nothing is taken, and between two acts of each kind. */
  lasting: number
  every: number
  /** Is told what happens now, and what went wrong with what somebody did. */
  onPhase?(phase: string): void
}

/**
 * Lets mail, texts, a webhook and an app that hears of sign-outs hang and then refuse, while people go on, keys are rotated and the file of
 * clients is read anew; then all of them take again. Resolves to what was delivered, and to what was lost, out of order, unclear or in need of help.
 */
export async function delivering({ lasting, every, onPhase = () => {} }: Wanted) {
  const arrivals: Arrived[] = []
  const receiving = await receivers(each => void arrivals.push(each))
  const acts = Math.ceil(lasting / every) + 2
  const measured = await latchkey({
    ...{ people: 4 * acts, texted: 2 * acts },
    apps: [{ ...shop, backchannel_logout_uri: `${receiving.web}/app` }],
    environment: { LATCHKEY_MAIL_URL: receiving.mail, LATCHKEY_SMS_URL: `${receiving.web}/sms` },
  })
  const store = await openStore(measured.store, { now: Date.now, sweep: false })
  const seal = sealer(keyring([measuredSecrets]))
  const calls = caller(measured.url, machine, 2)
  const hooks = webhooks({ store, now: Date.now })
  const faults: string[] = []
  const people = served(measured, shop, arrivals)
  const queued = new Map<string, Queued>()
  const messages = store.collection(posted)
  /** Notes what waits. */
  const look = async (): Promise<number> => {
    const found = await allOf(messages, {})
    for (const { id, channel, lane, order, until, sealed } of found) {
      // Word to an app and an event are known by what they tell of: they carry no number of their own.
      const { sid, sequence } = JSON.parse(seal.open(sealed, `message:${id}`)) as { sid?: string; sequence?: number }
      queued.set(id, { id: String(sid ?? sequence ?? id), channel, lane, order, until })
    }
    return found.length
  }
  const went = async (act: Act): Promise<void> =>
    act().catch(fault => {
      faults.push(`${new Date().toISOString()} ${fault}`)
      onPhase(String(fault))
    })
  const again = async (act: Act, until: number): Promise<void> => {
    while (performance.now() < until) {
      await went(act)
      await wait(every * (0.5 + Math.random()))
    }
  }

  try {
    const hook = await hooks.add(`${receiving.web}/webhook`, [])
    onPhase('all is well')
    for (const act of Object.values(people.acts)) await went(act)
    await until(() => new Set(arrivals.map(each => each.channel)).size === 4, 60_000)
    if (new Set(arrivals.map(each => each.channel)).size < 4) faults.push('not every channel works to begin with')
    await drained(hook.id)

    const before = arrivals.length
    const end = performance.now() + lasting
    receiving.become('hang')
    onPhase('all of them hang')
    const ring = keys({ ...{ store, sealer: seal, now: Date.now }, emit: async () => undefined })
    const meddling = async (): Promise<void> => {
      for (const [at, mood] of ['hang', 'refuse'].entries()) {
        await wait(lasting / 8)
        onPhase(`keys rotated and clients read anew while all ${mood}`)
        await Promise.all([ring.rotate('ES256'), ring.rotate('EdDSA')])
        await reloaded(measured, `late-${at}`)
        await wait((3 * lasting) / 8)
        if (mood === 'hang') receiving.become('refuse')
        if (mood === 'hang') onPhase('all of them refuse')
      }
    }
    const watching = (async () => {
      while (performance.now() < end) {
        await look()
        await wait(500)
      }
    })()
    const token = async () => {
      await calls.post('/token', { grant_type: 'client_credentials' })
      if (!(await fetch(`${measured.url}/health/ready`)).ok) throw new Error('it is not ready')
    }
    await Promise.all([
      watching,
      meddling().catch(fault => void faults.push(`a rotation or a reload failed: ${fault}`)),
      ...[...Object.values(people.acts), token].map(act => again(act, end)),
    ])
    await look()
    if (arrivals.length > before) faults.push(`${arrivals.length - before} arrived while nothing was taken`)

    receiving.become('up')
    const back = performance.now()
    onPhase('all of them take again')
    if (!(await drained(hook.id))) faults.push('there is still something to deliver')
    const took = performance.now() - back
    onPhase('who waited for a code asks for another')
    for (const act of people.waiting) await went(act)
    if (!(await drained(hook.id))) faults.push('there is still something to deliver in the end')

    const entries = []
    for await (const entry of ledger({ store }).entries()) entries.push(entry)
    const abandoned = entries.filter(each => each.name === 'message.abandoned').map(each => each.data)
    const came = arrivedIds(arrivals)
    faults.push(...lostOrMixed([...queued.values()], came, entries, abandoned, hook.sequence))
    faults.push(...(await unsigned(measured.url, arrivals)))
    const counts = {
      acts: people.counts,
      longest: people.longest(),
      queued: tally([...queued.values()].map(each => each.channel)),
      arrived: tally(arrivals.map(each => each.channel)),
      repeated: [...came.values()].filter(times => times.length > 1).length,
      expired: abandoned.filter(each => each.reason === 'expired').length,
      met: receiving.met,
      took,
    }
    await measured.stopServing()
    faults.push(...(await auditFaults(measured.store, people.counts.shopper ?? 0)))
    return { ...counts, faults }
  } finally {
    await calls.close()
    await store.close()
    await measured.stop()
    await receiving.stop()
  }

  /** Waits until nothing is left to deliver; resolves to whether that came to pass. */
  async function drained(hook: string): Promise<boolean> {
    return until(async () => {
      const [left, told] = [await messages.find({}, { limit: 1 }), await hooks.get(hook)]
      const { sequence } = await ledgerEnd(store)
      return left.length === 0 && (told?.sequence ?? 0) >= sequence
    }, patience)
  }
}

/** Adds an app to the file, has it read anew, and waits until the app gets a token. Throws after half a minute. */
async function reloaded(measured: Awaited<ReturnType<typeof latchkey>>, late: string): Promise<void> {
  const file = join(dirname(measured.file), 'clients.json')
  const declared = JSON.parse(readFileSync(file, 'utf8'))
  const [, service] = declared.clients
  writeFileSync(file, JSON.stringify({ ...declared, clients: [...declared.clients, { ...service, client_id: late }] }))
  measured.signal('SIGHUP')
  const calls = caller(measured.url, { ...machine, client_id: late }, 1)
  const given = () =>
    calls.post('/token', { grant_type: 'client_credentials' }).then(
      () => true,
      () => false,
    )
  const heard = await until(given, 30_000)
  await calls.close()
  if (!heard) throw new Error('the new app is not known after 30 s')
}

/** Returns the logout tokens that no published key verifies as they were when they arrived: they last two minutes. */
async function unsigned(issuer: string, arrivals: readonly Arrived[]): Promise<string[]> {
  const published = createRemoteJWKSet(new URL(`${issuer}/jwks.json`))
  const checks = arrivals
    .filter(each => each.channel === 'app')
    .map(each =>
      jwtVerify(logoutToken(each.text), published, {
        issuer,
        audience: shop.client_id,
        currentDate: new Date(each.at),
      }),
    )
  const failed = (await Promise.allSettled(checks)).filter(each => each.status === 'rejected')
  return failed.map(({ reason }) => `a logout token is not verified: ${reason}`)
}
