import { ClientsError, type Declared, readClients } from '../clients/declared.ts'
import { thirdParty } from '../clients/policies.ts'
import { invitations, type Registered, registeredApp, registrations } from '../clients/registrations.ts'
import type { Config } from '../config.ts'
import { recorder } from '../events.ts'
import { audit } from '../observers/audit.ts'
import type { Store } from '../store/collection.ts'
import { type Command, Refusal, withStore } from './command.ts'

const day = 24 * 3_600_000

/** `clients invite`: an initial access token (RFC 7591, 3). */
export const clientsInvite: Command = {
  does: 'Invites apps to register themselves, and prints the token that lets them',
  takes: '[--policy NAME] [--uses N] [--expires DAYS]',
  options: { policy: { type: 'string' }, uses: { type: 'string' }, expires: { type: 'string' } },
  help: [
    `  --policy NAME   what they may be, by a policy of clients.json; ${thirdParty.policy} unless told`,
    '  --uses N        how many may register by it; 1 unless told',
    '  --expires DAYS  for how long it is good; 7 unless told',
    '',
    'The token is printed once, alone on its line, and kept as a digest. It is of use while LATCHKEY_REGISTRATION is token.',
  ].join('\n'),
  async run({ option, config, out, beside }) {
    const configured = config()
    const policy = option('policy') ?? thirdParty.policy
    const uses = whole('uses', option('uses') ?? '1', 10_000)
    const days = whole('expires', option('expires') ?? '7', 365)
    if (!declaredBy(configured).policies.has(policy))
      throw new Refusal(`There is no policy ${policy} in ${configured.clients}.`)
    return withStore(configured, async store => {
      const wish = { policy, uses, expiresAt: Date.now() + days * day }
      const { bearer, invitation } = await invitations(store).invite(wish)
      await recording(store)('client.invited', { policy, uses, until: wish.expiresAt })
      out.write(`${bearer}\n`)
      beside.write(
        `For ${uses} under ${policy}, until ${date(wish.expiresAt)}; withdraw it by its id, ${invitation.id}.\n`,
      )
      return 0
    })
  },
}

/** `clients list`: who registered, and who may. */
export const clientsList: Command = {
  does: 'Lists the apps that registered themselves, and the invitations that are open',
  takes: '',
  options: {},
  help: 'One on a line, its fields parted by tabs: id, policy, name, host, day. The apps of clients.json are not among them.',
  async run({ config, out }) {
    const configured = config()
    const declared = declaredBy(configured)
    return withStore(configured, async store => {
      for await (const each of everyone(store)) {
        const { name = '', host = '' } = registeredApp(each, declared) ?? {}
        out.write(`${[each.id, each.policy, name, host, date(each.registeredAt)].join('\t')}\n`)
      }
      for (const { id, policy, uses, expiresAt } of await invitations(store).list())
        out.write(`${[id, policy, `invitation for ${uses}`, '', date(expiresAt)].join('\t')}\n`)
      return 0
    })
  },
}

/** `clients remove`: an app that registered itself, or an invitation. */
export const clientsRemove: Command = {
  does: 'Removes an app that registered itself, or withdraws an invitation',
  takes: 'ID',
  options: {},
  words: true,
  help: 'What the app was given is dead at once, but for JWT access tokens, which live five minutes.',
  async run({ words: [id, ...more], config, beside }) {
    if (id === undefined || more.length > 0) throw new Refusal('One id is to be told.')
    return withStore(config(), async store => {
      const removed = await registrations(store).remove(id)
      if (removed) await recording(store)('client.removed', { client: id })
      else if (!(await invitations(store).withdraw(id))) throw new Refusal(`Neither an app nor an invitation is ${id}.`)
      beside.write(removed ? 'Removed.\n' : 'Withdrawn.\n')
      return 0
    })
  },
}

const recording = (store: Store) => recorder([audit({ store })], Date.now, () => {})
const date = (at: number): string => new Date(at).toISOString().slice(0, 10)

function declaredBy({ clients, production, local }: Config): Declared {
  try {
    return readClients(clients, { production, local })
  } catch (fault) {
    throw fault instanceof ClientsError ? new Refusal(fault.message) : fault
  }
}

function whole(name: string, typed: string, most: number): number {
  const number = Number(typed)
  if (!/^\d{1,5}$/.test(typed) || number < 1 || number > most)
    throw new Refusal(`--${name} must be a whole number from 1 to ${most}.`)
  return number
}

async function* everyone(store: Store): AsyncGenerator<Registered> {
  const { list } = registrations(store)
  let page = await list()
  while (page.length > 0) {
    yield* page
    page = await list(page.at(-1)?.id)
  }
}
