import type { Client } from 'oidc-provider'
import { sha256 } from '../crypto/digest.ts'
import { isDeclared } from './client-extensions.ts'
import confusables from './confusables.json' with { type: 'json' }

const looks: ReadonlyMap<string, string> = new Map(
  Object.entries(confusables.looks).flatMap(([shown, sources]) => [...sources].map(source => [source, shown] as const)),
)

/** Small capitals, which Unicode's table does not map to the letters that people read. */
const small: ReadonlyMap<string, string> = new Map(
  [...'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ'].map((each, at) => [each, 'abcdefghijklmnopqrstuvwyz'.charAt(at)]),
)

/**
 * Returns the skeletons of a name (UTS #39, 4) without blanks, punctuation, marks and case: names that people confuse have one in common.
 * A letter can look like another in one case only (`I` like `l`), so a name has several.
 */
export function skeletons(name: string): Set<string> {
  const plain = [...name.normalize('NFKC')].map(each => small.get(each) ?? each).join('')
  const bare = plain.replace(/[^\p{L}\p{N}\p{M}]/gu, '')
  const spellings = [plain, bare].flatMap(each => [each, each.toLowerCase(), each.toUpperCase()])
  return new Set(spellings.map(each => skeleton(skeleton(each).toLowerCase())).filter(each => each !== ''))
}

/** Returns whether people may take one name for the other. */
export function alike(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].some(each => other.has(each))
}

function skeleton(text: string): string {
  const mapped = [...text.normalize('NFD')].map(each => looks.get(each) ?? each).join('')
  return mapped.normalize('NFD').replace(/[^\p{L}\p{N}]/gu, '')
}

/**
 * Returns where a redirect URI leads, as pages show it: the host, and outside the web the scheme with it, because any app on a device may
 * take any scheme and write any host behind it.
 */
export function placeOf(uri: string): string {
  const { protocol, host } = new URL(uri)
  if (/^https?:$/.test(protocol)) return host
  return host === '' ? protocol : `${protocol}//${host}`
}

/** Returns the places that an app may send people to, each once. */
export function placesOf(uris: readonly string[]): string[] {
  return [...new Set(uris.map(placeOf))]
}

/**
 * Returns a digest of what people see of an app when they consent: its name and the places that it may send them to. Consent is bound to
 * it. Undefined for apps of clients.json, for which the operator answers.
 */
export function appearanceOf(client: Client): string | undefined {
  if (isDeclared(client)) return undefined
  return sha256(JSON.stringify([client.clientName ?? null, placesOf(client.redirectUris ?? []).sort()]))
}
