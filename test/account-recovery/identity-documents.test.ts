import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  agrees,
  type Documents,
  documents,
  documentsDeclaration,
  ends,
  most,
  typeOf,
} from '../../src/account-recovery/identity-documents.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import type { Store } from '../../src/store/collection.ts'
import { heic, jpeg, jpegOf, pdf, png, webp } from '../support/identity.ts'
import { testStore } from '../support/store.ts'

describe('documents that were handed in', () => {
  const sealer = sealerOf(keyring(['a secret of the tests, 32 or longer']))
  let at = 0
  let store: Store
  let kept: Documents
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(() => at)
    kept = documents({ store, sealer })
  })
  afterEach(() => store.close())

  const stored = (whose = 'c1') => store.collection(documentsDeclaration).find({ case: whose }, { limit: 1_000 })
  /** In parts as a line brings them. */
  async function* arriving(content: Buffer, part = 65_536): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < content.length; from += part) yield content.subarray(from, from + part)
  }
  const keep = (content: Buffer, name = 'a.jpg', part?: number) =>
    kept.keep(
      { id: 'c1' },
      { name, declared: 'application/octet-stream', content: arriving(content, part) },
      at + 1_000,
    )
  const problem = (made: Promise<unknown>) =>
    made.then(
      () => 'kept',
      fault => fault.code,
    )
  const read = (document: Parameters<Documents['read']>[0]) => buffer(kept.read(document))

  it('come out as they went in, whatever the parts that they came in', async () => {
    for (const [size, part] of [
      [100, 1],
      [262_144, 65_536],
      [262_145, 100_000],
      [1_000_000, 300_000],
    ] as const) {
      const content = jpeg(size)
      const document = await keep(content, 'a.jpg', part)
      expect(document).to.include({ type: 'image/jpeg', bytes: size, pieces: Math.ceil(size / 262_144) })
      expect((await read(document)).equals(content)).to.equal(true)
    }
  })

  it('are sealed piece by piece, each small enough for any engine, and bound to its place', async () => {
    const document = await keep(jpeg(most.bytes))
    const pieces = await stored()
    expect(pieces).to.have.length(40)
    for (const { sealed } of pieces) {
      expect(sealed.length).to.be.below(400_000)
      expect(Buffer.from(sealed, 'base64url').includes(Buffer.alloc(12, 7))).to.equal(false)
    }
    const place = store.collection(documentsDeclaration)
    const second = await place.get(`${document.id}.1`)
    await place.patch(`${document.id}.0`, { sealed: second?.sealed ?? '' })
    expect(await read(document).catch(fault => fault.name)).to.equal('SealError')
  })

  it('are refused when they are too large, or are not what they say, and leave nothing behind', async () => {
    expect(await problem(keep(jpeg(most.bytes + 1)))).to.equal('document_too_large')
    expect(await problem(keep(Buffer.alloc(0)))).to.equal('invalid_document')
    expect(await problem(keep(jpeg(600_000), 'a.png'))).to.equal('invalid_document')
    expect(await problem(keep(Buffer.concat([jpeg(600_000), png()])))).to.equal('invalid_document')
    async function* breaking() {
      yield jpeg(600_000)
      throw new Error('the line broke')
    }
    const broken = kept.keep({ id: 'c1' }, { name: 'a.jpg', declared: '', content: breaking() }, at + 1_000)
    expect(await broken.catch(fault => fault.message)).to.equal('the line broke')
    expect(await stored()).to.deep.equal([])
  })

  for (const part of [61, 65_536])
    it(`are refused when they are so large as pictures that a browser could not draw them, in parts of ${part}`, async () => {
      const far = { thumbnail: 70_000 }
      const odd = { thumbnail: 10, before: 'ffffff00ff' }
      for (const content of [jpegOf(65_535, 65_535), jpegOf(65_535, 65_535, far), jpegOf(20_000, 20_000, odd)])
        expect(await problem(keep(content, 'a.jpg', part))).to.equal('invalid_document')
      for (const content of [jpegOf(12_000, 9_000), jpegOf(12_000, 9_000, far), jpegOf(640, 480, odd)])
        expect((await keep(content, 'a.jpg', part)).type).to.equal('image/jpeg')
      expect(await problem(keep(png(50_000, 50_000), 'a.png', part))).to.equal('invalid_document')
      expect((await keep(png(12_000, 9_000), 'a.png', part)).type).to.equal('image/png')
      expect(await stored()).to.have.length(4)
    })

  it('are gone one by one, all at once, and in the end by themselves', async () => {
    const [one, other] = [await keep(jpeg(600_000)), await keep(png(), 'b.png')]
    await kept.drop([one])
    expect((await stored()).map(each => each.id)).to.deep.equal([`${other.id}.0`])
    expect(await problem(read(one))).to.equal('not_found')
    await keep(jpeg())
    await kept.dropAll('c2')
    expect(await stored()).to.have.length(2)
    await kept.dropAll('c1')
    expect(await stored()).to.have.length(0)
    await keep(jpeg())
    at += 1_000
    expect(await stored()).to.have.length(0)
  })
})

