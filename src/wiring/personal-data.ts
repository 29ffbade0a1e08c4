import { caseNewsDeclaration } from '../account-recovery/case-news.ts'
import { casesDeclaration } from '../account-recovery/cases.ts'
import { documentsDeclaration } from '../account-recovery/identity-documents.ts'
import { accountsDeclaration, givenOfAccounts, opened } from '../accounts/account.ts'
import { claimsDeclaration, formerDeclaration } from '../accounts/address.ts'
import { announcementsDeclaration } from '../accounts/announcement.ts'
import { receiptsDeclaration } from '../accounts/approval-receipt.ts'
import { type Belonging, belonging } from '../accounts/belongings.ts'
import { credentialsDeclaration } from '../accounts/credential.ts'
import { devicesDeclaration } from '../accounts/device.ts'
import { failuresDeclaration } from '../accounts/failures.ts'
import { linksDeclaration } from '../accounts/link.ts'
import { rolesDeclaration } from '../accounts/role.ts'
import { sessionsDeclaration } from '../accounts/session.ts'
import { notesDeclaration } from '../admin/notes.ts'
import { proposalsDeclaration } from '../admin/proposals.ts'
import { apiKeysDeclaration } from '../api-keys/api-keys.ts'
import { sentDeclaration } from '../delivery/sent-log.ts'
import { places } from '../observers/ledger.ts'
import { grants } from '../records/adapter.ts'
import { consentsDeclaration } from '../records/consents.ts'
import { ssoSessions } from '../records/session-records.ts'

const ours = { id: 'a name of ours', account: 'whose it is, said once', expiresAt: 'when we forget it' }
const counter = 'a counter of ours'
/** The person who asked for an identity check may have been a stranger. */
const another = 'what somebody said of themselves, and perhaps not the owner'
const staff = 'what the staff say to each other'
const secret = 'a secret that proves who somebody is'

/**
 * Every collection that holds what is a person's: what they are given of it in an export; all of it goes with their
 * account. A test compares this list, field by field, with what is declared.
 */
export const belongingsList: readonly Belonging[] = [
  belonging(
    accountsDeclaration,
    'id',
    givenOfAccounts,
    {
      securityStamp: counter,
      stampedIn: ours.id,
      keysFrom: counter,
      edits: counter,
      unguarded: 'what the next sign-in sets up',
      holds: ours.id,
      changes: 'what undoes a change; the activity says what it was',
    },
    opened,
  ),
  belonging(announcementsDeclaration, 'account', []),
  belonging(claimsDeclaration, 'account', []),
  belonging(formerDeclaration, 'account', ['kind', 'until'], { ...ours, digest: 'a digest', sealed: 'sealed' }),
  belonging(
    credentialsDeclaration,
    'account',
    ['factor', 'label', 'createdAt', 'addedUnder', 'usedAt', 'preferredAt'],
    {
      ...ours,
      lookup: secret,
      secret,
      rev: counter,
    },
  ),
  belonging(devicesDeclaration, 'account', ['device', 'agent', 'address', 'createdAt', 'seenAt', 'trustedUntil'], {
    ...ours,
    securityStamp: counter,
  }),
  belonging(failuresDeclaration, 'account', ['factor', 'failed', 'toldAt', 'closedAt'], ours),
  belonging(
    sessionsDeclaration,
    'account',
    [
      ...(['device', 'address', 'agent', 'country', 'city', 'acr', 'amr', 'startedAt', 'seenAt'] as const),
      ...(['apps', 'endedAt', 'why'] as const),
    ],
    ours,
  ),
  belonging(
    consentsDeclaration,
    'account',
    ['client', 'oidc', 'apis', 'attributes', 'withheld', 'since', 'at', 'usedAt'],
    {
      ...ours,
      shown: 'a digest',
    },
  ),
  belonging(
    apiKeysDeclaration,
    'account',
    [
      ...(['id', 'name', 'scopes', 'addresses', 'algorithm', 'createdAt', 'rotatedAt'] as const),
      ...(['endsAt', 'revokedAt', 'usedAt', 'usedFrom'] as const),
    ],
    { ...ours, securityStamp: counter, secret, former: secret, rev: counter },
  ),
  belonging(notesDeclaration, 'account', [], { ...ours, staff, client: staff, text: staff, at: staff }),
  belonging(proposalsDeclaration, 'account', []),
  belonging(rolesDeclaration, 'account', ['role', 'since'], { ...ours, givenBy: staff }),
  belonging(casesDeclaration, 'account', ['id', 'state', 'until', 'createdAt', 'endedAt'], {
    ...{ account: ours.account, expiresAt: ours.expiresAt, rev: counter },
    ...{ pair: 'a digest', granted: 'whose it is, said once', readyAt: 'a time of ours', lease: 'a time of ours' },
    ...{
      email: another,
      contact: another,
      locale: another,
      story: another,
      documents: another,
      from: another,
      decisions: staff,
      startedBy: staff,
      disputes: staff,
    },
  }),
  belonging(caseNewsDeclaration, 'account', []),
  belonging(sentDeclaration, 'account', ['kind', 'channel', 'state', 'reason', 'at', 'endedAt'], ours),
  belonging(documentsDeclaration, 'account', []),
  // Given unsealed, and as what they stand for: sessions, and the entries of the activity.
  belonging(receiptsDeclaration, 'account', []),
  belonging(ssoSessions, 'accountId', []),
  belonging(grants, 'accountId', []),
  belonging(places, 'account', []),
  belonging(linksDeclaration, 'account', []),
]

/** Collections that name an account and are on no such list: what is in them is gone by itself before an account can be. */
export const fleeting: Readonly<Record<string, string>> = {
  attempts: 'a sign-in under way, for an hour',
  admissions: 'a device on which a mailbox was proved, for two hours',
  forgotten_devices: 'a device that was forgotten a moment ago, for ten minutes',
  interactions: 'an app’s request that waits for somebody, for an hour',
  pushed_requests: 'an app’s request, for minutes',
  codes: 'an authorization code, for a minute; it ends with its grant',
  access_tokens: 'an access token, for minutes; it ends with its grant',
}
