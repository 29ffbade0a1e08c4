import { readFileSync } from 'node:fs'
import type { ClientMetadata } from 'oidc-provider'
import type { Algorithm } from '../crypto/jws.ts'
import { token } from '../crypto/random.ts'
import { adminApi, type Granted, grantedBy, stillDeclared } from './apis.ts'
import { alike, skeletons } from './appearance.ts'
import { type Attribute, attributeFaults, attributeShape, claimFaults, stillTold } from './attributes.ts'
import { libraryMetadata } from './client-extensions.ts'
import { type Api, apiShape, type Client, clientShape, oidcScopes, readEntry } from './file.ts'
import { readLogos } from './logos.ts'
import { type Policy, policyShape, thirdParty } from './policies.ts'
import { about, faultsOf, type Standing, unknownScopes } from './rules.ts'

/** A client, as pages and rules see it. */
export interface App {
  id: string
  name: string
  /** The host that it sends people back to, or that its document is at; undefined for apps of clients.json. The name of an app that registered is not verified. */
  host: string | undefined
  tile: string
  /** A data URL, of an app of clients.json. */
  logo?: string | undefined
  firstParty: boolean
  /** The roles that people can have in it, and the claims that it is told of people; of apps of clients.json and of the store. */
  roles?: readonly string[]
  claims?: Client['claims']
  /** Where people open it in a browser; of an app of clients.json that has pages. */
  home?: string | undefined
  /** The APIs that it may ask for, by resource identifier, with the scopes. */
  apis: ReadonlyMap<string, Granted>
  /** The resource identifiers of the APIs that it is itself; of clients.json only. */
  serves?: readonly string[]
  /** The APIs that it may ask for on behalf of the people who use its own. */
  delegates?: ReadonlyMap<string, Granted>
  /** Whether people may let its devices move money. */
  deviceMayTransfer?: boolean
}

/** What clients.json declares. */
export type Declared = ReturnType<typeof parseClients>

const listNames = ['apis', 'attributes', 'clients', 'policies'] as const
type ListName = (typeof listNames)[number]

