import type { App, Declared } from './declared.ts'
import { documentApp, type Hosts, isDocument } from './metadata-documents.ts'
import { type Roll, registeredApp } from './registered.ts'

/** The clients that there are now. What the file declares may be replaced at any time, so nobody keeps what they found. */
export interface Clients {
  /** An app of the file, one that registered, or one that is known by its document. */
  app(id: string): Promise<App | undefined>
  /** What the file declares. */
  declared(): Declared
  /** Declares these from now on, and none of those before. */
  replace(next: Declared): void
}

interface Others {
  roll: Pick<Roll, 'get'>
  hosts: Hosts
}

/** Begins with what the file declares at the start. */
export function registry(first: Declared, { roll, hosts }: Others): Clients {
  let current = first
  return {
    app: async id => {
      const declared = current.app(id)
      if (declared) return declared
      if (isDocument(id, hosts)) return documentApp(id, current)
      const registered = await roll.get(id)
      return registered && registeredApp(registered, current)
    },
    declared: () => current,
    replace: next => {
      current = next
    },
  }
}
