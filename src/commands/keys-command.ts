import { sealer } from '../crypto/seal.ts'
import { type Keys, keys, type RingKey } from '../keys/signing-keys.ts'
import { answer, type Command, type Given, json, Refusal, recording, withStore } from './command.ts'

/** `keys list`: the ring as every process sees it. */
export const keysList: Command = {
  does: 'Lists the keys that sign tokens: algorithm, state, key id, and since or until when',
  takes: '[--json]',
  options: json,
  help: 'next: published, signs later. current: signs. retired: published until what it signed has expired.',
  examples: ['keys list', 'keys list --json'],
  run: given =>
    withRing(given, async ring => {
      shown(given, await found(ring))
      return 0
    }),
}

/** `keys rotate`: a next key for each algorithm; the processes that serve follow by themselves. */
export const keysRotate: Command = {
  does: 'Publishes the next signing key of each algorithm; it signs six minutes later',
  takes: '[--json]',
  options: json,
  help: 'Nothing is restarted. Where a next key waits already, it stays the next.',
  examples: ['keys rotate'],
  run: given =>
    withRing(given, async ring => {
      for (const alg of new Set((await found(ring)).map(each => each.alg))) await ring.rotate(alg)
      const next = (await ring.list()).filter(each => each.state === 'next')
      shown(given, next)
      return 0
    }),
}

/** `keys replace`: for when one has leaked. */
export const keysReplace: Command = {
  does: 'Replaces every signing key at once, for when one has leaked',
  takes: '[--json]',
  options: json,
  help: [
    'The new keys sign at once and the old ones are no longer published, so that nothing they signed is accepted. APIs and apps',
    'may keep the old ones for five minutes. Find out first how a key could leak.',
  ].join('\n'),
  examples: ['keys replace'],
  run: given =>
    withRing(given, async ring => {
      for (const alg of new Set((await found(ring)).map(each => each.alg))) await ring.replace(alg)
      shown(given, await ring.list())
      return 0
    }),
}

function withRing(given: Given, act: (ring: Keys) => Promise<number>): Promise<number> {
  return withStore(given.config(), (store, keyring) =>
    act(keys({ store, sealer: sealer(keyring()), emit: recording(store, given), now: Date.now })),
  )
}

async function found(ring: Keys): Promise<RingKey[]> {
  const list = await ring.list()
  if (list.length === 0) throw new Refusal('There are no signing keys yet: they are made at the first start.')
  return list
}

/** Prints keys without their private parts. */
function shown(given: Given, list: readonly RingKey[]): void {
  const rows = list.map(({ alg, state, jwk: { kid }, signsAt, until }) => ({
    ...{ alg, state, kid, signsFrom: iso(signsAt), ...(until !== undefined && { publishedUntil: iso(until) }) },
  }))
  const line = ({ alg, state, kid, signsFrom, publishedUntil }: (typeof rows)[number]): string => {
    const when = publishedUntil === undefined ? `signs from ${signsFrom}` : `published until ${publishedUntil}`
    return `${alg.padEnd(9)} ${state.padEnd(7)} ${kid} ${when}`
  }
  answer(given, rows, rows.map(line))
}

const iso = (ms: number): string => new Date(ms).toISOString()
