import type { App, Declared } from './clients.ts'

/** The clients that there are now. What the file declares may be replaced at any time, so nobody keeps what they found. */
export interface Clients {
  app(id: string): Promise<App | undefined>
  /** What the file declares. */
  declared(): Declared
  /** Declares these from now on, and none of those before. */
  replace(next: Declared): void
}

/** Begins with what the file declares at the start. */
export function registry(first: Declared): Clients {
  let current = first
  return {
    app: async id => current.app(id),
    declared: () => current,
    replace: next => {
      current = next
    },
  }
}
