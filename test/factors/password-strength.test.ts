import { expect } from 'chai'
import { type Guesses, guesses, strengthOf } from '../../src/factors/password-strength.ts'

const about = { email: 'ada.lovelace+apps@example.com', service: 'Latchkey' }

describe('factors/password-strength', () => {
  let estimate: Guesses
  before(async () => {
    estimate = await guesses()
  })

  const table: [what: string, fault: string | undefined, passwords: string[]][] = [
    [
      'three words that belong together nowhere',
      undefined,
      ['plum anchor violin', 'plum-anchor-violin', 'PlumAnchorViolin', 'maple kettle orbit'],
    ],
    ['two unusual words', undefined, ['tulip granite', 'walnut ferry']],
    ['eight random characters, signs at the ends too', undefined, ['k#9Xp2!@', 'x7Kp2mQz', '!B3$xY9!']],
    [
      'any script and any sign',
      undefined,
      ['Grün-Apfel-Tisch', '🦊🐻🐼🐨🐯🦁🐮🐷', '紫のうさぎが三匹跳ねた', '#!%&/()=?*+~§|'],
    ],
    ['128 characters', undefined, ['plum anchor violin '.repeat(7).slice(0, 127).padEnd(128, 'x')]],
    ['a famous phrase with three more words', undefined, ['correct horse battery staple maple kettle orbit']],
    ['seven characters', 'password_short', ['k#9Xp2!', '🦊🐻🐼🐨🐯🦁🐮', 'e\u0301'.repeat(7)]],
    ['129 characters', 'password_long', ['plum anchor violin '.repeat(7).slice(0, 129), 'k#9Xp2!@'.repeat(500)]],
    ['the most common ones', 'password_common', ['password', '12345678', 'qwertyuiop', 'iloveyou', 'football']],
    [
      'those with what everybody adds',
      'password_common',
      ['Password123!', 'password1!!', 'Summer2024!!', 'Passw0rd!2024', 'P4$$w0rd'],
    ],
    [
      'sequences, repeats and dates',
      'password_common',
      ['1234567890123', 'abcdefghijkl', 'aaaaaaaaaaaa', 'a'.repeat(128), 'hunter2hunter2', '        ', '12041990'],
    ],
    ['a name that objects inherit', 'password_common', ['constructor']],
    [
      'a famous phrase, however written',
      'password_common',
      [
        'correct horse battery staple',
        'Correct-Horse-Battery-Staple!',
        'correcthorsebatterystaple2024',
        'c0rrecth0rseb4tterystap1e',
        'to be or not to be',
        'ThequickbrownFox1',
        'may the force be with you',
        'I love you to the moon and back',
      ],
    ],
    ['the address', 'password_personal', ['ada.lovelace1815', 'AdaLovelace-and-plums', '4d4l0v3l4c3 plum anchor']],
    ['the name of the service', 'password_personal', ['my latchkey opens doors', 'L4tchk3y-plum-anchor']],
  ]
  for (const [what, fault, passwords] of table) {
    it(`${fault === undefined ? 'takes' : 'refuses'} ${what}`, () => {
      for (const password of passwords) expect(strengthOf(password, about, estimate).fault, password).to.equal(fault)
    })
  }

  it('counts three letters of an address only where they are a word of their own, and fewer not at all', () => {
    const sam = { email: 'sam@example.com', service: 'Latchkey' }
    expect(strengthOf('sample kettle orbit', sam, estimate).fault).to.equal(undefined)
    expect(strengthOf('sam-kettle-orbit', sam, estimate).fault).to.equal('password_personal')
    expect(strengthOf('5am-kettle-orbit', sam, estimate).fault).to.equal('password_personal')
    expect(strengthOf('me and a plum violin', { ...sam, email: 'me@example.com' }, estimate).fault).to.equal(undefined)
  })

  it('judges without an address, too', () => {
    expect(strengthOf('plum anchor violin', { service: 'Latchkey' }, estimate).fault).to.equal(undefined)
  })

  it('scores by the least of its readings', () => {
    const by = (worth: number) => strengthOf('plum anchor violin', about, () => ({ worth, why: 'other' }))
    expect([0, 3, 6, 8, 10].map(worth => by(worth).score)).to.deep.equal([0, 1, 2, 3, 4])
    expect([7.99, 8].map(worth => by(worth).fault)).to.deep.equal(['password_common', undefined])
  })

  it('never calls good what it refuses', () => {
    const long = 'plum anchor violin '.repeat(7)
    const refused = ['k#9Xp2!', 'ada.lovelace-plum-anchor', 'correct horse battery staple', 'Summer2024!!', long]
    for (const password of refused) {
      expect(strengthOf(password, about, estimate).score, password).to.be.below(3)
    }
  })

  const because: Record<string, string[]> = {
    keyboard: ['zxcvbnm,.', 'qwertzuiop'],
    repeats: ['aaaaaaaaaaaa', 'hunter2hunter2'],
    sequence: ['abcdefghijkl', '7654321098'],
    date: ['31.12.1987', '1987-12-31'],
    listed: ['password', 'iloveyou', '12041990', 'Password123!'],
    similar: ['p4ssw0rd77', 'Dragon2019'],
    name: ['christopher'],
    disguise: ['br34kf4st', 'tsafkaerb'],
    phrase: ['correct horse battery staple', 'to be or not to be'],
    other: ['constructor', 'tablexyz'],
  }
  for (const [why, passwords] of Object.entries(because))
    it(`says why one is easy to guess: ${why}`, () => {
      for (const password of passwords)
        expect(strengthOf(password, about, estimate), password).to.include({ fault: 'password_common', why })
    })

  it('takes three everyday words, in whatever company', () => {
    const words =
      'table river cloud stone garden window bottle camera dragon pepper silver rocket market bridge candle forest'.split(
        ' ',
      )
    const phrases = words.flatMap((word, at) =>
      [7, 11].map(step => [word, words[(at + step) % 16], words[(at + 2 * step) % 16]].join(' ')),
    )
    const taken = phrases.filter(phrase => strengthOf(phrase, about, estimate).fault === undefined)
    expect(taken).to.have.lengthOf(phrases.length)
  })
})

