import { expect } from 'chai'
import { rfc9421 } from '../../src/api-keys/rfc9421.ts'
import { type Claim, Refusal } from '../../src/api-keys/scheme.ts'
import { digestOf, type Question, signRfc9421 } from '../support/signing.ts'

const at = Date.UTC(2026, 2, 3, 9, 41)
const created = at / 1000
const held = { id: 'lk_1', secret: 'lks_secret' }
const plain = () => signRfc9421(held, { body: 'x' }, { at, nonce: 'once' })
const parse = async ({ method, url, headers, body }: Question, digest?: string): Promise<Claim> =>
  rfc9421.parse({ method, url, headers, body, digest })
const input = (change: (text: string) => string, question = plain()): Question => {
  const { 'signature-input': text = '' } = question.headers
  return { ...question, headers: { ...question.headers, 'signature-input': change(text) } }
}
const header = (change: object, question = plain()): Question =>
  ({ ...question, headers: { ...question.headers, ...change } }) as Question

describe('the RFC 9421 scheme', () => {
  it('reads what a signature says of itself, and the text that it signs', async () => {
    const claim = await parse(plain())
    expect(claim).to.deep.include({
      key: 'lk_1',
      algorithm: 'hmac-sha256',
      at,
      ahead: 60_000,
      behind: 60_000,
      nonce: 'once',
      intact: true,
    })
    expect(String(claim.signed).split('\n')).to.deep.equal([
      '"@method": POST',
      '"@target-uri": https://api.example/orders?dry=1',
      `"content-digest": ${digestOf('x')}`,
      `"@signature-params": ("@method" "@target-uri" "content-digest");created=${created};nonce="once";keyid="lk_1";alg="hmac-sha256";tag="latchkey-api"`,
    ])
    expect(rfc9421.verify(claim, { algorithm: 'hmac-sha256', value: held.secret })).to.equal(true)
  })

  it('takes the digest in place of the body', async () => {
    const { body: _, ...question } = plain()
    expect((await parse(question, digestOf('x'))).intact).to.equal(true)
    expect((await parse(question, digestOf('y'))).intact).to.equal(false)
    expect((await parse(question)).intact).to.equal(false)
  })

  it('asks for no digest where there is no body', async () => {
    expect((await parse(signRfc9421(held, { method: 'GET' }, { at }))).intact).to.equal(true)
    expect((await parse(signRfc9421(held, { method: 'GET', body: '' }, { at }))).intact).to.equal(true)
  })

  it('believes an expiry that is earlier', async () => {
    const expires = (when: number) => input(text => text.replace(';nonce', `;expires=${when};nonce`))
    expect((await parse(expires(created + 10))).behind).to.equal(10_000)
    expect((await parse(expires(created + 3_600))).behind).to.equal(60_000)
    expect((await parse(expires(created - 10))).behind).to.equal(-10_000)
  })

  it('leaves signatures for others alone', async () => {
    const { headers } = plain()
    const both = {
      'signature-input': `proxy=("@method");created=1;keyid="p";tag="proxy", ${headers['signature-input']}`,
      signature: `proxy=:AAAA:, ${headers.signature}`,
    }
    expect((await parse(header(both))).key).to.equal('lk_1')
  })

  const wrong: [string, () => Question][] = [
    ['no signature', () => ({ ...plain(), headers: {} })],
    ['a signature without its input', () => header({ 'signature-input': '' })],
    ['an input without its signature', () => header({ signature: '' })],
    ['signatures for others only', () => signRfc9421(held, {}, { at, tag: 'proxy' })],
    [
      'two signatures for us',
      () => {
        const { headers } = plain()
        const second = (headers['signature-input'] ?? '').replace('sig1', 'sig2')
        return header({
          'signature-input': `${headers['signature-input']}, ${second}`,
          signature: `${headers.signature}, ${headers.signature?.replace('sig1', 'sig2')}`,
        })
      },
    ],
    ['what is no structured field', () => header({ 'signature-input': 'sig1=("@method"' })],
    ['a list that is none', () => header({ 'signature-input': 'sig1=1;tag="latchkey-api"' })],
    ['a signature that is text', () => header({ signature: 'sig1="AAAA"' })],
    ['a signature in another spelling', () => header({ signature: plain().headers.signature?.replace('=:', ':') })],
    ['a body that is not covered', () => input(text => text.replace(' "content-digest"', ''))],
    ['a method that is not covered', () => input(text => text.replace('"@method" ', ''))],
    ['a method of another request', () => input(text => text.replace('"@method"', '"@method";req'))],
    ['a method with a parameter', () => input(text => text.replace('"@method"', '"@method";x'))],
    ['a target that is not covered', () => input(text => text.replace(' "@target-uri"', ''))],
    ['a target that is covered in part', () => input(text => text.replace('"@target-uri"', '"@path"'))],
    ['one component twice', () => input(text => text.replace('"@method"', '"@method" "@method"'))],
    ['a component of answers', () => input(text => text.replace('"@method"', '"@method" "@status"'))],
    ['a header field that is not there', () => input(text => text.replace('"@method"', '"@method" "date"'))],
    ['no created', () => input(text => text.replace(/;created=\d+/, ''))],
    ['a created that is text', () => input(text => text.replace(/created=(\d+)/, 'created="$1"'))],
    ['a created that is no whole number', () => input(text => text.replace(/created=(\d+)/, 'created=$1.5'))],
    ['a created before the epoch', () => input(text => text.replace(/created=\d+/, 'created=-1'))],
    ['a created in milliseconds', () => input(text => text.replace(/created=\d+/, `created=${at}`))],
    ['an expires that is text', () => input(text => text.replace(';nonce', ';expires="1";nonce'))],
    ['no nonce', () => input(text => text.replace(';nonce="once"', ''))],
    ['an empty nonce', () => input(text => text.replace('"once"', '""'))],
    ['a nonce that is a number', () => input(text => text.replace('"once"', '1'))],
    ['a nonce of 129 characters', () => input(text => text.replace('once', 'x'.repeat(129)))],
    ['no key', () => input(text => text.replace(';keyid="lk_1"', ''))],
    ['a key with a space', () => input(text => text.replace('lk_1', 'lk 1'))],
    ['no algorithm', () => input(text => text.replace(/;alg="[^"]*"/, ''))],
    ['an algorithm that is none of ours', () => input(text => text.replace('hmac-sha256', 'rsa-pss-sha512'))],
    ['an unknown parameter', () => input(text => `${text};x=1`)],
    ['a digest that cannot be read', () => header({ 'content-digest': 'x' })],
    ['a digest of another algorithm', () => header({ 'content-digest': 'sha-512=:AAAA:' })],
  ]
  for (const [what, question] of wrong) {
    it(`refuses ${what}`, async () => {
      const thrown = await parse(question()).catch((fault: unknown) => fault)
      expect(thrown).to.be.instanceOf(Refusal).with.property('reason', 'BAD_REQUEST')
    })
  }
})
