import { expect } from 'chai'
import { passkey } from '../../src/factors/passkey.ts'
import { type Approved, digestOf, type Statement } from '../../src/flows/approval-statement.ts'
import { payment, withdrawal } from '../support/approvals.ts'
import { authenticator } from '../support/authenticator.ts'
import { issuer, name, subject } from '../support/factors.ts'
import { verifyReceipt } from '../support/receipts.ts'

const factor = passkey({ name, issuer })
const statement: Statement = {
  purpose: 'approval',
  iss: issuer,
  sub: 'ada',
  client_id: 'wallet',
  request: 'r',
  iat: 1_770_000_000,
  authorization_details: [withdrawal],
}

/** A receipt as one is made, for what a passkey signed. */
async function receiptFor(signed: string): Promise<Approved & { id: string }> {
  const device = authenticator()
  const made = await factor.enrol.begin?.(subject(), {})
  const options = made?.page?.options as Parameters<typeof device.create>[0]
  const response = JSON.stringify(await device.create(options, issuer))
  const { secret } = await factor.enrol.finish({ response }, made?.state ?? { challenge: '' }, subject())
  const who = subject<typeof secret>({ credentials: [{ id: 'c', secret }], bound: signed })
  const asked = await factor.prove.begin?.(who, {})
  if (!asked) throw new Error('nothing was begun')
  const proof = await device.get(asked.page?.options as Parameters<typeof device.get>[0], issuer)
  const { evidence } = await factor.prove.finish({ response: JSON.stringify(proof) }, asked.state, who)
  if (!evidence) throw new Error('nothing was signed')
  return { id: digestOf(statement), statement, evidence }
}

describe('a receipt', () => {
  it('verifies with nothing but itself', async () => {
    expect(await verifyReceipt(await receiptFor(digestOf(statement)))).to.equal(true)
  })

  it('reads the same in any order of its members', async () => {
    const { id, evidence } = await receiptFor(digestOf(statement))
    const turned = Object.fromEntries(Object.entries(statement).reverse()) as unknown as Statement
    expect(await verifyReceipt({ id, evidence, statement: turned })).to.equal(true)
  })

  it('does not verify once anything in it has changed', async () => {
    const receipt = await receiptFor(digestOf(statement))
    const other = await receiptFor(digestOf(statement))
    const statements: Partial<Statement>[] = [
      { iss: 'https://other.example.com' },
      { sub: 'eve' },
      { client_id: 'card' },
      { request: 's' },
      { iat: statement.iat + 1 },
      { authorization_details: [{ ...withdrawal, amount: '0.50' }] },
      { authorization_details: [{ ...withdrawal, address: withdrawal.address.replace('q', 'p') }] },
      { authorization_details: [payment] },
    ]
    for (const change of statements) {
      const changed = { ...statement, ...change }
      expect(await verifyReceipt({ ...receipt, statement: changed }), JSON.stringify(change)).to.equal(false)
      // Nor under the digest that it would have.
      expect(await verifyReceipt({ ...receipt, statement: changed, id: digestOf(changed) })).to.equal(false)
    }
    for (const member of ['publicKey', 'authenticatorData', 'clientDataJSON', 'signature'] as const) {
      const evidence = { ...receipt.evidence, [member]: other.evidence[member] }
      // Of the same model, both authenticators sent the same data.
      const same = other.evidence[member] === receipt.evidence[member]
      expect(await verifyReceipt({ ...receipt, evidence }), member).to.equal(same)
      const [first = ''] = receipt.evidence[member]
      const flipped = (first === 'A' ? 'B' : 'A') + receipt.evidence[member].slice(1)
      expect(await verifyReceipt({ ...receipt, evidence: { ...receipt.evidence, [member]: flipped } })).to.equal(false)
    }
  })

  it('does not verify when the passkey signed something else', async () => {
    expect(await verifyReceipt(await receiptFor(digestOf({ ...statement, request: 'other' })))).to.equal(false)
    expect(await verifyReceipt(await receiptFor(Buffer.alloc(32).toString('base64url')))).to.equal(false)
  })
})
