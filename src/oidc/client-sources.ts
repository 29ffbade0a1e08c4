import { type Adapter, type AdapterPayload, type Client, errors, Provider } from 'oidc-provider'
import { isDeclared, libraryMetadata } from '../clients/client-extensions.ts'
import { ClientsError, type Declared } from '../clients/declared.ts'
import type { Client as Entry } from '../clients/file.ts'
import type { Invitation, InvitationState, Invitations } from '../clients/invitations.ts'
import { type outgoing, Unreachable } from '../clients/outgoing.ts'
import { type Policy, within } from '../clients/policies.ts'
import { affordable, mostKeys } from '../clients/public-keys.ts'
import { clientContext, registrationsDeclaration } from '../clients/registrations.ts'
import { secretsOf } from '../clients/stored-apps.ts'
import { same, sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { refuseStrange } from './client-metadata.ts'
import { makeClient, type Replacements } from './library-models.ts'
import type { Options } from './options.ts'

/**
 * Serves the clients of clients.json, and after them those that staff made. The library takes its static clients once; here all are replaced
 * in one step, and it finds them first. Those of the store are read for each request, so that a change counts in every process at once.
 */
export function declaredClients(
  provider: Provider,
  { clients, keys, now }: Pick<Options, 'clients' | 'keys' | 'now'>,
  sealer: Pick<Sealer, 'open'>,
) {
  let known: ReadonlyMap<string, Client> = new Map()
  const ofStore = new WeakMap<object, Promise<Client>>()

  const make = async ({ doc, client }: StoredClient): Promise<Client> => {
    const { secret, former } = secretsOf(doc, sealer)
    const metadata = libraryMetadata({ ...client, client_secret: secret })
    const made = await makeClient(provider, metadata)
    if (!former) return made
    const { compareClientSecret: own } = made
    const compareClientSecret = async (typed: string): Promise<boolean> => {
      const matches = await own.call(made, typed)
      return matches || (former.until > now() && same(typed, former.secret))
    }
    return Object.assign(made, { compareClientSecret })
  }
  const findStored = async (id: string): Promise<Client | undefined> => {
    const found = await clients.fromStore(id)
    if (!found) return undefined
    const made = ofStore.get(found) ?? make(found as StoredClient)
    ofStore.set(found, made)
    return made
  }
  const findClient: Replacements['findClient'] = find => async id => known.get(id) ?? (await findStored(id)) ?? find(id)

  /** Serves these clients from now on. Throws ClientsError when the library finds fault with one, and goes on with the former. */
  const declare = async (next: Declared): Promise<void> => {
    const faults: string[] = []
    const made = new Map<string, Client>()
    await keys.need(next.algorithms)
    for (const each of next.metadata) {
      try {
        made.set(each.client_id, await makeClient(provider, each))
      } catch (fault) {
        if (!(fault instanceof errors.InvalidClientMetadata)) throw fault
        faults.push(`${each.client_id} ${fault.error_description ?? fault.message}`)
      }
    }
    if (faults.length > 0) throw new ClientsError('clients.json', faults)
    known = made
    clients.replace(next)
  }
  return { findClient, declare }
}

type StoredClient = { doc: Parameters<typeof secretsOf>[0]; client: Entry }

/** How many clients one address may register without an invitation. */
const allowance = { tries: 20, window: 3_600_000 }

/** Stores clients that register themselves, and the token that manages each, as the library's adapters. */
export function registration(
  { store, clients, throttle, now }: Pick<Options, 'store' | 'clients' | 'throttle' | 'now'>,
  { sealer, invitations }: { sealer: Sealer; invitations: Invitations },
): Record<string, Adapter> {
  const kept = store.collection(registrationsDeclaration)

  /** Lets a client register, by a use of its invitation or as one of not too many. */
  const admit = async (invitation: Invitation | undefined): Promise<void> => {
    if (invitation) {
      if (!(await invitations.spend(invitation.id)))
        throw new errors.InvalidToken('the invitation is used up or revoked')
      return
    }
    try {
      await throttle.ration('register', Provider.ctx?.ip ?? '', allowance)
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault
      const told = new errors.CustomOIDCProviderError('slow_down', 'too many clients register from this address')
      throw Object.assign(told, { status: 429, statusCode: 429, retryAfter: fault.retryAfter })
    }
  }

  return {
    Client: {
      ...unused,
      find: async id => {
        const found = await kept.get(id)
        const policy = found && clients.declared().policies.get(found.policy)
        if (!found || !policy || found.disabledAt !== undefined) return undefined
        const client_secret = found.secret && sealer.open(found.secret, clientContext({ id }))
        if (client_secret && sealer.stale(found.secret ?? ''))
          await kept.patch(id, { secret: sealer.seal(client_secret, clientContext({ id })) }, { secret: found.secret })
        return allowed({ ...found.metadata, policy: found.policy, ...(client_secret && { client_secret }) }, policy)
      },
      upsert: async (id, { client_secret, ...metadata }) => {
        const secret = client_secret && sealer.seal(String(client_secret), clientContext({ id }))
        const { policy } = metadata as { policy: string }
        const { route, entities } = Provider.ctx?.oidc ?? {}
        if (route === 'registration') {
          const invitation = entities?.InitialAccessToken as unknown as Invitation | undefined
          await admit(invitation)
          return kept.insert({ id, policy, metadata, secret, registeredAt: now(), invitation: invitation?.id })
        }
        // Its token changes hands with every change (RFC 7592, 2.2): of two changes with one token, one is made.
        const manager = sha256(entities?.RegistrationAccessToken?.jti ?? '')
        const changed = await kept.patch(id, { metadata, secret, manager: undefined }, { manager })
        if (!changed) throw new errors.InvalidToken('the registration access token is spent')
      },
      destroy: async id => {
        await kept.remove({ id })
      },
    },
    RegistrationAccessToken: {
      ...unused,
      find: async token => {
        const [found] = await kept.find({ manager: sha256(token) }, { limit: 1 })
        // The library destroys a token whose client it does not find: one that may come back must not come to that.
        const away = found && (found.disabledAt !== undefined || !clients.declared().policies.has(found.policy))
        if (!found || away) return undefined
        return { jti: token, kind: 'RegistrationAccessToken', clientId: found.id }
      },
      upsert: async (token, { clientId = '' }) => {
        await kept.patch(clientId, { manager: sha256(token) })
      },
      destroy: async token => {
        const manager = sha256(token)
        const [found] = await kept.find({ manager }, { limit: 1 })
        if (found) await kept.patch(found.id, { manager: undefined }, { manager })
      },
    },
  }
}

/** Why an invitation that was shown does not count. */
export interface Outworn {
  invitation: string
  type: Exclude<InvitationState, 'open'>
}

/** Finds the invitation that a client shows; one that does not count is as good as none, and `ctx.state.outworn` says why. */
export function findingInvitations({ find, stateOf }: Pick<Invitations, 'find' | 'stateOf'>) {
  return async (bearer: string): Promise<Invitation | undefined> => {
    const found = await find(bearer)
    const type = found && stateOf(found)
    if (type === 'open' || !found || !type) return found
    if (Provider.ctx) Provider.ctx.state.outworn = { invitation: found.id, type } satisfies Outworn
    return undefined
  }
}

const unused: Adapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
}

