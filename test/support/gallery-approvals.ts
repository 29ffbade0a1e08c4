import { payment, withdrawal } from './approvals.ts'
import { longApp, longEmail, type Picture, passkeyOptions, picture, wrong } from './gallery-samples.ts'

const approve = {
  base: '/interaction/a1/approve',
  refuse: '/interaction/a1/abort',
  asks: 'Wallet',
  email: 'ada@example.com',
  known: true,
  young: false,
  shown: { options: passkeyOptions },
  title: 'Approve this withdrawal?',
  towards: { name: 'Wallet', tile: 'wallet' },
}
const { type, amount, asset: unit, network, address: to } = withdrawal
const facts = { type, amount, unit, network, to }
const long = `addr1${'qx0zrv48wme7k2fpc9'.repeat(6).slice(0, 98)}`

/** What apps ask people to approve. */
export const approvals: readonly Picture[] = [
  picture('approve', 'sign-in/approve', { ...approve, facts }),
  picture('approve-new', 'sign-in/approve', {
    ...approve,
    facts: { ...facts, note: 'Cold storage, drawer 3' },
    known: false,
  }),
  picture('approve-refused', 'sign-in/approve', {
    ...approve,
    facts,
    ...wrong('wrong_passkey', 'response', 'That passkey didn’t work here. Try again, or use another way.'),
  }),
  picture('approve-slow-down', 'sign-in/approve', {
    ...approve,
    facts,
    ...wrong('slow_down', undefined, 'Too many attempts. Wait 20 minutes, then try again.'),
  }),
  picture('approve-long', 'sign-in/approve', {
    ...approve,
    asks: longApp.name,
    email: longEmail,
    towards: longApp,
    facts: {
      ...facts,
      amount: '123456789012345678.123456789012345678',
      unit: 'WRAPPEDETHER',
      network: 'cardano-mainnet',
      to: long,
    },
    known: false,
  }),
  picture('approve-payment', 'sign-in/approve', {
    ...approve,
    asks: 'Card',
    title: 'Diese Zahlung freigeben?',
    email: longEmail,
    towards: { name: 'Card', tile: 'card' },
    facts: {
      type: 'payment',
      amount: payment.amount,
      unit: payment.currency,
      to: payment.creditor.account,
      name: 'Donaudampfschifffahrtsgesellschaft Wertpapierverwaltung und Söhne',
      note: 'Rechnung 2026-117 vom 3. März, abzüglich der vereinbarten Gutschrift für die verspätete Lieferung im Februar',
    },
    known: false,
    young: true,
    locale: 'de',
  }),
]
