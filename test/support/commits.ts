import { accounts as accountsOf } from '../../src/accounts/account.ts'
import { addresses as addressesOf } from '../../src/accounts/address.ts'
import { announcements as announcementsOf } from '../../src/accounts/announcement.ts'
import { credentials as credentialsOf } from '../../src/accounts/credential.ts'
import { devices as devicesOf } from '../../src/accounts/device.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import type { Emit } from '../../src/events.ts'
import { committing } from '../../src/flows/committing.ts'
import type { Store } from '../../src/store/collection.ts'
import { holding } from './holding.ts'

export const testSealer = sealerOf(keyring(['a secret of the tests, 32 or longer']))

interface Surroundings {
  store: Store
  /** What is said of changes; nothing is kept of it unless told. */
  emit?: Emit
  hold?: number
  onFault?: (fault: unknown) => void
  now: () => number
}

/** Accounts, their credentials and the one way in which they change, on a store. */
export function commits({ store, emit = async () => {}, hold = 0, onFault = () => {}, now }: Surroundings) {
  const accounts = accountsOf(store, testSealer)
  const credentials = credentialsOf({ store, sealer: testSealer, now })
  const announcements = announcementsOf({ store, credentials, emit, onFault, now })
  const addresses = addressesOf({ store, sealer: testSealer, accounts, now })
  const commit = committing({ accounts, credentials, announcements, addresses, hold, onFault, now })
  const devices = devicesOf({ store, trustFor: 30 * 24 * 3_600_000, now })
  return { accounts, addresses, devices, credentials, announcements, commit, ...holding(store, credentials, now) }
}
