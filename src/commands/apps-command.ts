import { ClientsError, type Declared, readClients } from '../clients/declared.ts'
import { thirdParty } from '../clients/policies.ts'
import { invitations, registeredApp, registrations } from '../clients/registrations.ts'
import { storedApps } from '../clients/stored-apps.ts'
import type { Config } from '../config.ts'
import type { Store } from '../store/collection.ts'
import { answer, type Command, json, Refusal, recording, withStore } from './command.ts'

const day = 24 * 3_600_000

/** `apps invite`: an initial access token (RFC 7591, 3). */
export const appsInvite: Command = {
  does: 'Invites apps to register themselves, and prints the token for it',
  takes: '[--policy NAME] [--uses N] [--expires DAYS]',
  options: { policy: { type: 'string' }, uses: { type: 'string' }, expires: { type: 'string' } },
  help: [
    `  --policy NAME   the policy of clients.json that limits the apps; default ${thirdParty.policy}`,
    '  --uses N        how many apps may register with it; default 1',
    '  --expires DAYS  for how long it is valid; default 7',
    '',
    'The token is printed once, alone on its line; the store keeps a digest. It works while LATCHKEY_REGISTRATION is token.',
  ].join('\n'),
  examples: ['apps invite', 'apps invite --policy partner --uses 3 --expires 14'],
  async run(given) {
    const { option, config, out, beside } = given
    const configured = config()
    const policy = option('policy') ?? thirdParty.policy
    const uses = whole('uses', option('uses') ?? '1', 10_000)
    const days = whole('expires', option('expires') ?? '7', 365)
    if (!declaredBy(configured).policies.has(policy))
      throw new Refusal(`There is no policy ${policy} in ${configured.clients}.`)
    return withStore(configured, async store => {
      const wish = { policy, uses, expiresAt: Date.now() + days * day }
      const { bearer, invitation } = await invitations(store).invite(wish)
      await recording(store, given)('client.invited', { policy, uses, until: wish.expiresAt })
      out.write(`${bearer}\n`)
      beside.write(
        `For ${uses} under ${policy}, until ${date(wish.expiresAt)}; withdraw it by its id, ${invitation.id}.\n`,
      )
      return 0
    })
  },
}

/** `apps list`: every app and where it comes from, and the open invitations. */
export const appsList: Command = {
  does: 'Lists all apps with their source, and the open invitations',
  takes: '[--json]',
  options: json,
  help: [
    'One on each line, the fields separated by tabs: id, source, name, host, day. The source is `file` for an app of clients.json,',
    '`store` for one that staff made (`store:disabled` while it is off), `registered:POLICY` for one that registered itself, and `invitation:POLICY` for an invitation.',
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
      for (const { id, policy, uses, expiresAt } of await invitations(store).list())
        rows.push({ id, source: `invitation:${policy}`, name: `invitation for ${uses}`, host: '', at: expiresAt })
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
      yield { id: each.id, source: `registered:${each.policy}`, name, host, at: each.registeredAt }
    }
}

/** `apps remove`: an app that registered itself, or an invitation. */
export const appsRemove: Command = {
  does: 'Removes an app that registered itself, or withdraws an invitation',
  takes: 'ID',
  options: {},
  words: true,
  help: 'The tokens of the app stop working at once, except JWT access tokens, which live five minutes. Apps of clients.json are removed there.',
  examples: ['apps remove app_1b2c3d'],
  async run(given) {
    const [id, ...more] = given.words
    if (id === undefined || more.length > 0) throw new Refusal('Give one id.')
    return withStore(given.config(), async store => {
      const removed = await registrations(store).remove(id)
      if (removed) await recording(store, given)('client.removed', { client: id })
      else if (!(await invitations(store).withdraw(id))) throw new Refusal(`No app and no invitation has the id ${id}.`)
      given.beside.write(removed ? 'Removed.\n' : 'Withdrawn.\n')
      return 0
    })
  },
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
