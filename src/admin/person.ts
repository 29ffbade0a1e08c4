import { z } from 'zod'
import type { Cases } from '../account-recovery/cases.ts'
import type { Accounts } from '../accounts/account.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import { agentShape, type Devices } from '../accounts/device.ts'
import { type Roles, roleNames } from '../accounts/role.ts'
import { type SessionBook, sessionShape } from '../accounts/session.ts'
import type { Keys } from '../api-keys/api-keys.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import type { Consents } from '../records/consents.ts'
import { operation, time, toAccount } from './operation.ts'

/** Past sessions that are shown of one person. */
const shown = 50

interface Services {
  accounts: Pick<Accounts, 'get'>
  credentials: Pick<Credentials, 'of'>
  factors: readonly Factor[]
  limitedUntil: (credential: Credential) => number | undefined
  sessions: Pick<Sessions, 'of'>
  book: Pick<SessionBook, 'of'>
  devices: Pick<Devices, 'of'>
  consents: Pick<Consents, 'list'>
  appName: (client: string) => Promise<string | undefined>
  keys: Pick<Keys, 'of'>
  cases: Pick<Cases, 'of'>
  roles: Pick<Roles, 'held'>
  emit: Emit
}

const maybe = time.optional()

const person = z.object({
  account: z.string(),
  email: z.string(),
  phone: z.string().optional(),
  locale: z.string(),
  name: z.string().optional(),
  status: z.enum(['active', 'closing', 'closed']),
  lockedAt: maybe,
  closesAt: maybe,
  holdUntil: maybe,
  createdAt: time,
  updatedAt: time,
  roles: z.array(z.enum(roleNames)),
  restrictions: z
    .object({
      devices: z.boolean().optional(),
      addresses: z.array(z.string()).optional(),
      countries: z.array(z.string()).optional(),
    })
    .optional(),
  travel: z.object({ country: z.string(), until: time }).optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  appRoles: z.record(z.string(), z.array(z.string())).describe('Roles in single apps, by client id'),
  factors: z.array(
    z.object({
      credential: z.string(),
      factor: z.string(),
      label: z.string().optional(),
      hint: z.string().optional().describe('An address or number, masked'),
      createdAt: time,
      usedAt: maybe,
      limitedUntil: maybe.describe('Until when it counts for no more than the proof that authorised it'),
    }),
  ),
  sessions: z.array(
    sessionShape
      .pick({ address: true, agent: true, country: true, city: true, acr: true, amr: true, apps: true, why: true })
      .extend({ session: z.string(), live: z.boolean(), startedAt: time, seenAt: time, endedAt: maybe }),
  ),
  devices: z.array(z.object({ agent: agentShape, address: z.string(), seenAt: time, trustedUntil: maybe })),
  apps: z.array(
    z.object({
      client: z.string(),
      name: z.string().optional(),
      scopes: z.array(z.string()),
      since: time,
      usedAt: maybe,
    }),
  ),
  keys: z.array(
    z.object({
      key: z.string(),
      name: z.string(),
      scopes: z.array(z.string()),
      addresses: z.array(z.string()),
      createdAt: time,
      usedAt: maybe,
      usedFrom: z.string().optional(),
      endsAt: maybe,
    }),
  ),
  cases: z.array(z.object({ case: z.string(), state: z.string(), createdAt: time, endedAt: maybe })),
})

/** All that staff see of one person. Times in milliseconds since the epoch. */
export type Person = z.output<typeof person>

/** Shows one person: what their account holds, without secrets, and what it is used for. That staff looked is on the record. */
export function personGet(services: Services) {
  const { accounts, credentials, factors, limitedUntil, sessions, book, devices, consents, appName } = services
  const { keys, cases, roles, emit } = services

  const heldBy = async (account: string): Promise<Person['factors']> =>
    (await credentials.of(account)).map(each => {
      const factor = factors.find(({ id }) => id === each.factor)
      const { id: credential, label, createdAt, usedAt } = each
      const hint = factor?.hint?.(each.secret)
      return { credential, factor: each.factor, label, hint, createdAt, usedAt, limitedUntil: limitedUntil(each) }
    })

  const sessionsOf = async (account: string): Promise<Person['sessions']> => {
    const [live, records] = await Promise.all([sessions.of(account), book.of(account)])
    const lines = records.map(({ id: session, account: _, device: __, expiresAt: ___, ...record }) => ({
      ...{ session, ...record },
      live: live.includes(session),
    }))
    return [...lines.filter(each => each.live), ...lines.filter(each => !each.live).slice(0, shown)]
  }

  const appsOf = async (account: string): Promise<Person['apps']> =>
    Promise.all(
      (await consents.list(account)).map(async ({ client, oidc, apis, since, usedAt }) => {
        const scopes = [...oidc, ...Object.values(apis).flat()]
        return { client, name: await appName(client), scopes, since, usedAt }
      }),
    )

  return operation({
    id: 'people.get',
    means:
      'Shows one person: factors without secrets, sessions, devices, restrictions, apps, API keys and recovery cases.',
    scope: 'admin:people.read',
    at: 'GET /people/{account}',
    args: z.object(toAccount),
    result: person,
    run: async ({ account: id }, { staff, client, origin }) => {
      const account = await accounts.get(id)
      if (!account) throw new Problem('not_found')
      await emit('person.seen', { account: id, staff: staff?.id, client }, origin)
      const { email, phone, locale, profile, status, lock, closesAt, holdUntil, createdAt, updatedAt } = account
      const { restrictions, travel, attributes = {}, appRoles = {} } = account
      const [held, seen, used, allowed, signing, checks, roled] = await Promise.all([
        heldBy(id),
        sessionsOf(id),
        devices.of(account),
        appsOf(id),
        keys.of(id),
        cases.of(id),
        roles.held(id),
      ])
      return {
        ...{ account: id, email, phone, locale, name: profile?.name, status, lockedAt: lock?.at, closesAt, holdUntil },
        ...{ createdAt, updatedAt, roles: roled, restrictions, travel, attributes, appRoles, factors: held },
        ...{ sessions: seen, apps: allowed },
        devices: used.map(({ agent, address, seenAt, trustedUntil }) => ({ agent, address, seenAt, trustedUntil })),
        keys: signing.map(({ id: key, name, scopes, addresses, ...each }) => ({
          ...{ key, name, scopes, addresses },
          ...{ createdAt: each.createdAt, usedAt: each.usedAt, usedFrom: each.usedFrom, endsAt: each.endsAt },
        })),
        cases: checks
          .filter(({ state }) => state !== 'draft')
          .sort((a, b) => b.createdAt - a.createdAt)
          .map(({ id: number, state, createdAt: at, endedAt }) => ({ case: number, state, createdAt: at, endedAt })),
      }
    },
  })
}
