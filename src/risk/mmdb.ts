import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import ipaddr from 'ipaddr.js'

/** An address database that is no such file, or is damaged. */
export class DatabaseError extends Error {
  constructor(name: string, what: string) {
    super(`${name} ${what}`)
    this.name = 'DatabaseError'
  }
}

/** A file that tells something of addresses, in the MaxMind DB format 2.0. */
export interface Database {
  /** What the file says of an address; undefined where it says nothing. Throws DatabaseError. */
  lookup(address: string): unknown
  close(): void
}

const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
/** Where the metadata may begin, from the end. */
const tail = 128 * 1024
const separator = 16
/** Values within values: no true file comes near. */
const deepest = 16

/**
 * Opens a database and reads of it only what is asked for: a lookup is some dozens of small reads of what the system
 * has in its cache, and the file takes none of this process's memory. Throws DatabaseError, which calls it by `name`.
 */
export function openDatabase(path: string, name = path): Database {
  const file = openFile(path, name)
  const fault = (what: string): DatabaseError => new DatabaseError(name, what)
  const length = fstatSync(file).size

  const read = (at: number, size: number): Buffer => {
    const bytes = Buffer.allocUnsafe(size)
    if (size > tail || at < 0 || readSync(file, bytes, 0, size, at) !== size) throw fault('is damaged')
    return bytes
  }

  const end = read(Math.max(0, length - tail), Math.min(length, tail))
  const found = end.lastIndexOf(marker)
  if (found < 0) throw fault('is no MaxMind DB file')
  const metadata = Math.max(0, length - tail) + found + marker.length
  const about = decoder(read, fault, metadata)(metadata) as Record<string, unknown>
  const [nodes, bits, version] = ['node_count', 'record_size', 'ip_version'].map(name => Number(about[name]))
  if (about.binary_format_major_version !== 2 || !nodes || ![24, 28, 32].includes(bits ?? 0) || !version) {
    throw fault('has a format that is not known')
  }
  const size = ((bits ?? 0) * 2) / 8
  const data = nodes * size + separator
  const decode = decoder(read, fault, data)

  const child = (node: number, right: boolean): number => {
    const bytes = read(node * size, size)
    if (bits === 28) {
      const middle = bytes.readUInt8(3)
      return right ? ((middle & 15) << 24) | bytes.readUIntBE(4, 3) : ((middle >> 4) << 24) | bytes.readUIntBE(0, 3)
    }
    return bytes.readUIntBE(right ? size / 2 : 0, size / 2)
  }
  const descend = (from: number, address: readonly number[]): number => {
    let node = from
    for (const byte of address) {
      for (let bit = 7; bit >= 0 && node < nodes; bit--) node = child(node, ((byte >> bit) & 1) === 1)
    }
    return node
  }
  // In a database of both kinds an IPv4 address stands under 96 zeroes.
  const start = version === 6 ? descend(0, new Array(12).fill(0)) : 0

  return {
    lookup: address => {
      if (!ipaddr.isValid(address)) return undefined
      const parsed = ipaddr.process(address)
      if (parsed.kind() === 'ipv6' && version !== 6) return undefined
      const node = descend(parsed.kind() === 'ipv4' ? start : 0, parsed.toByteArray())
      if (node === nodes) return undefined
      if (node < nodes) throw fault('is damaged')
      return decode(data + node - nodes - separator)
    },
    close: () => closeSync(file),
  }
}

function openFile(path: string, name: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new DatabaseError(name, `cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  }
}

type Decoded = [value: unknown, next: number]

/** Reads values of the data section that begins at `base`. */
function decoder(read: (at: number, size: number) => Buffer, fault: (what: string) => Error, base: number) {
  const number = (at: number, size: number): number =>
    size === 0 ? 0 : read(at, size).readUIntBE(0, Math.min(size, 6))

  const pointer = (at: number, control: number): [target: number, next: number] => {
    const width = ((control >> 3) & 3) + 1
    const high = width === 4 ? 0 : (control & 7) * 256 ** width
    return [base + high + number(at, width) + ([0, 2048, 526_336, 0][width - 1] ?? 0), at + width]
  }
  const sized = (at: number, control: number): [size: number, next: number] => {
    const told = control & 31
    if (told < 29) return [told, at]
    const width = told - 28
    return [number(at, width) + ([29, 285, 65_821][width - 1] ?? 0), at + width]
  }

  const value = (at: number, depth: number): Decoded => {
    if (depth > deepest) throw fault('is damaged')
    const control = read(at, 1).readUInt8(0)
    let type = control >> 5
    if (type === 1) {
      const [target, next] = pointer(at + 1, control)
      return [value(target, depth + 1)[0], next]
    }
    let next = at + 1
    if (type === 0) type = read(next++, 1).readUInt8(0) + 7
    const [size, from] = sized(next, control)
    if (type === 7) return map(from, size, depth)
    if (type === 11) return list(from, size, depth)
    if (type === 14) return [size > 0, from]
    if (type === 2) return [read(from, size).toString(), from + size]
    if (type === 3 && size === 8) return [read(from, 8).readDoubleBE(), from + size]
    if (type === 15 && size === 4) return [read(from, 4).readFloatBE(), from + size]
    if (type === 8) return [size === 4 ? read(from, 4).readInt32BE() : number(from, size), from + size]
    if (type === 5 || type === 6 || type === 9) return [number(from, size), from + size]
    // Bytes and 128-bit numbers: nothing that is told of addresses here is one.
    if (type === 4 || type === 10) return [undefined, from + size]
    throw fault('is damaged')
  }
  const map = (from: number, size: number, depth: number): Decoded => {
    const entries: [string, unknown][] = []
    let at = from
    for (let left = size; left > 0; left--) {
      const [key, afterKey] = value(at, depth + 1)
      const [content, next] = value(afterKey, depth + 1)
      entries.push([String(key), content])
      at = next
    }
    return [Object.fromEntries(entries), at]
  }
  const list = (from: number, size: number, depth: number): Decoded => {
    const values: unknown[] = []
    let at = from
    for (let left = size; left > 0; left--) {
      const [content, next] = value(at, depth + 1)
      values.push(content)
      at = next
    }
    return [values, at]
  }
  return (at: number): unknown => value(at, 0)[0]
}