/** Every fault of clients.json at once, each with its place. */
export class ClientsError extends Error {
  readonly faults: readonly string[]
  constructor(file: string, faults: readonly string[]) {
    super(`${file} cannot be used:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'ClientsError'
    this.faults = faults
  }
}

/** Reads the file that declares the apps and their APIs. Throws ClientsError. */
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

/** Parses the content of clients.json. Throws ClientsError with every fault. */
export function parseClients(raw: unknown, standing: Standing, file = 'clients.json') {
  const faults: string[] = []
  const lists = raw as Partial<Record<ListName, unknown>> | null
  for (const name of Object.keys(lists ?? {}))
    if (!listNames.some(each => each === name)) faults.push(`${name} is not known`)
  const list = (name: ListName): unknown[] => {
    const found = lists?.[name]
    if (found === undefined && (name === 'policies' || name === 'attributes')) return []
    if (Array.isArray(found)) return found
    faults.push(`${name} must be a list`)
    return []
  }
  const listed = list('apis').map((each, at) => readEntry(apiShape, each, fault => faults.push(`apis[${at}] ${fault}`)))
  const { issuer } = standing
  const apis = [...listed, ...(issuer === undefined ? [] : [adminApi(issuer)])]
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

  const attributes = list('attributes').map((each, at) =>
    readEntry(attributeShape, each, fault => faults.push(`attributes[${at}] ${fault}`)),
  )
  faults.push(...attributeFaults(attributes))
  const clients = list('clients').map((each, at) => {
    const id = (each as { client_id?: unknown } | null)?.client_id
    const where = `clients[${at}]${typeof id === 'string' ? ` (${id})` : ''}`
    const read = readClient(each, { apis, attributes }, standing)
    faults.push(...read.faults.map(fault => `${where} ${fault}`))
    return read.client
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
  const policies = list('policies').map((each, at) => {
    const policy = readEntry(policyShape, each, fault => faults.push(`policies[${at}] ${fault}`))
    // Who registers by themselves has no business in the admin API, whatever a policy says.
    faults.push(...unknownScopes(policy, listed).map(fault => `policies[${at}] ${fault}`))
    return policy
  })
  faults.push(...repeated(policies.map(each => each.policy)).map(each => `policies: ${each} is declared twice`))
  if (faults.length > 0) throw new ClientsError(file, faults)
  const written = new Map(list('policies').map(each => [(each as Policy).policy, Object.keys(each as object)]))
  const beside = { apis: apis as Api[], attributes: attributes as Attribute[], written }
  return known(beside, clients as Client[], policies as Policy[], logos, standing)
}

/** Reads the entry of one client by all rules, and returns every fault. */
function readClient(
  raw: unknown,
  { apis, attributes }: { apis: readonly Partial<Api>[]; attributes: readonly Partial<Attribute>[] },
  standing: Standing,
) {
  const faults: string[] = []
  const client = readEntry(clientShape, raw, fault => faults.push(fault))
  // A field that is wrong by itself is not also told what it must be beside the others.
  const wrong = new Set(faults.map(about))
  faults.push(
    ...[...faultsOf(client, standing), ...unknownScopes(client, apis), ...claimFaults(client, attributes)].filter(
      each => !wrong.has(about(each)),
    ),
  )
  return { client, faults }
}

/** Returns the front page of the first site that a client sends people back to. */
function siteOf(redirects: readonly string[]): string | undefined {
  const site = redirects.flatMap(each => URL.parse(each) ?? []).find(({ protocol }) => /^https?:$/.test(protocol))
  return site && `${site.origin}/`
}

function repeated(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((name, at) => name !== undefined && names.indexOf(name) !== at) as string[])]
}

function known(
  {
    apis,
    attributes,
    written,
  }: { apis: readonly Api[]; attributes: readonly Attribute[]; written: ReadonlyMap<string, readonly string[]> },
  clients: readonly Client[],
  policies: readonly Policy[],
  logos: ReadonlyMap<string, string>,
  standing: Standing,
) {
  /** Returns what an app gets that may ask for these scopes of APIs, with tokens that live so many seconds. */
  const granted = (asked: Readonly<Record<string, readonly string[]>>, life: number): ReadonlyMap<string, Granted> =>
    new Map(Object.entries(asked).map(([resource, scopes]) => [resource, grantedBy(apis, resource, scopes, life)]))
  const apps = new Map(clients.map(each => [each.client_id, appOf(each)]))
  const names = clients.map(each => skeletons(each.client_name))

  function appOf({ client_id: id, access_token_ttl: life, ...client }: Client): App {
    return {
      id,
      name: client.client_name,
      host: undefined,
      tile: client.tile,
      logo: logos.get(id),
      firstParty: client.first_party,
      roles: client.roles,
      claims: client.claims,
      home: client.client_uri ?? siteOf(client.redirect_uris),
      apis: granted(client.apis, life),
      serves: apis.filter(each => each.client_id === id).map(each => each.resource),
      delegates: granted(client.delegates, life),
      deviceMayTransfer: client.device_may_transfer,
    }
  }
  return {
    /** The clients as oidc-provider takes them. */
    metadata: clients.map(libraryMetadata) as readonly ClientMetadata[],
    app: (id: string): App | undefined => apps.get(id),
    apps: [...apps.values()] as readonly App[],
    /** Returns whether a client is the API that a resource identifier names. */
    isApi: (client: string, resource: unknown): boolean =>
      apis.some(each => each.client_id === client && each.resource === resource),
    /** The methods that bots may sign by the exchange scheme, by name. */
    methods: new Map(apis.flatMap(each => Object.entries(each.methods))) as ReadonlyMap<string, Api['methods'][string]>,
    /** The algorithms that clients and APIs want. ES256 and EdDSA are always among them: their keys cost nothing to make. */
    algorithms: new Set<Algorithm>([
      // RS256 is there for clients that support nothing else (OpenID Connect Discovery 1.0, 3).
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
    ]) as ReadonlySet<Algorithm>,
    /** The policies of clients that register themselves, by name. */
    policies: new Map([thirdParty, ...policies].map(each => [each.policy, each])) as ReadonlyMap<string, Policy>,
    /** The fields that the file itself gives of each policy that it declares. */
    written,
    granted,
    /** The attributes that people can have, by name. */
    attributes: new Map(attributes.map(each => [each.attribute, each])) as ReadonlyMap<string, Attribute>,
    /** Reads an entry that the file does not contain by the same rules; its secret is kept elsewhere. Returns every fault. */
    read: (raw: Readonly<Record<string, unknown>>) => {
      const method = String(raw.token_endpoint_auth_method)
      const secret = method.startsWith('client_secret') ? { client_secret: token() } : {}
      const { client, faults } = readClient({ ...raw, ...secret }, { apis, attributes }, standing)
      return { client: { ...client, client_secret: undefined }, faults }
    },
    /** Returns such an entry without what it may ask of APIs, and is told of attributes, that are not declared any more. */
    pruned: <E extends { apis?: unknown; claims?: unknown }>(entry: E): E => ({
      ...entry,
      apis: stillDeclared(apis, Object(entry.apis)),
      claims: stillTold(entry.claims, attributes),
    }),
    appOf,
    /** The APIs that clients may ask for. */
    apis,
    /** The entries of the clients, for those that are apps on devices. */
    entries: clients,
    /** Returns whether people may take a name for that of an app here, or for ours. */
    isNameTaken: (name: string): boolean => {
      const wanted = skeletons(name)
      return names.some(each => alike(each, wanted)) || [...wanted].some(each => each.includes('latchkey'))
    },
  }
}
