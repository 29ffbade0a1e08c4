import { writeFileSync } from 'node:fs'
import ipaddr from 'ipaddr.js'

/** An IEEE 754 double: other numbers are written as whole ones. */
export class Double {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

type Child = number | undefined
/** A file in the MaxMind DB format: what it says of each block of addresses, in records of 24 bits. */
export function mmdb(blocks: Record<string, unknown>, version: 4 | 6 = 6, format = 2): Buffer {
  const values: Buffer[] = []
  let length = 0
  const keep = (value: unknown): number => {
    const bytes = encode(value)
    values.push(bytes)
    length += bytes.length
    return length - bytes.length
  }

  const nodes: [Child, Child][] = [[undefined, undefined]]
  for (const [block, value] of Object.entries(blocks)) {
    const [address, size] = ipaddr.parseCIDR(block)
    const under = version === 6 && address.kind() === 'ipv4' ? new Array(12).fill(0) : []
    const bytes = [...under, ...address.toByteArray()]
    const path = Array.from(
      { length: size + under.length * 8 },
      (_, at) => ((bytes[at >> 3] ?? 0) >> (7 - (at % 8))) & 1,
    )
    // Values are negative until it is known how many nodes there are.
    const leaf = -1 - keep(value)
    let node = 0
    path.forEach((bit, at) => {
      const here = nodes[node] as [Child, Child]
      if (at === path.length - 1) here[bit] = leaf
      else {
        if (here[bit] === undefined) here[bit] = nodes.push([undefined, undefined]) - 1
        node = here[bit] as number
      }
    })
  }

  const record = (child: Child): number =>
    child === undefined ? nodes.length : child < 0 ? nodes.length + 16 - 1 - child : child
  const tree = nodes.map(([left, right]) => pair(record(left), record(right)))
  const about = {
    binary_format_major_version: format,
    binary_format_minor_version: 0,
    node_count: nodes.length,
    record_size: 24,
    ip_version: version,
    database_type: 'test',
    languages: ['en'],
    build_epoch: 1_700_000_000,
  }
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  return Buffer.concat([...tree, Buffer.alloc(16), ...values, marker, encode(about)])
}

/** Writes such a file. */
export function writeMmdb(path: string, blocks: Record<string, unknown>, version?: 4 | 6): void {
  writeFileSync(path, mmdb(blocks, version))
}

function pair(left: number, right: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(left, 0, 3)
  bytes.writeUIntBE(right, 3, 3)
  return bytes
}

function head(type: number, size: number): Buffer {
  const low = size < 29 ? size : size < 285 ? 29 : 30
  const more = size < 29 ? [] : size < 285 ? [size - 29] : [(size - 285) >> 8, (size - 285) & 255]
  return Buffer.from(type > 7 ? [low, type - 7, ...more] : [(type << 5) | low, ...more])
}

function encode(value: unknown): Buffer {
  if (value instanceof Double) {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value.value)
    return Buffer.concat([head(3, 8), bytes])
  }
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'boolean') return head(14, value ? 1 : 0)
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([head(6, 4), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value as object)
  return Buffer.concat([head(7, entries.length), ...entries.flatMap(([key, each]) => [encode(key), encode(each)])])
}
