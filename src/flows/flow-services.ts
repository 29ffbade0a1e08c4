import type { Accounts } from '../accounts/account.ts'
import type { Addresses } from '../accounts/address.ts'
import type { Announcements } from '../accounts/announcement.ts'
import type { Credentials } from '../accounts/credential.ts'
import type { Admissions, Devices } from '../accounts/device.ts'
import type { Failures } from '../accounts/failures.ts'
import type { Links } from '../accounts/link.ts'
import type { Postage } from '../accounts/postage.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { SendMail } from '../delivery/mails.ts'
import type { Emit } from '../events.ts'
import type { Factor } from '../factors/factor.ts'

/** The parts of other rooms that flows work with. Each module names in its parameter what it takes of them. */
export interface FlowServices {
  accounts: Accounts
  addresses: Addresses
  admissions: Admissions
  announcements: Announcements
  credentials: Credentials
  devices: Devices
  emit: Emit
  factors: readonly Factor[]
  failures: Failures
  /** How long an added credential counts for no more than the proof that authorised it, and apps wait once protection was loosened; in milliseconds. */
  hold: number
  links: Links
  now: () => number
  onFault: (fault: unknown) => void
  postage: Postage
  sealer: Sealer
  sendMail: SendMail
  throttle: Throttle
}
