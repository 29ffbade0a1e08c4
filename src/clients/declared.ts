import { readFileSync } from 'node:fs'
import type { ClientMetadata, ResourceServer } from 'oidc-provider'
import type { Algorithm } from '../crypto/jws.ts'
import type { DetailType } from '../flows/details.ts'
import { alike, skeletons } from './appearance.ts'
import type { DeviceApp } from './associations.ts'
import { libraryMetadata } from './client-extensions.ts'
import { type Api, apiShape, type Client, clientShape, oidcScopes, readEntry } from './file.ts'
import { readLogos } from './logos.ts'
import { type Policy, policyShape, thirdParty } from './policies.ts'
import { about, faultsOf, type Standing } from './rules.ts'

/** What a resource server's tokens are like for one client (RFC 8707, RFC 9068). */
export type Granted = ResourceServer & { name: string; resource: string; details: readonly DetailType[] }

/** A client as the house sees it, beside what the library knows of it. */
export interface App {
  id: string
  name: string
  /** Whose it is, as far as anybody can tell: the host that it sends people back to, or that its document is at. Nobody vouches for the name of an app that registered. */
  host: string | undefined
  tile: string
  /** As a data URL; the operator vouches for it. */
  logo?: string | undefined
  firstParty: boolean
  /** By resource identifier: the APIs it may ask for, with the scopes that are its to ask for. */
  apis: ReadonlyMap<string, Granted>
  /** Of clients.json alone. The APIs that it is itself, by resource identifier. */
  serves?: readonly string[]
  /** As `apis`: what it may ask for on behalf of who came to its own. */
  delegates?: ReadonlyMap<string, Granted>
  /** People may let a device of its move money. */
  deviceMayTransfer?: boolean
}

/** What clients.json declares. */
export interface Declared {
  /** As oidc-provider takes them. */
  metadata: readonly ClientMetadata[]
  app(id: string): App | undefined
  /** Is this client the API itself that this resource identifier names? */
  stands(client: string, resource: unknown): boolean
  /** What bots may sign by the exchange scheme, by name. */
  methods: ReadonlyMap<string, Api['methods'][string]>
  /** What they and the APIs want to be signed with. ES256 and EdDSA are always among it: their keys cost nothing to make. */
  algorithms: ReadonlySet<Algorithm>
  /** What clients that register themselves may be, by name. */
  policies: ReadonlyMap<string, Policy>
  /** What an app that may ask for these scopes of APIs is given, for so many seconds each. */
  granted(apis: Readonly<Record<string, readonly string[]>>, life: number): App['apis']
  /** What vouches for apps on devices. */
  deviceApps: readonly DeviceApp[]
  /** Is there an app of this name, as people read it, or is it ours? */
  named(name: string): boolean
}

