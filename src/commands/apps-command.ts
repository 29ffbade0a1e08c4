import { invitationBounds, invitationKeeper, usualInvitation } from '../admin/invitation-operations.ts'
import { ClientsError, type Declared, readClients } from '../clients/declared.ts'
import { invitations } from '../clients/invitations.ts'
import { registeredApp, registrations } from '../clients/registrations.ts'
import { storedApps } from '../clients/stored-apps.ts'
import type { Config } from '../config.ts'
import { Problem } from '../errors.ts'
import type { Store } from '../store/collection.ts'
import { answer, type Command, type Given, json, Refusal, recording, withStore } from './command.ts'

/** The option that says why, and its line of help. */
export const reason = { reason: { type: 'string' } } as const
export const reasonHelp = '  --reason TEXT               why, for the audit log'

/** `apps invite`: an initial access token (RFC 7591, 3). */
export const appsInvite: Command = {
  does: 'Invites apps to register themselves, and prints the token for it',
  takes: '[--policy NAME] [--uses N] [--expires DAYS]',
  options: { policy: { type: 'string' }, uses: { type: 'string' }, expires: { type: 'string' }, ...reason },
  help: [
    `  --policy NAME               the policy of clients.json that limits the apps; default ${usualInvitation.policy}`,
    `  --uses N                    how many apps may register with it; default ${usualInvitation.uses}`,
    `  --expires DAYS              for how long it is valid; default ${usualInvitation.days}`,
    reasonHelp,
    '',
    'The token is printed once, alone on its line; the store keeps a digest. It works while LATCHKEY_REGISTRATION is token.',
  ].join('\n'),
  examples: ['apps invite', 'apps invite --policy partner --uses 3 --expires 14'],
  async run(given) {
    const { option, config, out, beside } = given
    const configured = config()
    const policy = option('policy') ?? usualInvitation.policy
    const uses = whole('uses', option('uses') ?? String(usualInvitation.uses), invitationBounds.uses)
    const days = whole('expires', option('expires') ?? String(usualInvitation.days), invitationBounds.days)
    const declared = declaredBy(configured)
    if (!declared.policies.has(policy)) throw new Refusal(`There is no policy ${policy} in ${configured.clients}.`)
    return withStore(configured, async store => {
      const { create } = inviting(store, given, declared)
      const { bearer, invitation } = await create({ policy, uses, days }, { reason: option('reason') })
      out.write(`${bearer}\n`)
      beside.write(
        `For ${uses} under ${policy}, until ${date(invitation.until)}; revoke it by its id, ${invitation.id}: latchkey apps remove ID.\n`,
      )
      return 0
    })
  },
}

/** Returns what keeps invitations, as the staff area and the admin API have it. */
const inviting = (store: Store, given: Given, declared: Declared) =>
  invitationKeeper({ store, emit: recording(store, given), clients: { declared: () => declared }, now: Date.now })

/** `apps list`: every app and where it comes from, and the open invitations. */
export const appsList: Command = {
  does: 'Lists all apps with their source, and the open invitations',
  takes: '[--json]',
  options: json,
  help: [
    'One on each line, the fields separated by tabs: id, source, name, host, day. The source is `file` for an app of clients.json,',
    '`store` for one that staff made (`store:disabled` while it is off), `registered:POLICY` for one that registered itself (with `:disabled` as well), and `invitation:POLICY` for an invitation.',
  ].join('\n'),
  examples: ['apps list', 'apps list --json'],
  async run(given) {
    const configured = given.config()
    const declared = declaredBy(configured)
    return withStore(configured, async store => {
      const rows: Row[] = declared.metadata.map(({ client_id: id, client_name: name = '' }) => ({
        ...{ id, source: 'file', name, host: '', at: undefined },
      }))
      for await (const row of storedRows(store)) rows.push(row)
      for await (const row of registeredRows(store, declared)) rows.push(row)
      for await (const row of invitedRows(store)) rows.push(row)
      const shown = ({ at }: Row): string => (at === undefined ? '' : date(at))
      answer(
        given,
        rows,
        rows.map(row => [row.id, row.source, row.name, row.host, shown(row)].join('\t')),
      )
      return 0
    })
  },
}

