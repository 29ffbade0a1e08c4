import { createPublicKey, verify } from 'node:crypto'
import { expect } from 'chai'
import { newKey, publicHalf } from '../../src/crypto/jws.ts'
import type { DeliveryFault } from '../../src/delivery/delivery-fault.ts'
import type { Sent, Webhook } from '../../src/delivery/message.ts'
import { webhookSender } from '../../src/feeds/webhook-sender.ts'
import { webhookDispatch, webhooks as webhooksOf } from '../../src/feeds/webhooks.ts'
import type { RingKey } from '../../src/keys/signing-keys.ts'
import { ledger } from '../../src/observers/ledger.ts'
import type { Store } from '../../src/store/collection.ts'
import { happening } from '../support/audit.ts'
import { testStore } from '../support/store.ts'

const url = 'https://siem.example.com/latchkey?a=b'

describe('webhooks are posted to', () => {
  let store: Store
  let time: number
  const now = () => time
  const hooks = () => webhooksOf({ store, now })
  const append = (account: string) => ledger({ store }).append(happening(account))
  let key: RingKey
  let asked: { headers: Headers; body: string }[]
  let answers: (Response | Error)[]
  /** What happens while an event is on its way. */
  let meanwhile: () => Promise<void>
  let id: string
  const send = (sequence = 1) =>
    webhookSender({
      ...{ store, hooks: hooks(), now },
      ring: { keys: () => [key] },
      fetch: async (_, init) => {
        asked.push({ headers: new Headers(init.headers), body: String(init.body) })
        await meanwhile()
        const answer = answers.shift() ?? new Response(null, { status: 204 })
        if (answer instanceof Error) throw answer
        return answer
      },
    })({ webhook: id, sequence } as Sent<Webhook>, AbortSignal.timeout(5_000))
  const fault = (sequence?: number) =>
    send(sequence).then(
      () => expect.fail('it went'),
      thrown => thrown as DeliveryFault,
    )
  const attempts = async () => (await hooks().attempts(id)).attempts.map(({ status, why }) => status ?? why)
  before(async () => {
    const times = { createdAt: 0, signsAt: 0, until: undefined }
    key = { alg: 'EdDSA', jwk: await newKey('EdDSA'), state: 'current', ...times }
  })
  beforeEach(async () => {
    time = 1_700_000_000_000
    store = await testStore(now)
    ;[asked, answers, meanwhile] = [[], [], async () => {}]
    id = (await hooks().add(url, [])).id
    await append('a')
    await append('b')
  })
  afterEach(() => store.close())

  it('with a signature of method, address and body by a published key (RFC 9421, 2.5)', async () => {
    await send()
    const [{ headers, body } = expect.fail()] = asked
    const [, input = ''] = /^sig=(.*)$/.exec(headers.get('signature-input') ?? '') ?? []
    const [, parameters = ''] = /^\("@method" "@target-uri" "content-digest"\)(.*)$/.exec(input) ?? []
    expect(parameters).to.match(
      new RegExp(
        `^;created=1700000000;nonce="[\\w-]{22}";keyid="${key.jwk.kid}";alg="ed25519";tag="latchkey-webhook"$`,
      ),
    )
    const base = [
      '"@method": POST',
      `"@target-uri": ${url}`,
      `"content-digest": ${headers.get('content-digest')}`,
      `"@signature-params": ${input}`,
    ].join('\n')
    const [, signature = ''] = /^sig=:(.*):$/.exec(headers.get('signature') ?? '') ?? []
    const verifying = createPublicKey({ key: publicHalf(key.jwk) as never, format: 'jwk' })
    const isSigned = (signed: string) => verify(null, Buffer.from(signed), verifying, Buffer.from(signature, 'base64'))
    expect([isSigned(base), isSigned(base.replace('POST', 'GET'))]).to.deep.equal([true, false])
    expect(headers.get('content-digest')).to.match(/^sha-256=:/)
    expect(JSON.parse(body)).to.deep.include({ version: 1, sequence: 1, data: { account: 'a' } })
    expect(await attempts()).to.deep.equal([204])
  })

  it('again later where nobody answers, and nothing else meanwhile', async () => {
    answers = [new Error('connect ECONNREFUSED')]
    expect((await fault()).facts).to.deep.include({ reason: 'connection-refused', host: 'siem.example.com' })
    expect((await hooks().get(id))?.failing).to.deep.equal({
      ...{ since: time, times: 1, retryAt: time + 1_000, why: 'connect ECONNREFUSED' },
    })
    const early = await fault(2)
    expect(early.retryAfter).to.equal(1_000)
    await append('c')
    const posted: Webhook[] = []
    await webhookDispatch({ store, now, post: async message => void posted.push(message) })()
    expect([asked.length, posted]).to.deep.equal([1, []])
    time += 1_000
    await send(2)
    expect((await hooks().get(id))?.failing).to.equal(undefined)
    expect(await attempts()).to.deep.equal([204, 'connect ECONNREFUSED'])
  })

  it('after longer and longer pauses, or when it asked to be', async () => {
    const pauses: number[] = []
    for (let turn = 0; turn < 10; turn++) {
      answers = [new Response('no', { status: 500 })]
      await fault()
      const { retryAt = 0 } = (await hooks().get(id))?.failing ?? {}
      pauses.push((retryAt - time) / 1_000)
      time = retryAt
    }
    expect(pauses).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
    answers = [new Response('no', { status: 429, headers: { 'Retry-After': '900' } })]
    await fault()
    expect((await hooks().get(id))?.failing?.retryAt).to.equal(time + 900_000)
  })

  for (const asked of ['Infinity', '1e300', '99999999999'])
    it(`after a day at most where it asks for a pause of ${asked} seconds`, async () => {
      answers = [new Response('no', { status: 503, headers: { 'Retry-After': asked } })]
      expect((await fault()).facts.reply).to.equal(503)
      expect((await hooks().get(id))?.failing?.retryAt).to.equal(time + 24 * 3_600_000)
    })

  for (const status of [302, 400, 404])
    it(`again later where it answers ${status}, and others meanwhile`, async () => {
      answers = [new Response(null, { status, headers: { location: 'https://other.example' } })]
      expect((await fault()).facts).to.deep.include({ reason: 'refused', reply: status })
      expect((await hooks().get(id))?.failing).to.equal(undefined)
      await send(2)
      expect(await attempts()).to.have.members([status, 204])
    })

  it('no more once they are removed', async () => {
    await send()
    await hooks().remove(id)
    await send(2)
    expect(asked).to.have.length(1)
    expect(await attempts()).to.deep.equal([])
    expect(await hooks().remove(id)).to.equal(undefined)
  })

  it('at once after they were changed', async () => {
    answers = [new Error('down')]
    await fault()
    await hooks().change(id, { url: 'https://other.example/' })
    await send()
    expect(asked).to.have.length(2)
  })

  it('at the new address at once where the former one fails after they were changed', async () => {
    const later = new Response('no', { status: 503, headers: { 'Retry-After': '900' } })
    meanwhile = async () => void (await hooks().change(id, { url: 'https://other.example/' }))
    answers = [later]
    await fault()
    expect((await hooks().get(id))?.failing).to.equal(undefined)
    await send()
    expect(asked).to.have.length(2)
  })

  it('and keep the pause of the new address where the former one takes an event late', async () => {
    answers = [new Error('down')]
    await fault()
    time += 1_000
    meanwhile = async () => {
      meanwhile = async () => {}
      await hooks().change(id, { url: 'https://other.example/' })
      answers.unshift(new Response('no', { status: 503, headers: { 'Retry-After': '900' } }))
      await fault(2)
    }
    await send()
    expect(await attempts()).to.have.members(['down', 503, 204])
    expect((await hooks().get(id))?.failing?.retryAt).to.equal(time + 900_000)
  })

  it('and are not there again where they are removed while an event is on its way', async () => {
    answers = [new Error('down')]
    meanwhile = async () => void (await hooks().remove(id))
    await fault()
    expect(await hooks().list()).to.deep.equal([])
  })

  it('by no key that does not sign yet', async () => {
    key = { ...key, state: 'next' }
    expect((await fault()).facts.reason).to.equal('failed')
    expect(await attempts()).to.deep.equal(['there is no EdDSA key to sign with'])
    key = { ...key, state: 'current' }
  })
})
