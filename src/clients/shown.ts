import type { Client } from 'oidc-provider'
import { sha256 } from '../crypto/digest.ts'
import { isDeclared } from './client-extensions.ts'

/**
 * Returns where a redirect URI leads, as people are told: the host; for anything that is not on the web the scheme with it, because any app
 * on a device may take any scheme and write whatever host it likes behind it.
 */
export function placeOf(uri: string): string {
  const { protocol, host } = new URL(uri)
  if (/^https?:$/.test(protocol)) return host
  return host === '' ? protocol : `${protocol}//${host}`
}

/** Returns every place that an app may send people to, each once. */
export function placesOf(uris: readonly string[]): string[] {
  return [...new Set(uris.map(placeOf))]
}

/**
 * Returns what consent to an app is bound to: its name and the places that it may send people to, which are all that they have to go by.
 * Undefined for apps of clients.json: the operator vouches for what they become.
 */
export function shownOf(client: Client): string | undefined {
  if (isDeclared(client)) return undefined
  return sha256(JSON.stringify([client.clientName ?? null, placesOf(client.redirectUris ?? []).sort()]))
}