interface Row {
  id: string
  source: string
  name: string
  host: string
  /** When it was made or registered, or when an invitation expires. */
  at: number | undefined
}

async function* storedRows(store: Store): AsyncGenerator<Row> {
  const { list } = storedApps(store)
  for (let page = await list(); page.length > 0; page = await list(page.at(-1)?.id))
    for (const { id, entry, createdAt, disabledAt } of page) {
      const source = disabledAt === undefined ? 'store' : 'store:disabled'
      yield { id, source, name: String(entry.client_name ?? ''), host: '', at: createdAt }
    }
}

async function* registeredRows(store: Store, declared: Declared): AsyncGenerator<Row> {
  const { list } = registrations(store)
  for (let page = await list(); page.length > 0; page = await list(page.at(-1)?.id))
    for (const each of page) {
      const { name = '', host = '' } = registeredApp(each, declared) ?? {}
      const off = each.disabledAt === undefined ? '' : ':disabled'
      yield { id: each.id, source: `registered:${each.policy}${off}`, name, host, at: each.registeredAt }
    }
}

async function* invitedRows(store: Store): AsyncGenerator<Row> {
  const { list, stateOf } = invitations({ store, now: Date.now })
  for (let after: string | undefined; ; ) {
    const { page, next } = await list(after)
    for (const each of page)
      if (stateOf(each) === 'open') {
        const { id, policy, uses, until } = each
        yield { id, source: `invitation:${policy}`, name: `invitation for ${uses}`, host: '', at: until }
      }
    if (next === undefined) return
    after = next
  }
}

/** `apps remove`: an app that registered itself, or an invitation. */
export const appsRemove: Command = {
  does: 'Removes an app that registered itself, or revokes an invitation',
  takes: 'ID [--reason TEXT]',
  options: reason,
  words: true,
  help: [
    reasonHelp,
    '',
    'The tokens of the app stop working at once, except JWT access tokens, which live five minutes. Apps of clients.json are removed there.',
  ].join('\n'),
  examples: ['apps remove app_1b2c3d', 'apps remove app_1b2c3d --reason "Contract ended"'],
  async run(given) {
    const [id, ...more] = given.words
    if (id === undefined || more.length > 0) throw new Refusal('Give one id.')
    const configured = given.config()
    const why = { reason: given.option('reason') }
    return withStore(configured, async store => {
      const removed = await registrations(store).remove(id)
      if (removed) await recording(store, given)('app.removed', { app: id, ...why })
      else await inviting(store, given, declaredBy(configured)).revoke(id, why).catch(refused(id))
      given.beside.write(removed ? 'Removed.\n' : 'Revoked.\n')
      return 0
    })
  },
}

const refused = (id: string) => (fault: unknown) => {
  if (fault instanceof Problem && fault.code === 'not_found')
    throw new Refusal(`No app and no invitation has the id ${id}.`)
  if (fault instanceof Problem && fault.code === 'conflict')
    throw new Refusal(`The invitation ${id} is not open any more.`)
  throw fault
}

const date = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** Reads the file of apps. Throws Refusal. */
export function declaredBy({ clients, issuer, production, local, mtls }: Config): Declared {
  try {
    return readClients(clients, { production, local, mtls, issuer })
  } catch (fault) {
    throw fault instanceof ClientsError ? new Refusal(fault.message) : fault
  }
}

/** Reads a whole number from 1 on. Throws Refusal. */
export function whole(name: string, typed: string, most: number): number {
  const number = Number(typed)
  if (!/^\d{1,5}$/.test(typed) || number < 1 || number > most)
    throw new Refusal(`--${name} must be a whole number from 1 to ${most}.`)
  return number
}
