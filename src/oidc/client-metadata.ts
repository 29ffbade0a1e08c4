import { errors } from 'oidc-provider'

/** How deep the metadata of a client goes at most: a key's certificates are at 4. */
const deepest = 8

/**
 * Returns the metadata that a client sent, without what stands for nothing: null and empty members are as good as absent (RFC 7592,
 * 2.2). Throws `invalid_client_metadata` for what could be taken for a property of every object, at any depth, and for what goes
 * deeper than any metadata: code that meets it by its name, or walks down, would fail in ways that nobody foresees.
 */
export function readMetadata(body: unknown): Record<string, unknown> {
  refuseStrange(body)
  const members = Object.entries(body as object).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(members)
}

/** Throws for metadata that no client has a reason to send: see `readMetadata`. */
export function refuseStrange(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > deepest) throw new errors.InvalidClientMetadata('metadata is nested too deep')
  const strange = Object.keys(value).find(name => name in Object.prototype)
  if (strange !== undefined) throw new errors.InvalidClientMetadata(`${strange} is no name for metadata`)
  for (const each of Object.values(value)) refuseStrange(each, depth + 1)
}