describe('factors/password-strength, guesses', () => {
  it('knows the lists', async () => {
    const estimate = await guesses()
    expect(estimate('123456').worth).to.be.below(1)
    // A password, a word, a first name, a last name, a sequence, a neighbourhood of keys, a substitution, a reversal.
    for (const known of [
      'trustno1',
      'breakfast',
      'abigail',
      'johnson',
      'mondaytuesdaywednesday',
      'zxcvbnm',
      'f00tball',
      'drowssap',
    ]) {
      expect(estimate(known).worth, known).to.be.below(5)
    }
    expect(estimate('k#9Xp2!@').worth).to.be.within(8, 8.1)
  })

  it('is not fooled by the names that objects inherit', async () => {
    const estimate = await guesses()
    for (const inherited of ['constructor', '__proto__', 'toString', 'hasOwnProperty1']) {
      expect(estimate(inherited).worth, inherited).to.be.within(5, inherited.length + 0.001)
    }
    expect(estimate('constructor').worth).to.be.below(7)
  })

  it('loads once', () => {
    expect(guesses()).to.equal(guesses())
  })

  it('answers long and devious ones in little time', async () => {
    const estimate = await guesses()
    const devious = Array.from({ length: 128 }, (_, at) => '4@1!|0$53'[(at * at * 7 + at * 13) % 9]).join('')
    const before = process.cpuUsage()
    for (let each = 0; each < 10; each += 1) estimate(devious)
    const { user } = process.cpuUsage(before)
    expect(user / 10_000).to.be.below(60)
  })
})
