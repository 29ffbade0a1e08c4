import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import Koa from 'koa'
import { upload } from '../../src/web/forms.ts'

const type = 'multipart/form-data; boundary=xx'
const file = (name: string, content: string) =>
  `--xx\r\nContent-Disposition: form-data; name="documents"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n${content}\r\n`
const field = (name: string, content: string) =>
  `--xx\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`
const end = '--xx--\r\n'

describe('an upload', () => {
  let server: Server
  let taken: [string, string, number][]
  let take: (read: () => Promise<number>) => Promise<void>
  const origin = () => `http://localhost:${(server.address() as AddressInfo).port}`
  before(done => {
    const app = Object.assign(new Koa(), { silent: true })
    app.use(async ctx => {
      const filled: Record<string, string> = {}
      try {
        await upload(ctx, { files: 2, bytes: 100_000 }, filled, async ({ name, declared, content }) => {
          await take(async () => {
            let bytes = 0
            for await (const part of content) bytes += part.length
            taken.push([name, declared, bytes])
            return bytes
          })
        })
        ctx.body = { filled }
      } catch (fault) {
        const { code, status = 500 } = fault as { code?: string; status?: number }
        ctx.status = status
        ctx.body = { code, filled }
      }
    })
    server = createServer(app.callback()).listen(0, 'localhost', done)
  })
  after(done => {
    server.closeAllConnections()
    server.close(done)
  })
  beforeEach(() => {
    taken = []
    take = async read => void (await read())
  })

  const post = async (body: string, headers: Record<string, string> = { 'content-type': type }) => {
    const answer = await fetch(origin(), { method: 'POST', body, headers })
    return [answer.status, await answer.json()]
  }

  it('hands over each file as it arrives, and the fields', async () => {
    const sent = field('story', 'Lost, ganz.') + file('a.png', 'x'.repeat(90_000)) + file('b.png', 'y') + end
    expect(await post(sent)).to.deep.equal([200, { filled: { story: 'Lost, ganz.' } }])
    expect(taken).to.deep.equal([
      ['a.png', 'image/png', 90_000],
      ['b.png', 'image/png', 1],
    ])
  })

  it('may have no file: browsers send an empty one without a name', async () => {
    expect(await post(field('story', 'x') + file('', '') + end)).to.deep.equal([200, { filled: { story: 'x' } }])
    expect(taken).to.deep.equal([])
  })

  const refused: [string, string, number, string][] = [
    ['a file that is too large', file('a.png', 'x'.repeat(100_001)) + end, 413, 'document_too_large'],
    ['too many files', file('a', 'x') + file('b', 'x') + file('c', 'x') + end, 422, 'too_many_documents'],
    ['more than all may weigh together', file('a.png', 'x'.repeat(300_000)) + end, 413, 'document_too_large'],
    ['too long a field', field('story', 'x'.repeat(20_000)) + end, 400, 'malformed'],
    [
      'too many fields',
      'abcdef'
        .split('')
        .map(each => field(each, 'x'))
        .join('') + end,
      400,
      'malformed',
    ],
    ['a form that is cut off', file('a.png', 'x'), 400, 'malformed'],
    ['no form at all', 'story=x', 400, 'malformed'],
    ['nothing', '', 400, 'malformed'],
  ]
  for (const [what, body, status, code] of refused)
    it(`is refused: ${what}`, async () => {
      const [met, told] = await post(body)
      expect([met, (told as { code: string }).code]).to.deep.equal([status, code])
    })

  it('is refused when it is no multipart form', async () => {
    for (const each of [
      'application/x-www-form-urlencoded',
      'application/json',
      'multipart/mixed; boundary=xx',
      'multipart/form-data',
    ])
      expect((await post('story=x', { 'content-type': each }))[0]).to.equal(400)
  })

  it('keeps its fields when a file is refused, and reads the rest before it answers', async () => {
    take = async () => {
      throw Object.assign(new Error('no'), { code: 'invalid_document', status: 422 })
    }
    const sent = field('story', 'kept') + file('a.png', 'x'.repeat(90_000)) + file('b.png', 'x'.repeat(90_000)) + end
    expect(await post(sent)).to.deep.equal([422, { code: 'invalid_document', filled: { story: 'kept' } }])
  })

  it('keeps the fields before its files when it declares to be longer than allowed, and reads no file of it', async () => {
    const sent = field('story', 'kept') + file('a.png', 'x'.repeat(900_000)) + end
    expect(await post(sent)).to.deep.equal([413, { code: 'document_too_large', filled: { story: 'kept' } }])
    expect(taken).to.deep.equal([])
  })

  it('ends its readers, too, when it is broken off', async () => {
    let begin: () => void
    const begun = new Promise<void>(resolve => {
      begin = resolve
    })
    const ended = new Promise<string>(resolve => {
      take = read => {
        begin()
        return read().then(
          () => resolve('read'),
          fault => {
            resolve(fault.code)
            throw fault
          },
        )
      }
    })
    const line = connect((server.address() as AddressInfo).port, 'localhost')
    line.write(
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 90000\r\n\r\n${file('a.png', 'x'.repeat(5_000)).slice(0, 4_000)}`,
    )
    await begun
    line.destroy()
    expect(await ended).to.equal('malformed')
  })

  it('is cut off when it declares no length and is longer than allowed', async () => {
    const line = connect((server.address() as AddressInfo).port, 'localhost')
    line.on('error', () => {})
    line.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const part = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const pour = () => {
      while (!line.destroyed && line.writable) if (!line.write(part)) return void line.once('drain', pour)
    }
    pour()
    await text(line).catch(() => '')
    expect(line.bytesWritten).to.be.below(20_000_000)
  })
})
