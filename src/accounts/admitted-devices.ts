import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'

const shape = z.object({ id: z.string(), account: z.string(), expiresAt: z.number() })

const admissionsDeclaration = declare({ name: 'admissions', shape })

/**
 * Devices on which somebody proved an account's mailbox a short while ago. Such a device has tries of its own, which no
 * guesser elsewhere can use up; it is not a device that the account has signed in on.
 */
export type Admissions = ReturnType<typeof admissions>

/** The admitted devices in this store. */
export function admissions({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(admissionsDeclaration)
  const key = (device: string, account: string) => `${account}.${device}`
  return {
    /** Admits a device for `life` milliseconds. */
    admit: (device: string, account: string, life: number) =>
      kept.put({ id: key(device, account), account, expiresAt: now() + life }),
    admitted: async (device: string, account: string) => (await kept.get(key(device, account))) !== undefined,
  }
}