/** Returns a client as its policy still allows it; undefined for one that may do nothing any more. */
function allowed(metadata: AdapterPayload, policy: Policy): AdapterPayload | undefined {
  const { grant_types, scope } = within(policy, metadata as object)
  if (!grant_types?.length || scope === '') return undefined
  const code = grant_types.includes('authorization_code')
  return { ...metadata, grant_types: [...grant_types], scope, response_types: code ? ['code'] : [] }
}

type Fetch = ReturnType<typeof outgoing>

/** How much one address may have fetched for clients that are not in clients.json. */
const fetches = { tries: 300, window: 600_000 }

/**
 * Fetches what clients keep elsewhere. The library forgets what it could not have, and makes a client anew of its document for each
 * request: so a sender of requests decides how often an address of their choosing is called. Throws Unreachable, and `slow_down`.
 */
export function clientFetch(send: Fetch, throttle: Options['throttle']): Fetch {
  return async (input, init) => {
    const { ctx } = Provider
    if (!ctx || isDeclared(ctx.oidc.client ?? {})) return send(input, init)
    await throttle.ration('fetch', ctx.ip, fetches)
    const answer = await send(input, init)
    const document = parsed(await answer.clone().text())
    if (burdens(document)) throw new Unreachable('the keys are too many or too costly')
    refuseStrange(document)
    return answer
  }
}

/** Tells whether these are keys that clients of clients.json could not have: each may be tried on every signature. */
function burdens(document: unknown): boolean {
  const { keys } = (document ?? {}) as { keys?: unknown }
  return Array.isArray(keys) && (keys.length > mostKeys || keys.some(each => !affordable(Object(each))))
}

/** Parses JSON; returns undefined for anything else. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
