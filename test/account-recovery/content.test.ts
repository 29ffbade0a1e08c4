import { expect } from 'chai'
import fc from 'fast-check'
import { agrees, ends, typeOf } from '../../src/account-recovery/content.ts'
import { jpeg, pdf, png } from '../support/identity.ts'

const of = (content: Buffer) => typeOf(content.subarray(0, ends.head), content.subarray(-ends.tail))
const text = (content: string) => Buffer.from(content, 'latin1')

describe('what a document is', () => {
  const kinds: [string, Buffer, string][] = [
    ['a PDF', pdf(), 'application/pdf'],
    ['a PDF 2.0 whose last line has an end', text('%PDF-2.0\nx\n%%EOF\r\n'), 'application/pdf'],
    ['a long PDF', pdf(100_000), 'application/pdf'],
    ['a JPEG', jpeg(), 'image/jpeg'],
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
    ['a page that ends like a PDF', text('<html>%PDF-1.7\n%%EOF')],
    ['a PDF that begins like a page', Buffer.concat([text('<script>1</script>'), pdf()])],
    ['a PDF with an archive behind', Buffer.concat([pdf(), zip])],
    ['a JPEG with an archive behind', Buffer.concat([jpeg(), zip])],
    ['a PNG with an archive behind', Buffer.concat([png(), zip])],
    ['a PNG with a page behind', Buffer.concat([png(), text('<script>1</script>')])],
    ['a PNG in whose place of a header is something else', text('\x89PNG\r\n\x1a\n<script>1</script>')],
    ['a PDF that is cut off', pdf().subarray(0, -8)],
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
    ['photo.jpg', 'text/html', false],
    ['photo.jpg.html', 'image/jpeg', false],
    ['photo.exe', 'image/jpeg', false],
  ]
  for (const [name, declared, right] of said)
    it(`${right ? 'may' : 'may not'} be a JPEG and come as ${name}, ${declared || 'of no type'}`, () =>
      expect(agrees('image/jpeg', { name, declared })).to.equal(right))

  it('is no PDF because of a type that some systems give JPEGs', () =>
    expect(agrees('application/pdf', { name: 'x.pdf', declared: 'image/jpg' })).to.equal(false))
})
