import { extensionsOf } from './client-extensions.ts'
import type { App, Declared } from './declared.ts'
import type { Client } from './file.ts'
import { thirdParty } from './policies.ts'
import { type Registrations, registeredApp } from './registrations.ts'
import type { StoredApp, StoredApps } from './stored-apps.ts'

/** The hosts that may have clients whose id is the address of a document about them. */
export type Hosts = 'off' | '*' | readonly string[]

interface Others {
  registrations: Pick<Registrations, 'get'>
  stored: Pick<StoredApps, 'get'>
  hosts: Hosts
}

export type Clients = ReturnType<typeof registry>

/** Finds clients, by what the file declares at first. The file may be replaced at any time, so nobody keeps what they found. */
export function registry(first: Declared, { registrations, stored, hosts }: Others) {
  let current = first
  const resolved = new Map<string, Resolved>()

  /** Reads an app of the store, and its entry only where it or the file is another than before. */
  const fromStore = async (id: string): Promise<Resolved | undefined> => {
    const doc = current.app(id) || isDocument(id, '*') ? undefined : await stored.get(id)
    const before = resolved.get(id)
    if (!doc) resolved.delete(id)
    if (!doc || doc.disabledAt !== undefined) return undefined
    const same = before?.doc.rev === doc.rev && before.doc.createdAt === doc.createdAt && before.under === current
    const found = same ? before : resolve(doc, current)
    resolved.set(id, found)
    return found.client && found
  }

  return {
    /** Resolves to an app of the file or of the store, one that registered, or one that is known by its document. */
    app: async (id: string): Promise<App | undefined> => {
      const declared = current.app(id)
      if (declared) return declared
      if (isDocument(id, hosts)) return documentApp(id, current)
      const found = await fromStore(id)
      if (found) return found.app
      const registered = await registrations.get(id)
      return registered && registered.disabledAt === undefined ? registeredApp(registered, current) : undefined
    },
    /** Resolves to an app that the operator or the staff declared. */
    ours: async (id: string): Promise<App | undefined> => current.app(id) ?? (await fromStore(id))?.app,
    /** Resolves to an app of the store that is on and that the file does not declare: the same object as long as it is the same. */
    fromStore,
    /** Returns what the file declares. */
    declared: (): Declared => current,
    /** Replaces what the file declared before. */
    replace: (next: Declared): void => {
      current = next
    },
  }
}

interface Resolved {
  doc: StoredApp
  under: Declared
  /** Undefined where the rules have become stricter than its entry. */
  client: Client | undefined
  app: App | undefined
}

function resolve(doc: StoredApp, under: Declared): Resolved {
  const { client, faults } = under.read(under.pruned(doc.entry))
  if (faults.length > 0) return { doc, under, client: undefined, app: undefined }
  const whole = client as Client
  return { doc, under, client: whole, app: under.appOf(whole) }
}

/** Returns whether an id is the address of a client's document, on a host that may have one. */
export function isDocument(id: string, hosts: Hosts): boolean {
  if (hosts === 'off' || !/^https:/i.test(id)) return false
  const host = URL.parse(id)?.host
  return host !== undefined && (hosts === '*' || hosts.includes(host))
}

/** Returns a client that is known by its document, without fetching it: only its host is certain. */
function documentApp(id: string, declared: Declared): App {
  const { host } = new URL(id)
  const { apis } = declared.policies.get(thirdParty.policy) ?? thirdParty
  const granted = declared.granted(apis, extensionsOf(undefined).access_token_ttl)
  return { id, name: host, host, tile: 'neutral', firstParty: false, apis: granted }
}
