import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider'
import type { Throttle } from '../accounts/throttle.ts'
import { type Policy, within } from '../clients/policies.ts'
import { clientContext, type Invitation, type Invitations, registrationsDeclaration } from '../clients/registrations.ts'
import type { Clients } from '../clients/registry.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import type { Store } from '../store/collection.ts'

interface Services {
  store: Store
  sealer: Sealer
  clients: Clients
  invitations: Invitations
  throttle: Throttle
  now: () => number
}

/** Clients of one address that register without an invitation. */
const allowance = { tries: 20, window: 3_600_000 }

/** Clients that register themselves, and the token that manages each, as the library's adapters. */
export function registration({
  store,
  sealer,
  clients,
  invitations,
  throttle,
  now,
}: Services): Record<string, Adapter> {
  const kept = store.collection(registrationsDeclaration)

  /** Lets a client in: by a use of its invitation, or as one of not too many. */
  const admit = async (): Promise<void> => {
    const invitation = Provider.ctx?.oidc.entities.InitialAccessToken as unknown as Invitation | undefined
    if (invitation) {
      if (!(await invitations.spend(invitation.id))) throw new errors.InvalidToken('the invitation is used up')
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
        if (!found || !policy) return undefined
        const client_secret = found.secret && sealer.open(found.secret, clientContext({ id }))
        if (client_secret && sealer.stale(found.secret ?? ''))
          await kept.patch(id, { secret: sealer.seal(client_secret, clientContext({ id })) }, { secret: found.secret })
        return still({ ...found.metadata, policy: found.policy, ...(client_secret && { client_secret }) }, policy)
      },
      upsert: async (id, { client_secret, ...metadata }) => {
        const secret = client_secret && sealer.seal(String(client_secret), clientContext({ id }))
        const { policy } = metadata as { policy: string }
        const { route, entities } = Provider.ctx?.oidc ?? {}
        if (route === 'registration') {
          await admit()
          return kept.insert({ id, policy, metadata, secret, registeredAt: now() })
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
        // The library destroys a token whose client it does not find: one whose policy may come back must not come to that.
        if (!found || !clients.declared().policies.has(found.policy)) return undefined
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

const unused: Adapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
}

/** A client as its policy still allows it; one that may do nothing any more is no client. */
function still(metadata: AdapterPayload, policy: Policy): AdapterPayload | undefined {
  const { grant_types, scope } = within(policy, metadata as object)
  if (!grant_types?.length || scope === '') return undefined
  const code = grant_types.includes('authorization_code')
  return { ...metadata, grant_types: [...grant_types], scope, response_types: code ? ['code'] : [] }
}
