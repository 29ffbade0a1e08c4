/** The frames of a JPEG (ISO 10918-1, table B.1: SOF), and what ends its head: the first scan, or the end of the picture. */
const frames = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf])
const last = new Set([0xda, 0xd9])
/** Tells whether nothing belongs to a marker: restarts, and the start of a picture (table B.1); and what is no marker. */
const alone = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)

/** Bytes of a PNG as far as its size, and of a JPEG's frame. */
const [header, frame] = [24, 9]

/**
 * Returns a function that takes a JPEG or PNG part by part and returns how many pixels it says that it has; 0 until that is known. Of what is
 * no marker where a JPEG should have one, nothing is believed: it is passed over, as browsers do.
 */
export function pictureSize() {
  let rest = Buffer.alloc(0)
  /** How many bytes are passed over. */
  let ahead = 0
  let [begun, done] = [false, false]
  let pixels = 0
  return (part: Uint8Array): number => {
    if (done) return pixels
    rest = Buffer.concat([rest, part])
    if (!begun && rest.length < header) return 0
    if (!begun && rest[0] === 0x89) {
      done = true
      pixels = rest.readUInt32BE(16) * rest.readUInt32BE(20)
    }
    begun = true
    let at = 0
    while (!done) {
      const passed = Math.min(ahead, rest.length - at)
      ahead -= passed
      const found = rest.indexOf(0xff, at + passed)
      at = found < 0 ? rest.length : found
      if (rest.length - at < frame) break
      const marker = rest[at + 1] ?? 0
      done = frames.has(marker) || last.has(marker)
      if (frames.has(marker)) pixels = rest.readUInt16BE(at + 5) * rest.readUInt16BE(at + 7)
      else if (marker === 0xff) at += 1
      else if (alone(marker)) at += 2
      else ahead = 2 + rest.readUInt16BE(at + 2)
    }
    rest = rest.subarray(at)
    return pixels
  }
}