const of = (content: Buffer) => typeOf(content.subarray(0, ends.head), content.subarray(-ends.tail))
const text = (content: string) => Buffer.from(content, 'latin1')

describe('what a document is', () => {
  const kinds: [string, Buffer, string][] = [
    ['a JPEG', jpeg(), 'image/jpeg'],
    ['a long JPEG', jpeg(100_000), 'image/jpeg'],
    ['a PNG', png(), 'image/png'],
  ]
  for (const [what, content, type] of kinds)
    it(`is told by its content: ${what}`, () => expect(of(content)).to.equal(type))

  const zip = text('PK\x03\x04 a whole archive PK\x05\x06\0\0\0\0')
  const others: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['a page', text('<!doctype html><script>alert(1)</script>')],
    ['a drawing with a script', text('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')],
    ['a GIF', text('GIF89a;')],
    ['a program', text('MZ\x90\0')],
    ['an archive', zip],
    ['a PDF', pdf()],
    ['a PDF with a JPEG behind', Buffer.concat([pdf(), jpeg()])],
    ['a JPEG with a PDF behind', Buffer.concat([jpeg(), pdf()])],
    ['a PNG with a PDF behind', Buffer.concat([png(), pdf()])],
    ['a HEIC', heic()],
    ['a WebP', webp()],
    ['a page that ends like a JPEG', text('<html>\xff\xd9')],
    ['a JPEG that begins like a page', Buffer.concat([text('<script>1</script>'), jpeg()])],
    ['a JPEG with an archive behind', Buffer.concat([jpeg(), zip])],
    ['a PNG with an archive behind', Buffer.concat([png(), zip])],
    ['a PNG with a page behind', Buffer.concat([png(), text('<script>1</script>')])],
    ['a PNG in whose place of a header is something else', text('\x89PNG\r\n\x1a\n<script>1</script>')],
    ['a JPEG that is cut off', jpeg().subarray(0, -1)],
    ['a PNG that is cut off', png().subarray(0, -1)],
    ['a PNG as text, its line ends changed', text(png().toString('latin1').replaceAll('\r\n', '\n'))],
  ]
  for (const [what, content] of others) it(`is none: ${what}`, () => expect(of(content)).to.equal(undefined))

  it('is never told of noise', () => {
    fc.assert(fc.property(fc.uint8Array(), noise => typeOf(noise, noise) === undefined))
  })

  const said: [name: string, declared: string, agrees: boolean][] = [
    ['passport.jpg', 'image/jpeg', true],
    ['PASSPORT.JPEG', 'image/jpeg', true],
    ['photo.jfif', 'image/jpg', true],
    ['photo', 'application/octet-stream', true],
    ['photo.jpg', '', true],
    ['photo.png', 'image/jpeg', false],
    ['photo.jpg', 'application/pdf', false],
    ['photo.pdf', 'image/jpeg', false],
    ['photo.heic', 'image/heic', false],
    ['photo.jpg', 'text/html', false],
    ['photo.jpg.html', 'image/jpeg', false],
    ['photo.exe', 'image/jpeg', false],
  ]
  for (const [name, declared, right] of said)
    it(`${right ? 'may' : 'may not'} be a JPEG and come as ${name}, ${declared || 'of no type'}`, () =>
      expect(agrees('image/jpeg', { name, declared })).to.equal(right))

  it('is no PNG because of a type that some systems give JPEGs', () =>
    expect(agrees('image/png', { name: 'x.png', declared: 'image/jpg' })).to.equal(false))
})
