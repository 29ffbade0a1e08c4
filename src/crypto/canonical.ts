/**
 * JSON spelled in the one way of the JSON Canonicalization Scheme (RFC 8785): no space, the names of an object in the
 * order of their UTF-16 code units, numbers and strings as ECMAScript writes them. Throws TypeError for what is not
 * I-JSON (RFC 7493): a number that is none, text with half a surrogate pair, an absent value.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    // Without a comparison of its own, sort() goes by code units.
    const names = Object.keys(value).sort()
    return `{${names.map(name => `${text(name)}:${canonical((value as Record<string, unknown>)[name])}`).join(',')}}`
  }
  if (typeof value === 'string') return text(value)
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return JSON.stringify(value)
  throw new TypeError('canonical JSON has no such value')
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('canonical JSON has no half of a surrogate pair')
  return JSON.stringify(value)
}