/** Every fault of clients.json at once, each by where it stands. */
export class ClientsError extends Error {
  readonly faults: readonly string[]
  constructor(file: string, faults: readonly string[]) {
    super(`${file} cannot be used:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'ClientsError'
    this.faults = faults
  }
}

/** Reads the file that declares the apps and their APIs; throws ClientsError. */
export function readClients(file: string, standing: Standing): Declared {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'))
  } catch (fault) {
    throw new ClientsError(file, [
      fault instanceof SyntaxError ? 'is not JSON' : `cannot be read (${(fault as NodeJS.ErrnoException).code})`,
    ])
  }
  return parseClients(raw, standing, file)
}

/** Makes clients of what a file said; throws ClientsError with every fault there is. */
export function parseClients(raw: unknown, standing: Standing, file = 'clients.json'): Declared {
  const faults: string[] = []
  const lists = raw as { apis?: unknown; clients?: unknown; policies?: unknown } | null
  for (const name of Object.keys(lists ?? {}))
    if (!['apis', 'clients', 'policies'].includes(name)) faults.push(`${name} is not known`)
  const list = (name: 'apis' | 'clients' | 'policies'): unknown[] => {
    const found = lists?.[name]
    if (Array.isArray(found)) return found
    faults.push(`${name} must be a list`)
    return []
  }
  const apis = list('apis').map((each, at) => readEntry(apiShape, each, fault => faults.push(`apis[${at}] ${fault}`)))
  faults.push(...repeated(apis.map(each => each.resource)).map(each => `apis: ${each} is declared twice`))
  faults.push(
    ...repeated(apis.flatMap(each => Object.keys(each.methods ?? {}))).map(each => `apis: ${each} is declared twice`),
  )
  apis.forEach(({ scopes, methods = {} }, at) => {
    for (const [name, { scope }] of Object.entries(methods))
      if (scopes && !scopes.includes(scope))
        faults.push(`apis[${at}] methods.${name}.scope: ${scope} is no scope of it`)
    for (const scope of scopes ?? [])
      if (oidcScopes.includes(scope)) faults.push(`apis[${at}] scopes: ${scope} is OpenID Connect’s`)
  })

  const clients = list('clients').map((each, at) => {
    const id = (each as { client_id?: unknown } | null)?.client_id
    const where = `clients[${at}]${typeof id === 'string' ? ` (${id})` : ''}`
    const told: string[] = []
    const client = readEntry(clientShape, each, fault => told.push(fault))
    // What a field must be beside the others is not worth saying of one that is wrong in itself.
    const wrong = new Set(told.map(about))
    told.push(
      ...[...faultsOf(client, standing), ...unknownScopes(client, apis)].filter(each => !wrong.has(about(each))),
    )
    faults.push(...told.map(fault => `${where} ${fault}`))
    return client
  })
  faults.push(...repeated(clients.map(each => each.client_id)).map(each => `clients: ${each} is declared twice`))
  apis.forEach(({ client_id: own, authorization_details_types: types = [] }, at) => {
    const confidential = clients.some(
      each => each.client_id === own && each.token_endpoint_auth_method && each.token_endpoint_auth_method !== 'none',
    )
    if (own !== undefined && !confidential)
      faults.push(`apis[${at}] client_id: ${own} is no client that can authenticate`)
    if (own === undefined && types.length > 0)
      faults.push(`apis[${at}] authorization_details_types: client_id is needed, which asks for them`)
  })
  const logos = readLogos(clients, file, fault => faults.push(fault))
  const policies = (lists?.policies === undefined ? [] : list('policies')).map((each, at) => {
    const policy = readEntry(policyShape, each, fault => faults.push(`policies[${at}] ${fault}`))
    faults.push(...unknownScopes(policy, apis).map(fault => `policies[${at}] ${fault}`))
    return policy
  })
  faults.push(...repeated(policies.map(each => each.policy)).map(each => `policies: ${each} is declared twice`))
  if (faults.length > 0) throw new ClientsError(file, faults)
  return known(apis as Api[], clients as Client[], policies as Policy[], logos)
}

function unknownScopes(
  { client_id, apis: asked = {}, delegates = {}, scope }: Partial<Client>,
  apis: readonly Partial<Api>[],
): string[] {
  const strange = (scope?.split(' ') ?? [])
    .filter(each => !oidcScopes.includes(each))
    .map(each => `scope: ${each} is not known`)
  const faults = Object.entries({ apis: asked, delegates }).flatMap(([name, wanted]) =>
    Object.entries(wanted).flatMap(([resource, scopes]) => {
      const api = apis.find(each => each.resource === resource)
      if (!api) return [`${name}: ${resource} is not declared`]
      return scopes
        .filter(each => api.scopes && !api.scopes.includes(each))
        .map(each => `${name}: ${resource} has no scope ${each}`)
    }),
  )
  const nobody = Object.keys(delegates).length > 0 && !apis.some(each => each.client_id === client_id)
  return [...strange, ...faults, ...(nobody ? ['delegates: no API has this client_id'] : [])]
}

function repeated(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((name, at) => name !== undefined && names.indexOf(name) !== at) as string[])]
}

function known(
  apis: readonly Api[],
  clients: readonly Client[],
  policies: readonly Policy[],
  logos: ReadonlyMap<string, string>,
): Declared {
  const granted = granting(apis)
  const apps = new Map(
    clients.map(each => [each.client_id, { ...app(each, apis, granted), logo: logos.get(each.client_id) }]),
  )
  const names = clients.map(each => skeletons(each.client_name))
  return {
    metadata: clients.map(libraryMetadata),
    app: id => apps.get(id),
    stands: (client, resource) => apis.some(each => each.client_id === client && each.resource === resource),
    methods: new Map(apis.flatMap(each => Object.entries(each.methods))),
    algorithms: new Set<Algorithm>([
      // RS256 is there for whoever knows nothing else (OpenID Connect Discovery 1.0, 3).
      ...(['ES256', 'EdDSA', 'RS256'] as const),
      ...apis.map(each => each.access_token_signed_response_alg),
      ...clients.flatMap(each =>
        [
          each.id_token_signed_response_alg,
          each.authorization_signed_response_alg,
          each.introspection_signed_response_alg,
          each.userinfo_signed_response_alg ?? [],
        ].flat(),
      ),
    ]),
    policies: new Map([thirdParty, ...policies].map(each => [each.policy, each])),
    granted,
    deviceApps: clients,
    named: name => {
      const own = skeletons(name)
      // A name that contains ours would be taken for us.
      return names.some(each => alike(each, own)) || [...own].some(each => each.includes('latchkey'))
    },
  }
}

function granting(apis: readonly Api[]): Declared['granted'] {
  const granted = (life: number, [resource, scopes]: [string, readonly string[]]): [string, Granted] => {
    const api = apis.find(each => each.resource === resource) as Api
    const { name, access_token_signed_response_alg: alg, authorization_details_types: details } = api
    return [
      resource,
      {
        name,
        resource,
        audience: resource,
        scope: scopes.join(' '),
        accessTokenTTL: life,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg } },
        details,
      },
    ]
  }
  return (asked, life) => new Map(Object.entries(asked).map(each => granted(life, each)))
}

function app(client: Client, apis: readonly Api[], granted: Declared['granted']): App {
  const life = client.access_token_ttl
  return {
    id: client.client_id,
    name: client.client_name,
    host: undefined,
    tile: client.tile,
    firstParty: client.first_party,
    apis: granted(client.apis, life),
    serves: apis.filter(each => each.client_id === client.client_id).map(each => each.resource),
    delegates: granted(client.delegates, life),
    deviceMayTransfer: client.device_may_transfer,
  }
}
