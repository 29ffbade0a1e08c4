import { hash, timingSafeEqual } from 'node:crypto'

/** Are two strings the same? Takes as long for strings that differ early as for those that differ late, whatever their lengths. */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(fixed(a), fixed(b))
}

// UTF-16 rather than UTF-8, in which every unpaired surrogate is spelled alike.
function fixed(text: string): Buffer {
  return hash('sha256', Buffer.from(text, 'utf16le'), 'buffer')
}
