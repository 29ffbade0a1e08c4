import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { type ClientsError, readClients } from '../../src/clients/declared.ts'
import { repack } from '../../src/clients/logos.ts'
import { png } from '../support/png.ts'

const refused = (file: Buffer): string => {
  try {
    repack(file)
  } catch (fault) {
    return (fault as Error).message
  }
  return ''
}

describe('logos of apps in clients.json', () => {
  it('are packed anew, without anything else that was in the file', () => {
    const hidden = ['tEXt', Buffer.from('<script>alert(1)</script>')] as const
    const made = repack(png({ extra: [hidden, ['iCCP', Buffer.alloc(500)], ['acTL', Buffer.alloc(8)]] }))
    expect(made.includes('script')).to.equal(false)
    for (const name of ['tEXt', 'iCCP', 'acTL']) expect(made.includes(name), name).to.equal(false)
    // What is behind the end of a picture may be a program, for whoever looks there.
    expect(repack(Buffer.concat([png(), Buffer.from('PK\u0003\u0004 a program')]))).to.deep.equal(repack(png()))
    expect(repack(made)).to.deep.equal(made)
  })

  for (const [type, channels] of [
    [0, 1],
    [2, 3],
    [4, 2],
    [6, 4],
  ] as const)
    it(`may have color type ${type}`, () => expect(refused(png({ type, channels }))).to.equal(''))

  const wrong: readonly [string, Buffer, RegExp][] = [
    ['nothing', Buffer.alloc(0), /no PNG/],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /no PNG/],
    ['a JPEG', Buffer.from('ffd8ffe000104a464946', 'hex'), /no PNG/],
    ['half of a picture', png().subarray(0, 60), /damaged/],
    ['no pixels', png({ data: Buffer.alloc(0) }), /damaged/],
    ['too few pixels', png({ data: deflateSync(Buffer.alloc(10)) }), /damaged/],
    ['more pixels than it says', png({ data: deflateSync(Buffer.alloc(50_000_000)) }), /damaged/],
    ['pixels that are none', png({ data: Buffer.from('not deflated') }), /damaged/],
    ['a filter that there is not', png({ data: deflateSync(Buffer.alloc(64 * (1 + 64 * 4), 9)) }), /damaged/],
    ['a wrong checksum', Buffer.concat([png().subarray(0, 29), Buffer.alloc(4), png().subarray(33)]), /damaged/],
    ['a critical chunk that nobody knows', png({ extra: [['ABCD', Buffer.alloc(4)]] }), /damaged/],
    ['interlacing', png({ interlace: 1 }), /interlacing/],
    ['16 bits a sample', png({ depth: 16 }), /8 bits/],
    ['a palette that is not there', png({ type: 3, channels: 1 }), /damaged/],
    ['a long side', png({ width: 64, height: 65 }), /square/],
    ['too many pixels', png({ width: 257, height: 257 }), /256 pixels/],
    ['too few to be seen', png({ width: 16, height: 16 }), /32/],
    ['noise that cannot be packed', png({ width: 128, height: 128, noise: true }), /larger than 16 KB/],
    ['a large file', Buffer.concat([png(), Buffer.alloc(200_000)]), /larger than 128 KB/],
  ]
  for (const [what, file, message] of wrong)
    it(`must not have ${what}`, () => expect(refused(file), String(file.length)).to.match(message))

  it('are refused or packed, whatever is in the file', () => {
    const base = png()
    fc.assert(
      fc.property(fc.nat(base.length - 1), fc.nat(255), fc.nat(base.length), (at, byte, cut) => {
        const file = Buffer.from(base.subarray(0, Math.max(cut, 8)))
        if (at < file.length) file[at] = byte
        const said = refused(file)
        expect(said === '' || /^(is|must)/.test(said), said).to.equal(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('are files beside clients.json, each fault told by its client', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-logos-'))
    const client = (client_id: string, logo: string) => ({
      ...{ client_id, client_name: client_id, client_secret: 'a-secret-that-is-long-enough-to-pass', logo },
      redirect_uris: ['https://app.example/callback'],
    })
    const read = (clients: object[]) => {
      writeFileSync(join(folder, 'clients.json'), JSON.stringify({ apis: [], clients }))
      return readClients(join(folder, 'clients.json'), { local: true, production: false })
    }
    writeFileSync(join(folder, 'shop.png'), png())
    writeFileSync(join(folder, 'bad.png'), 'x')
    const known = read([client('shop', 'shop.png')])
    expect(known.app('shop')?.logo).to.equal(`data:image/png;base64,${repack(png()).toString('base64')}`)
    expect(known.metadata[0]).to.not.have.property('logo')
    try {
      read([client('shop', 'bad.png'), client('none', 'none.png')])
      expect.fail('was read')
    } catch (fault) {
      expect((fault as ClientsError).faults).to.deep.equal([
        'clients[0] (shop) logo: bad.png is no PNG',
        'clients[1] (none) logo: none.png cannot be read (ENOENT)',
      ])
    }
    rmSync(folder, { recursive: true })
  })

  it('have checksums that a reader of PNG accepts', () => {
    const made = repack(png())
    const end = made.subarray(-12)
    expect(end.readUInt32BE(8)).to.equal(crc32(Buffer.from('IEND')))
  })
})
