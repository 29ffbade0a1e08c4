import { publicKeyOf } from '../crypto/request-signature.ts'
import { Problem } from '../errors.ts'
import { blockOf, blockStart } from '../network.ts'
import { type NewApiKey, type Scope, scopes } from './api-keys.ts'

/** The form of a new key as it was posted. */
export interface Typed {
  name: string
  scope: string[]
  addresses: string
  expires: string
  public_key: string
}

/** The parsed form of a new key. */
export type ApiKeyForm = Omit<NewApiKey, 'account'> & { publicKey: string | undefined }

const day = 24 * 3_600_000
const most = { addresses: 50, name: 60 }

/** Parses a posted form; throws a Problem that names the first wrong field. */
export function parseForm(typed: Typed, now: number): ApiKeyForm {
  const name = nameOf(typed.name)
  const wanted = scopesOf(typed.scope)
  const addresses = addressesOf(typed.addresses)
  if (wanted.includes('transfer') && addresses.length === 0)
    throw new Problem('addresses_needed', { field: 'addresses' })
  return { name, scopes: wanted, addresses, endsAt: endOf(typed.expires, now), publicKey: keyOf(typed.public_key) }
}

/** A key's name; throws Problem `invalid_name`. */
export function nameOf(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > most.name || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) || !name.isWellFormed())
    throw new Problem('invalid_name', { field: 'name' })
  return name
}

/** A public key, or undefined where none was given; throws Problem `invalid_public_key`. */
export function keyOf(text: string): string | undefined {
  if (text === '') return undefined
  const key = publicKeyOf(text)
  if (key === undefined) throw new Problem('invalid_public_key', { field: 'public_key' })
  return key
}

/** Allows reading unless the form says otherwise. */
function scopesOf(asked: readonly string[]): Scope[] {
  if (asked.some(each => !scopes.includes(each as Scope))) throw new Problem('invalid_scope', { field: 'scope' })
  return asked.length === 0 ? ['read'] : scopes.filter(each => asked.includes(each))
}

function addressesOf(text: string): string[] {
  const field = 'addresses'
  const entries = text.split(/[\s,;]+/).filter(each => each !== '')
  const blocks = entries.map(entry => {
    const block = plainBlock(entry)
    if (block === undefined) throw new Problem('invalid_addresses', { field, values: { entry: entry.slice(0, 60) } })
    return block
  })
  if (blocks.length > most.addresses)
    throw new Problem('too_many_addresses', { field, values: { most: most.addresses } })
  return [...new Set(blocks)]
}

/** The end of that day in UTC. */
function endOf(text: string, now: number): number | undefined {
  if (text === '') return undefined
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // 31 February is read as 3 March.
  const real = !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
  if (!real || at + day <= now) throw new Problem('invalid_expiry', { field: 'expires' })
  return at + day
}

/** The widest block that still says anything, in bits of its network. */
const widest = { ipv4: 8, ipv6: 16 }

/** An address or CIDR block in its one spelling; undefined when it is none, or so wide that it says nothing. */
export function plainBlock(text: string): string | undefined {
  const block = blockOf(text)
  if (!block || block.bits < widest[block.address.kind()]) return undefined
  return block.whole ? block.address.toString() : blockStart(block.address, block.bits)
}
