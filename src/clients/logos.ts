import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** Thrown for a logo that cannot be used; the message is a fault of clients.json. */
class LogoFault extends Error {}

/** Pixels on each side. */
const [least, most] = [32, 256]
/** Bytes of the file, and of what is sent with a page. */
const longest = { file: 128 * 1024, sent: 16 * 1024 }
const signature = Buffer.from('89504e470d0a1a0a', 'hex')
/** Samples of a pixel, by the color type of the header (PNG, third edition, 11.2.1). */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/**
 * Reads the logos of apps from PNG files beside clients.json, and returns them as data URLs by the client's id. Nothing is fetched, and no
 * byte is passed on as it was: the pixels are unpacked, checked and packed again, without anything else that was in the file.
 */
export function readLogos(
  clients: readonly { client_id?: string; logo?: string }[],
  file: string,
  say: (fault: string) => void,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  clients.forEach(({ client_id: id, logo }, at) => {
    if (id === undefined || logo === undefined) return
    try {
      const png = repack(contentOf(resolve(dirname(file), logo)))
      found.set(id, `data:image/png;base64,${png.toString('base64')}`)
    } catch (fault) {
      if (!(fault instanceof LogoFault)) throw fault
      say(`clients[${at}] (${id}) logo: ${logo} ${fault.message}`)
    }
  })
  return found
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (fault) {
    throw new LogoFault(`cannot be read (${(fault as NodeJS.ErrnoException).code})`)
  }
}

/** Returns a PNG of the same pixels and nothing else. Throws LogoFault for any that is not plain, small and square. */
export function repack(png: Buffer): Buffer {
  if (png.length > longest.file) throw new LogoFault(`is larger than ${longest.file / 1024} KB`)
  if (!png.subarray(0, 8).equals(signature)) throw new LogoFault('is no PNG')
  const chunks = chunksOf(png.subarray(8))
  const header = chunks.get('IHDR') ?? Buffer.alloc(0)
  if (header.length !== 13) throw new LogoFault('is a damaged PNG')
  const [width, height, depth, type] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8] ?? 0, header[9] ?? 0]
  const channels = samples[type]
  if (channels === undefined || ![1, 2, 4, 8].includes(depth) || header.subarray(10).some(each => each !== 0))
    throw new LogoFault('must have 8 bits a sample or less, and no interlacing')
  if (width !== height || width < least || width > most)
    throw new LogoFault(`must be square, of ${least} to ${most} pixels`)
  const row = 1 + Math.ceil((width * channels * depth) / 8)
  const pixels = unpacked(chunks.get('IDAT') ?? Buffer.alloc(0), row * height)
  for (let at = 0; at < pixels.length; at += row) if ((pixels[at] ?? 0) > 4) throw new LogoFault('is a damaged PNG')
  const palette = chunks.get('PLTE')
  if (type === 3 && !palette) throw new LogoFault('is a damaged PNG')
  const kept: [string, Buffer | undefined][] = [
    ['IHDR', header],
    ['PLTE', type === 3 ? palette?.subarray(0, 768) : undefined],
    ['tRNS', chunks.get('tRNS')?.subarray(0, 256)],
    ['IDAT', deflateSync(pixels, { level: 9 })],
    ['IEND', Buffer.alloc(0)],
  ]
  const made = Buffer.concat([signature, ...kept.flatMap(([name, data]) => (data ? [chunk(name, data)] : []))])
  if (made.length > longest.sent)
    throw new LogoFault(`is larger than ${longest.sent / 1024} KB, packed as well as can be`)
  return made
}

/** Returns the chunks of a PNG, those of one name concatenated. */
function chunksOf(rest: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  let at = 0
  while (!found.has('IEND')) {
    const length = at + 12 > rest.length ? rest.length : rest.readUInt32BE(at)
    const [from, to] = [at + 8, at + 8 + length]
    if (to + 4 > rest.length) throw new LogoFault('is a damaged PNG')
    const name = rest.toString('latin1', at + 4, from)
    if (crc32(rest.subarray(at + 4, to)) !== rest.readUInt32BE(to)) throw new LogoFault('is a damaged PNG')
    if (/^[A-Z]/.test(name) && !['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(name)) throw new LogoFault('is a damaged PNG')
    if ((found.size === 0) !== (name === 'IHDR')) throw new LogoFault('is a damaged PNG')
    const before = name === 'IDAT' ? found.get(name) : undefined
    found.set(name, Buffer.concat([before ?? Buffer.alloc(0), rest.subarray(from, to)]))
    at = to + 4
  }
  return found
}

/** Unpacks pixels of an expected size, and never more. */
function unpacked(data: Buffer, size: number): Buffer {
  try {
    const pixels = inflateSync(data, { maxOutputLength: size })
    if (pixels.length === size) return pixels
  } catch {
    // Reported below.
  }
  throw new LogoFault('is a damaged PNG')
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}
