import { randomBytes } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'

interface Picture {
  width?: number
  height?: number
  depth?: number
  type?: number
  channels?: number
  interlace?: number
  noise?: boolean
  /** In place of its pixels, as they are packed. */
  data?: Buffer
  /** Chunks before the pixels. */
  extra?: readonly (readonly [string, Buffer])[]
}

/** Makes a PNG of one colour, or what is wrong with one. */
export function png(picture: Picture = {}): Buffer {
  const {
    width = 64,
    height = 64,
    depth = 8,
    type = 6,
    channels = 4,
    interlace = 0,
    noise = false,
    extra = [],
  } = picture
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([depth, type, 0, 0, interlace], 8)
  const row = (width * channels * depth) / 8
  const rows = Array.from({ length: height }, () => [
    Buffer.alloc(1),
    noise ? randomBytes(row) : Buffer.alloc(row, 200),
  ])
  const data = picture.data ?? deflateSync(Buffer.concat(rows.flat()))
  const chunks = [['IHDR', header], ...extra, ['IDAT', data], ['IEND', Buffer.alloc(0)]] as const
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks.map(([name, body]) => chunk(name, body))])
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}
