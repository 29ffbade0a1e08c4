import { z } from 'zod'
import { event, told } from './event.ts'

const account = z.string()
const client = z.string()
/** Its number. */
const identityCase = z.string()
/** Which of the staff it was, or which program; and why, where something was changed. */
const by = { staff: account.optional(), client: client.optional(), reason: z.string().optional() }

/** What staff do, and programs that act for the operator. `account` is the person whom it concerns, and `staff` the account of the member of staff. */
export const staffEvents = {
  'role.given': event('notice', { account, role: z.string(), ...by }),
  'role.taken': event('notice', { account, role: z.string(), ...by }),
  'person.seen': event('info', { account, ...by }),
  'person.exported': event('notice', { account, ...by }, told),
  // Not `account`: what staff write about a person is no part of that person's activity.
  'note.added': event('info', { person: account, ...by }),
  'account.locked': event('warning', { account, ...by }, told),
  'account.unlocked': event('notice', { account, ...by }, told),
  'account.compromised': event('warning', { account, ...by }, told),
  'password.required': event('notice', { account, ...by }, told),
  'sessions.ended': event('notice', { account, ...by }, told),
  /** `credential` is that of the new address, and `former` that of the one before. */
  'address.changed': event('warning', { account, credential: z.string(), former: z.string().optional(), ...by }, told),
  /** As `address.changed`, of a phone number. */
  'number.changed': event('warning', { account, credential: z.string(), former: z.string().optional(), ...by }, told),
  'hold.lifted': event('notice', { account, ...by }, told),
  'proposal.made': event('notice', { account, proposal: z.string(), operation: z.string(), ...by }),
  'proposal.confirmed': event('notice', { account, proposal: z.string(), operation: z.string(), ...by }),
  'proposal.declined': event('notice', { account, proposal: z.string(), operation: z.string(), ...by }),
  /** `attribute` is its name: its value may be nobody's to read in a log that stays. */
  'attribute.changed': event('notice', { account, attribute: z.string(), ...by }),
  'app-roles.changed': event('notice', { account, app: client, ...by }),
  'app.created': event('notice', { app: client, template: z.string(), ...by }),
  'app.changed': event('notice', { app: client, ...by }),
  /** `hours`: for how long the former secret is accepted. */
  'app.rotated': event('notice', { app: client, hours: z.number(), ...by }),
  'app.disabled': event('notice', { app: client, ...by }),
  'app.enabled': event('notice', { app: client, ...by }),
  /** An app that registered itself. */
  'app.removed': event('notice', { app: client, ...by }),
  /** `client` is the program that invites, and `until` when the invitation expires. */
  'client.invited': event('notice', {
    policy: z.string(),
    uses: z.number(),
    until: z.number(),
    invitation: z.string(),
    ...by,
  }),
  'invitation.revoked': event('notice', { invitation: z.string(), policy: z.string(), ...by }),
  'rotation.requested': event('notice', by),
  'webhook.created': event('notice', { webhook: z.string(), url: z.string(), ...by }),
  'webhook.changed': event('notice', { webhook: z.string(), url: z.string(), ...by }),
  'webhook.replayed': event('notice', { webhook: z.string(), after: z.number(), ...by }),
  'webhook.removed': event('notice', { webhook: z.string(), url: z.string(), ...by }),
  'audit.verified': event('notice', { sound: z.boolean(), ...by }),
  'audit.exported': event('notice', by),
  'identity.asked': event('notice', { account: account.optional(), case: identityCase, ...by }),
  'identity.opened': event('warning', { account: account.optional(), case: identityCase }, told),
  'identity.seen': event('notice', { account: account.optional(), case: identityCase, staff: account }),
  'identity.approved': event('notice', { account, case: identityCase, staff: account }),
  'identity.refused': event('notice', { account: account.optional(), case: identityCase, staff: account }),
  'identity.granted': event('warning', { account, case: identityCase }, told),
  'identity.disputed': event('warning', { account, case: identityCase }, told),
  'identity.cancelled': event('notice', { account, case: identityCase }),
  'identity.completed': event('warning', { account, case: identityCase }, told),
} as const
