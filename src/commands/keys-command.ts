import { sealer } from '../crypto/seal.ts'
import { recorder } from '../events.ts'
import { type Keys, keys, type RingKey } from '../keys/signing-keys.ts'
import { audit } from '../observers/audit.ts'
import { type Command, type Given, Refusal, withStore } from './command.ts'

/** `keys list`: the ring as every process sees it. */
export const keysList: Command = {
  does: 'Lists the keys that sign tokens: algorithm, state, key id, and since or until when',
  takes: '',
  options: {},
  help: 'next: published, signs later. current: signs. retired: published until what it signed has expired.',
  run: given =>
    withRing(given, async ring => {
      given.out.write(`${(await found(ring)).map(line).join('\n')}\n`)
      return 0
    }),
}

/** `keys rotate`: a next key for each algorithm; the processes that serve follow by themselves. */
export const keysRotate: Command = {
  does: 'Publishes the next signing key of each algorithm; it signs six minutes later',
  takes: '',
  options: {},
  help: 'Nothing is restarted. Where a next key waits already, it stays the next.',
  run: given =>
    withRing(given, async ring => {
      for (const alg of new Set((await found(ring)).map(each => each.alg))) await ring.rotate(alg)
      const next = (await ring.list()).filter(each => each.state === 'next')
      given.out.write(`${next.map(line).join('\n')}\n`)
      return 0
    }),
}

/** `keys replace`: for when one has leaked. */
export const keysReplace: Command = {
  does: 'Replaces every signing key at once, for when one has leaked',
  takes: '',
  options: {},
  help: [
    'The new ones sign at once, and the old ones are published no more: whatever they signed is worth nothing, to whoever',
    'looks anew. APIs and apps may keep the old ones for five minutes. Find out first how one could leak.',
  ].join('\n'),
  run: given =>
    withRing(given, async ring => {
      for (const alg of new Set((await found(ring)).map(each => each.alg))) await ring.replace(alg)
      given.out.write(`${(await ring.list()).map(line).join('\n')}\n`)
      return 0
    }),
}

function withRing({ config, beside }: Given, act: (ring: Keys) => Promise<number>): Promise<number> {
  return withStore(config(), (store, keyring) => {
    const emit = recorder([audit({ store })], Date.now, fault => beside.write(`${fault}\n`))
    return act(keys({ store, sealer: sealer(keyring()), emit, now: Date.now }))
  })
}

async function found(ring: Keys): Promise<RingKey[]> {
  const list = await ring.list()
  if (list.length === 0) throw new Refusal('There are no signing keys yet: they are made at the first start.')
  return list
}

function line({ alg, state, jwk, signsAt, until }: RingKey): string {
  const when = until === undefined ? `signs from ${shown(signsAt)}` : `published until ${shown(until)}`
  return `${alg.padEnd(9)} ${state.padEnd(7)} ${jwk.kid} ${when}`
}

const shown = (ms: number): string => new Date(ms).toISOString()
