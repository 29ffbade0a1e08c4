import type { AdapterPayload, Provider } from 'oidc-provider'
import type { Acr } from '../acr.ts'
import { appearanceOf } from '../clients/appearance.ts'
import { consentsNeeded } from '../clients/attributes.ts'
import type { App } from '../clients/declared.ts'
import { oidcScopes } from '../clients/file.ts'
import { token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import type { Origin } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import type { Consents, Mutes, Scopes } from '../records/consents.ts'
import type { RemoteRequest } from '../records/remote-requests.ts'
import { add, renew } from './grants.ts'
import type { Options } from './options.ts'
import { demandOf } from './prompts.ts'
import type { Login } from './security-stamps.ts'

/** A request that waits for a person to approve it. Times in milliseconds since the epoch. */
export interface Waiting {
  id: string
  app: App
  /** What the app says that it is for (CIBA Core 1.0, 7.1). */
  message: string | undefined
  scopes: readonly string[]
  resources: readonly { name: string; scopes: readonly string[] }[]
  /** The attributes that the app is to be told of, and its person was not asked about yet. */
  attributes: readonly string[]
  /** What must be proved to approve it. */
  acr: Acr
  address: string
  agent: string | undefined
  at: number
}

/** The person who approves, and in which of their sessions. */
interface Approver {
  account: string
  session: string
  /** What was proved for it just now, where that is more than the session says. */
  proved?: Pick<Login, 'acr' | 'amr'> | undefined
  /** The attributes that they read before they approved. */
  read?: readonly string[]
}

/** Moves money: no device gets it unless its app's entry says so. */
const heavy = 'transfer'

export type Approvals = ReturnType<typeof remoteApprovals>

type Services = Pick<Options, 'clients' | 'postPing' | 'emit' | 'now'> & {
  provider: Provider
  records: Records
  consents: Consents
  mutes: Mutes
}

/** Requests of devices and apps that wait while their person is elsewhere. */
export function remoteApprovals({ provider, clients, records, consents, mutes, postPing, emit, now }: Services) {
  const { remote, sessions } = records

  /** Resolves to what a person has allowed an app that looks as it does now, and what of its attributes they were not asked about. */
  const knownOf = async (account: string, app: App) => {
    if (app.firstParty) return { known: true, shown: undefined, unasked: [] }
    const client = await provider.Client.find(app.id)
    const shown = client && appearanceOf(client)
    const allowed = await consents.of(account, app.id, shown)
    const needed = consentsNeeded((await clients.ours(app.id)) ?? { firstParty: true })
    const said = [...(allowed?.attributes ?? []), ...(allowed?.withheld ?? [])]
    return { known: allowed !== undefined, shown, unasked: needed.filter(each => !said.includes(each)) }
  }

  const shown = async (request: RemoteRequest | undefined, account: string): Promise<Waiting[]> => {
    const app = request && (await clients.app(request.client))
    if (!request || !app) return []
    const { id, payload, address, agent, at } = request
    const { oidc, apis } = wanted(request, app)
    const resources = Object.entries(apis).map(([resource, scopes]) => ({
      name: app.apis.get(resource)?.name ?? resource,
      scopes,
    }))
    const { params = {} } = payload
    const { binding_message: message } = params
    // Approving something from elsewhere takes two factors at least.
    const acr = demandOf(params).least === 'phr' ? 'phr' : 'aal2'
    const told = typeof message === 'string' ? message : undefined
    const { unasked: attributes } = await knownOf(account, app)
    return [{ id, app, message: told, scopes: oidc, resources, attributes, acr, address, agent, at }]
  }

  const open = async (id: string, account: string): Promise<{ request: RemoteRequest; app: App }> => {
    const request = await remote.find(id)
    const app = request && (await clients.app(request.client))
    if (!app || (request.named ?? account) !== account) throw new Problem('approval_over')
    return { request, app }
  }

  const answer = async ({ id, client }: RemoteRequest, answered: Parameters<typeof remote.answer>[1]) => {
    const done = await remote.answer(id, answered)
    if (!done) throw new Problem('approval_over')
    if (done.ping) await postPing({ client, ...done.ping })
  }

  /** Takes an app into a session, by the grant that it has there, where the person knows the app as it is, or by a new one. Several at once all get the same. */
  const joined = async (
    { uid = '', authorizations = {} }: AdapterPayload,
    accountId: string,
    clientId: string,
    known: boolean,
  ) => {
    const former = authorizations[clientId]?.grantId
    const found = former === undefined || !known ? undefined : await provider.Grant.find(former)
    const grant = found ?? new provider.Grant({ accountId, clientId })
    if (!found) await renew(grant)
    const app = await sessions.join(uid, clientId, { grantId: grant.jti, sid: token() }, found ? undefined : former)
    const kept = app && (app.grantId === grant.jti ? grant : await provider.Grant.find(app.grantId))
    if (!kept) throw new Problem('sign_in_needed')
    return { grant: kept, sid: app.sid }
  }

  return {
    /** Returns what a device asks this person for, by the code that it shows, as people type it. */
    entered: async (code: string, account: string): Promise<Waiting | undefined> =>
      (await shown(await remote.byUserCode(spelled(code)), account))[0],
    /** Returns what apps ask a person for, oldest first. */
    of: async (account: string): Promise<Waiting[]> =>
      (await Promise.all((await remote.of(account)).map(each => shown(each, account)))).flat(),
    /** Returns what one request asks this person for. Throws `approval_over`. */
    waiting: async (id: string, account: string): Promise<Waiting> => {
      const [waiting] = await shown((await open(id, account)).request, account)
      if (!waiting) throw new Problem('approval_over')
      return waiting
    },
    /** Approves a request, once. Throws `approval_over`. */
    approve: async (
      id: string,
      { account, session: uid, proved, read = [] }: Approver,
      origin: Origin,
    ): Promise<void> => {
      const { request, app } = await open(id, account)
      const session = await sessions.adapter.findByUid(uid)
      if (session?.accountId !== account) throw new Problem('sign_in_needed')
      const allowed = wanted(request, app)
      const { known, shown, unasked } = await knownOf(account, app)
      // What the page did not name is not allowed, though the app's entry has it by now.
      const attributes = unasked.filter(each => read.includes(each))
      const { grant, sid } = await joined(session, account, app.id, known)
      add(grant, allowed)
      await renew(grant)
      const { jti: grantId } = grant

      const { acr, amr, authTime } = proved
        ? { ...proved, amr: [...proved.amr], authTime: Math.floor(now() / 1000) }
        : { ...session, authTime: session.loginTs }
      const scope = [...allowed.oidc, ...Object.values(allowed.apis).flat()].join(' ')
      const resources = Object.keys(allowed.apis)
      const binding = { accountId: account, grantId, sid, sessionUid: uid, expiresWithSession: true }
      const resource = resources.length > 1 ? resources : resources[0]
      await answer(request, { ...binding, stamp: session.stamp, acr, amr, authTime, scope, resource })

      const what = { account, client: app.id }
      if (!app.firstParty) {
        await consents.add(account, app.id, { ...allowed, attributes }, shown)
        const told = attributes.length > 0 ? { attributes: attributes.join(' ') } : {}
        await emit('consent.granted', { ...what, scope, ...told }, origin)
      }
      await emit('session.joined', { ...what, session: uid }, origin)
      await emit(request.kind === 'DeviceCode' ? 'device.admitted' : 'request.approved', what, origin)
    },
    /** Refuses a request; `reported` says that the person did not begin it. Throws `approval_over`. */
    refuse: async (id: string, { account }: Approver, reported: boolean, origin: Origin): Promise<void> => {
      const { request, app } = await open(id, account)
      await answer(request, { error: 'access_denied', errorDescription: 'the person refused' })
      const device = request.kind === 'DeviceCode'
      const what = { account, client: app.id }
      if (!device) await mutes.refused(account, app.id, reported)
      const did = reported ? 'request.reported' : device ? 'device.turned-away' : 'request.refused'
      await emit(did, what, origin)
    },
  }
}

/** Returns a code as devices show it, without what people add (RFC 8628, 6.1). */
function spelled(code: string): string {
  return code
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .slice(0, 20)
}

/** Returns what a request asks for, of what its client may ask for. */
function wanted({ kind, payload }: RemoteRequest, app: App): Scopes {
  const { scope, resource } = payload.params ?? {}
  const asked = typeof scope === 'string' ? scope.split(' ') : []
  const light = (each: string): boolean => kind !== 'DeviceCode' || app.deviceMayTransfer || each !== heavy
  const apis = [resource].flat().flatMap((name): [string, string[]][] => {
    const offered = app.apis.get(String(name))?.scope.split(' ') ?? []
    const some = offered.filter(each => asked.includes(each) && light(each))
    return some.length > 0 ? [[String(name), some]] : []
  })
  return { oidc: asked.filter(each => oidcScopes.includes(each)), apis: Object.fromEntries(apis) }
}
