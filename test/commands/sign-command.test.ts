import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { rfc9421 } from '../../src/api-keys/rfc9421.ts'
import { signRequest } from '../../src/commands/sign-command.ts'
import { pair } from '../support/api-keys.ts'
import { within } from '../support/cli.ts'

const quote = "'\\''"

/** What a shell makes of a command: its words. */
function wordsOf(command: string): string[] {
  const words =
    command
      .replaceAll(' \\\n', ' ')
      .trim()
      .match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? []
  return words.map(word => word.replaceAll(quote, '\u0000').replaceAll("'", '').replaceAll('\u0000', "'"))
}

describe('latchkey sign', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-sign-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const run = (...words: string[]) => within({ sign: signRequest }, ['sign', ...words], {})
  const secret = 'lks_secret'

  /** Reads the curl that was printed as the server would receive it. */
  const received = (command: string) => {
    const words = wordsOf(command)
    const given = (flag: string) => words.flatMap((word, at) => (words[at - 1] === flag ? [word] : []))
    const fields = given('-H').map(each => each.split(/: (.*)/s) as [string, string])
    const headers = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]))
    const [method = ''] = given('-X')
    const [body] = given('--data-raw')
    return { method, url: words.at(-1) ?? '', headers, body, digest: undefined }
  }
  const passes = async (command: string, value: string) => {
    const claim = await rfc9421.parse(received(command))
    expect(Math.abs(claim.at - Date.now())).to.be.below(5_000)
    return claim.intact && claim.key === 'lk_1' && rfc9421.verify(claim, { algorithm: claim.algorithm, value })
  }
  const key = (name = 'secret') => ['--key', 'lk_1', '--secret-file', join(folder, name)]

  it('prints a curl whose request passes, whatever is in its body', async () => {
    file('secret', `${secret}\n`)
    for (const data of ['{"price":"10"}', 'it\'s @here $HOME `id` \\ "x"', '@file', '[1]\n\n', 'ü€😀']) {
      const { code, out } = await run(...key(), '--data', data, 'https://api.example/orders?dry=1')
      expect(code).to.equal(0)
      expect(received(out)).to.deep.include({ method: 'POST', body: data })
      expect(await passes(out, secret), data).to.equal(true)
      expect(await passes(out, 'another')).to.equal(false)
      expect(out).to.not.contain(secret)
    }
  })

  it('signs a GET, and the URL as curl sends it', async () => {
    const { out } = await run(...key(), "https://API.example/a b/'x'?q=[1]#part")
    expect(received(out)).to.include({ method: 'GET', url: "https://api.example/a%20b/'x'?q=[1]", body: undefined })
    expect(await passes(out, secret)).to.equal(true)
    const { out: deleted } = await run(...key(), '--method', 'delete', 'https://api.example/orders/7')
    expect(received(deleted).method).to.equal('DELETE')
  })

  it('signs with a key pair, and a body from a file', async () => {
    const { privateKey, publicKey } = pair()
    file('pair', privateKey)
    const { out } = await run(...key('pair'), '--data-file', file('body', '{"a":1}\n'), 'https://api.example/')
    expect(received(out).body).to.equal('{"a":1}\n')
    expect(await passes(out, publicKey)).to.equal(true)
  })

  const wrong: [string, () => string[], RegExp][] = [
    ['no URL', () => key(), /URL/],
    ['two URLs', () => [...key(), 'https://a.example/', 'https://b.example/'], /Give one URL/],
    ['what is no URL', () => [...key(), '/orders'], /no http/],
    ['another scheme', () => [...key(), 'ftp://a.example/'], /no http/],
    ['no key', () => ['--secret-file', join(folder, 'secret'), 'https://a.example/'], /--key/],
    ['no secret', () => ['--key', 'lk_1', 'https://a.example/'], /--secret-file/],
    ['a file that is not there', () => [...key('none'), 'https://a.example/'], /ENOENT/],
    ['an empty file', () => ['--key', 'lk_1', '--secret-file', file('empty', '\n'), 'https://a.example/'], /no secret/],
    [
      'a public key',
      () => ['--key', 'lk_1', '--secret-file', file('public', '-----BEGIN PUBLIC KEY-----\nx'), 'https://a.example/'],
      /cannot sign/,
    ],
  ]
  for (const [what, words, text] of wrong) {
    it(`refuses ${what}`, async () => {
      const { code, out, err } = await run(...words())
      expect({ code, out }).to.deep.equal({ code: 2, out: '' })
      expect(err).to.match(text)
    })
  }
})
