import { extensionsOf } from './client-extensions.ts'
import type { App, Declared } from './declared.ts'
import { thirdParty } from './policies.ts'
import { type Registrations, registeredApp } from './registrations.ts'

/** The hosts that may have clients whose id is the address of a document about them. */
export type Hosts = 'off' | '*' | readonly string[]

interface Others {
  registrations: Pick<Registrations, 'get'>
  hosts: Hosts
}

export type Clients = ReturnType<typeof registry>

/** Finds clients, by what the file declares at first. The file may be replaced at any time, so nobody keeps what they found. */
export function registry(first: Declared, { registrations, hosts }: Others) {
  let current = first
  return {
    /** Resolves to an app of the file, one that registered, or one that is known by its document. */
    app: async (id: string): Promise<App | undefined> => {
      const declared = current.app(id)
      if (declared) return declared
      if (isDocument(id, hosts)) return documentApp(id, current)
      const registered = await registrations.get(id)
      return registered && registeredApp(registered, current)
    },
    /** Returns what the file declares. */
    declared: (): Declared => current,
    /** Replaces what the file declared before. */
    replace: (next: Declared): void => {
      current = next
    },
  }
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
