import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { SealError } from './seal.ts'

/** What a sealed stream begins with; a salt follows. */
const magic = Buffer.from('latchkey sealed 1\n')
const saltBytes = 16
const tagBytes = 16
/** Bytes of content in a frame. */
const frame = 64 * 1024
/** 128 MB of memory for each guess at a passphrase (RFC 7914). */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }

const derive = promisify<string, Buffer, number, typeof cost, Buffer>(scrypt)

/** Returns whether a file that begins with these bytes is sealed by `sealing`. */
export const isSealedStream = (head: Uint8Array): boolean => magic.equals(head.subarray(0, magic.length))

/**
 * Seals a stream under a passphrase, frame by frame (AES-256-GCM, with a key of its own by scrypt). Each frame says its place and
 * whether it is the last, so that none can be left out, moved or cut off.
 */
export async function* sealing(passphrase: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const salt = randomBytes(saltBytes)
  const key = await derive(passphrase, salt, 32, cost)
  yield Buffer.concat([magic, salt])
  let at = 0
  const sealed = (plain: Uint8Array, last: boolean): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(at++, last))
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    const size = Buffer.alloc(4)
    size.writeUInt32BE(body.length)
    return Buffer.concat([size, body])
  }
  let held = Buffer.alloc(0)
  for await (const chunk of content) {
    held = Buffer.concat([held, chunk])
    for (; held.length > frame; held = held.subarray(frame)) yield sealed(held.subarray(0, frame), false)
  }
  yield sealed(held, true)
}

/** Opens what `sealing` sealed. Throws SealError for another passphrase, and for a stream that was altered or cut off. */
export async function* opening(passphrase: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0)
  let key: Buffer | undefined
  let at = 0
  let ended = false
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk])
    if (!key) {
      if (held.length < magic.length + saltBytes) continue
      if (!isSealedStream(held)) throw new SealError()
      key = await derive(passphrase, held.subarray(magic.length, magic.length + saltBytes), 32, cost)
      held = held.subarray(magic.length + saltBytes)
    }
    while (held.length >= 4) {
      const size = held.readUInt32BE()
      if (ended || size < tagBytes || size > frame + tagBytes) throw new SealError()
      if (held.length < 4 + size) break
      const { plain, last } = opened(key, at++, held.subarray(4, 4 + size))
      ended = last
      held = held.subarray(4 + size)
      yield plain
    }
  }
  if (!ended || held.length > 0) throw new SealError()
}

function opened(key: Buffer, at: number, body: Buffer): { plain: Buffer; last: boolean } {
  for (const last of [false, true]) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce(at, last), { authTagLength: tagBytes })
      decipher.setAuthTag(body.subarray(-tagBytes))
      return { plain: Buffer.concat([decipher.update(body.subarray(0, -tagBytes)), decipher.final()]), last }
    } catch {
      // The last frame has another nonce.
    }
  }
  throw new SealError()
}

/** Each frame has its own, which says its place and whether it is the last; each stream has its own key. */
function nonce(at: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(last ? 1 : 0, 0)
  bytes.writeBigUInt64BE(BigInt(at), 4)
  return bytes
}
