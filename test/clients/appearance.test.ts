import { expect } from 'chai'
import { alike, skeletons } from '../../src/clients/appearance.ts'
import { parseClients } from '../../src/clients/declared.ts'

const names = ['Trading', 'Wallet', 'Order book', 'Kärnten', 'Кошелёк', 'IO 10', '…']
const { isNameTaken } = parseClients(
  {
    apis: [],
    clients: names.map((client_name, at) => ({
      client_id: `app-${at}`,
      client_name,
      client_secret: 'a-secret-that-is-long-enough-to-pass',
      redirect_uris: ['https://app.example/callback'],
    })),
  },
  { local: true, production: false },
)

describe('names that people take for those of the suite (UTS #39, 4)', () => {
  const taken: readonly [string, string][] = [
    ['the name', 'Trading'],
    ['another case', 'tRADING'],
    ['blanks', ' T r a d i n g '],
    ['no blank', 'Orderbook'],
    ['punctuation', 'Trading.'],
    ['hyphens', 'T-r-a-d-i-n-g'],
    ['an apostrophe', "'Wallet'"],
    ['an emoji', 'Wallet \u{1F512}'],
    ['a sign of registration', 'Wallet\u00ae'],
    ['letters of full width', '\uff34\uff52\uff41\uff44\uff49\uff4e\uff47'],
    ['letters of mathematics', '\u{1D413}\u{1D42B}\u{1D41A}\u{1D41D}\u{1D422}\u{1D427}\u{1D420}'],
    ['small capitals', '\u1d1b\u0280\u1d00\u1d05\u026a\u0274\u0262'],
    ['Cyrillic letters', 'Tr\u0430ding'],
    ['Cherokee letters', '\u13a2rading'],
    ['another Cherokee letter', '\u13d4allet'],
    ['l for I', 'lO 10'],
    ['digits for letters', 'I0 1O'],
    ['a bar for an l', 'Wa||et'],
    ['1 for l', 'Wa11et'],
    ['I for l', 'WaIIet'],
    ['no dot', 'Trad\u0131ng'],
    ['another mark', 'K\u00e1rnten'],
    ['no mark', 'Karnten'],
    ['what cannot be seen', 'Tra\u200bding'],
    ['letters of Latin for Cyrillic ones', '\u041ao\u0448e\u043b\u0435\u043a'],
    ['this house', 'Latchkey'],
    ['this house in a name', 'The L\u0430tchkey Team'],
    ['this house with blanks', 'L a t c h k e y support'],
    ['this house with an l that is an I', 'IATCHKEY'],
  ]
  for (const [what, name] of taken) it(`know ${what}`, () => expect(isNameTaken(name), name).to.equal(true))

  for (const name of [
    'Trade',
    'Tradings',
    'Wall',
    'Order',
    'Shop',
    'Latch',
    'Key',
    '\u5e97',
    '\u0645\u062a\u062c\u0631',
    'Tradin',
    '1234',
    '!',
  ])
    it(`let ${name} pass`, () => expect(isNameTaken(name)).to.equal(false))

  it('have skeletons that do not depend on how they are composed', () => {
    expect([...skeletons('Ka\u0308rnten')]).to.deep.equal([...skeletons('K\u00e4rnten')])
    expect(alike(skeletons('paypal'), skeletons('\u0440\u0430\u0443\u0440\u0430l'))).to.equal(true)
  })
})
