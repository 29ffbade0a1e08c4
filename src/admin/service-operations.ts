import { z } from 'zod'
import { algorithms } from '../crypto/jws.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Emit } from '../events.ts'
import { keys, type RingKey } from '../keys/signing-keys.ts'
import type { Store } from '../store/collection.ts'
import { forReason, operation, recordOf, time } from './operation.ts'

interface Services {
  store: Store
  sealer: Sealer
  emit: Emit
  /** Every setting as this process runs with it, secrets left out. */
  settings: readonly SettingInForce[]
  now: () => number
}

const key = z.object({
  kid: z.string(),
  alg: z.enum(algorithms),
  state: z.enum(['next', 'current', 'retired']).describe('next: published, signs later; retired: only published'),
  createdAt: time,
  signsAt: time.describe('Since when it signs, or from when on'),
  until: time.optional().describe('Until when a retired key is published'),
})
/** A signing key as staff see it. Times in milliseconds since the epoch. */
export type KeyShown = z.output<typeof key>

const setting = z.object({
  name: z.string(),
  value: z.string().optional().describe('As it was typed; absent for a secret, and where it is not set'),
  source: z.enum(['environment', 'file', 'default']),
  file: z.string().optional().describe('The file that it was read from'),
  secret: z.boolean(),
  means: z.string(),
  otherwise: z.string().describe('What is done where it is not set'),
})
/** A setting as one process runs with it. */
export type SettingInForce = z.output<typeof setting>

/** What staff do with the signing keys, and see of the settings. */
export function serviceOperations({ store, sealer, emit, settings, now }: Services) {
  const ring = keys({ store, sealer, emit, now })
  const shown = ({ alg, state, createdAt, signsAt, until, jwk: { kid } }: RingKey): KeyShown => ({
    ...{ kid, alg, state, createdAt, signsAt, until },
  })
  return {
    keys: {
      list: operation({
        id: 'keys.list',
        means: 'Lists the keys that sign tokens, by algorithm, without their private parts.',
        scope: 'admin:keys.read',
        at: 'GET /keys',
        args: z.object({}),
        result: z.object({ keys: z.array(key) }),
        run: async () => ({ keys: (await ring.list()).map(shown) }),
      }),
      rotate: operation({
        id: 'keys.rotate',
        means:
          'Publishes the next key of each algorithm; it signs six minutes later. A next key that already waits is kept.',
        scope: 'admin:keys.write',
        at: 'POST /keys/rotate',
        args: z.object(forReason),
        result: z.object({ keys: z.array(key).describe('The keys that sign next') }),
        event: 'rotation.requested',
        run: async ({ reason }, by) => {
          await emit('rotation.requested', recordOf(by, reason), by.origin)
          for (const alg of new Set((await ring.list()).map(each => each.alg))) await ring.rotate(alg)
          return { keys: (await ring.list()).filter(({ state }) => state === 'next').map(shown) }
        },
      }),
    },
    settings: {
      list: operation({
        id: 'settings.list',
        means: 'Lists the settings in force and where each comes from; of secrets, only whether they are set.',
        scope: 'admin:settings.read',
        at: 'GET /settings',
        args: z.object({}),
        result: z.object({ settings: z.array(setting) }),
        run: async () => ({ settings: [...settings] }),
      }),
    },
  }
}
