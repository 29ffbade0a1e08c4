import { activities } from './gallery-activity.ts'
import { adminPages } from './gallery-admin.ts'
import { approvals } from './gallery-approvals.ts'
import { appPages } from './gallery-apps.ts'
import { dataPages } from './gallery-data.ts'
import { elsewherePages } from './gallery-elsewhere.ts'
import { heldPages } from './gallery-held.ts'
import { identityPages } from './gallery-identity.ts'
import { invitationPages } from './gallery-invitations.ts'
import { keyPages } from './gallery-keys.ts'
import { letters, texts } from './gallery-mails.ts'
import { otherPages } from './gallery-pages.ts'
import { policyPages } from './gallery-policies.ts'
import { proposalPages } from './gallery-proposals.ts'
import { recoveries } from './gallery-recovery.ts'
import { now, type Picture } from './gallery-samples.ts'
import { sessionPages } from './gallery-sessions.ts'
import { signIns } from './gallery-sign-in.ts'
import { signUps } from './gallery-sign-up.ts'
import { webhookPages } from './gallery-webhooks.ts'

/** Every page in every state that people meet: empty, typed, refused, very long, in the longer language. */
export const gallery: readonly Picture[] = [
  ...signIns,
  ...signUps,
  ...otherPages,
  ...approvals,
  ...recoveries,
  ...identityPages,
  ...keyPages,
  ...activities,
  ...sessionPages,
  ...heldPages,
  ...dataPages,
  ...elsewherePages,
  ...adminPages,
  ...appPages,
  ...invitationPages,
  ...policyPages,
  ...proposalPages,
  ...webhookPages,
]

export { letters, now, texts }
