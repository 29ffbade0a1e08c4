import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { declare, type Store } from '../store/collection.ts'

const year = 365 * 24 * 3_600_000

const shape = z.object({
  id: z.string(),
  account: z.string(),
  createdAt: z.number(),
  seenAt: z.number(),
  expiresAt: z.number(),
})

export const devicesDeclaration = declare({ name: 'devices', shape, indexes: ['account'] })

export interface Devices {
  /** Has this account signed in here before? */
  known(device: string, account: string): Promise<boolean>
  /** Remembers for a year that this account signed in here. */
  saw(device: string, account: string): Promise<void>
}

/** What a device cookie is kept as: the store alone cannot make the cookie. */
export function deviceId(cookie: string): string {
  return sha256(cookie)
}

/** The devices that accounts have signed in on. */
export function devices({ store, now }: { store: Store; now: () => number }): Devices {
  const kept = store.collection(devicesDeclaration)
  const key = (device: string, account: string) => `${account}.${device}`
  return {
    known: async (device, account) => (await kept.get(key(device, account))) !== undefined,
    saw: async (device, account) => {
      const at = now()
      const seen = await kept.patch(key(device, account), { seenAt: at, expiresAt: at + year })
      if (!seen) await kept.put({ id: key(device, account), account, createdAt: at, seenAt: at, expiresAt: at + year })
    },
  }
}
