import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { SealError } from '../../src/crypto/seal.ts'
import { isSealedStream, opening, sealing } from '../../src/crypto/seal-stream.ts'

const passphrase = 'correct horse battery staple'
const frame = 4 + 64 * 1024 + 16
const head = 18 + 16

const sealed = (content: Uint8Array) => buffer(Readable.from(sealing(passphrase, Readable.from([content]))))
const opened = (stream: Uint8Array, by = passphrase) => buffer(Readable.from(opening(by, Readable.from([stream]))))
const refusal = async (stream: Uint8Array, by?: string) => opened(stream, by).catch(fault => fault)

describe('a sealed stream', function () {
  this.timeout(30_000)
  const content = Buffer.alloc(3 * 64 * 1024 + 5, 'a letter that nobody else may read. ')
  let stream: Buffer
  before(async () => {
    stream = await sealed(content)
  })

  it('opens to what was sealed, whatever pieces it comes in', async () => {
    expect(isSealedStream(stream)).to.equal(true)
    expect(stream.includes('letter')).to.equal(false)
    const pieces = Array.from({ length: Math.ceil(stream.length / 1_000) }, (_, at) =>
      stream.subarray(at * 1_000, (at + 1) * 1_000),
    )
    expect(await buffer(Readable.from(opening(passphrase, Readable.from(pieces))))).to.deep.equal(content)
    for (const size of [0, 1, 64 * 1024, 2 * 64 * 1024]) {
      const few = Buffer.alloc(size, 1)
      expect(await opened(await sealed(few))).to.deep.equal(few)
    }
  })

  it('is another stream each time', async () => {
    expect((await sealed(content)).equals(stream)).to.equal(false)
  })

  const frames = () => {
    const body = stream.subarray(head)
    return [0, 1, 2, 3].map(at => body.subarray(at * frame, (at + 1) * frame))
  }
  const altered: [what: string, change: () => Uint8Array][] = [
    ['a bit that was turned', () => Buffer.from(stream).fill((stream[5_000] ?? 0) ^ 1, 5_000, 5_001)],
    ['a salt that was turned', () => Buffer.from(stream).fill((stream[20] ?? 0) ^ 1, 20, 21)],
    ['an end that was cut off at a frame', () => stream.subarray(0, head + 2 * frame)],
    ['an end that was cut off within a frame', () => stream.subarray(0, -7)],
    ['a frame that was left out', () => Buffer.concat([stream.subarray(0, head), ...frames().toSpliced(1, 1)])],
    [
      'frames that changed places',
      () => Buffer.concat([stream.subarray(0, head), ...[1, 0, 2, 3].map(at => frames()[at] as Buffer)]),
    ],
    ['a frame after the end', () => Buffer.concat([stream, frames()[0] as Buffer])],
    ['nothing', () => Buffer.alloc(0)],
    ['something else', () => Buffer.alloc(100, 'x')],
  ]
  for (const [what, change] of altered)
    it(`does not open with ${what}`, async () => {
      expect(await refusal(change())).to.be.instanceOf(SealError)
    })

  it('does not open with another passphrase', async () => {
    expect(await refusal(stream, 'another passphrase')).to.be.instanceOf(SealError)
  })
})
