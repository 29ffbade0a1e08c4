import { expect } from 'chai'
import { lateLife, mailbox, type Postage, postage, type Stamped } from '../../src/accounts/postage.ts'
import { throttle } from '../../src/accounts/throttle.ts'
import { Problem } from '../../src/errors.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('what is sent to people', () => {
  let store: Store
  let post: Postage
  let at: number
  let told: string[]
  const now = () => at

  const make = (daily: number) => {
    const emit = async (_: string, data: unknown) => void told.push((data as { limit: string }).limit)
    return postage({ throttle: throttle({ store, now, emit }), daily })
  }
  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    told = []
    store = await testStore(now)
    post = make(1_000)
  })
  afterEach(() => store.close())

  const text = (over: Partial<Stamped> = {}): Stamped => ({
    channel: 'sms',
    to: '+436641234567',
    from: '192.0.2.1',
    unproven: false,
    ...over,
  })
  const mail = (over: Partial<Stamped> = {}): Stamped => ({
    ...text(),
    channel: 'email',
    to: 'ada@example.com',
    ...over,
  })
  /** How many of these go out, one every `apart` milliseconds. */
  const sent = async (times: number, message: (index: number) => Stamped, apart = 0): Promise<number> => {
    let count = 0
    for (let index = 0; index < times; index++) {
      at += apart
      try {
        await post.pay(message(index))
        count += 1
      } catch (fault) {
        expect(fault).to.be.instanceOf(Problem).and.include({ code: 'slow_down' })
      }
    }
    return count
  }
  const source = (index: number) => `198.51.${index >> 8}.${index & 255}`
  const number = (index: number, prefix = '+43664') => prefix + String(1_000_000 + index * 7_919).slice(0, 7)

  it('is six texts to one number in half an hour, and sixteen in a day, whoever causes them', async () => {
    expect(await sent(30, index => text({ from: source(index) }))).to.equal(6)
    expect(await sent(288, index => text({ from: source(index) }), 5 * minute - 1)).to.be.at.most(16)
    expect(told).to.include.members(['sms.number', 'sms.number.day'])
  })

  it('is fewer while nobody has proved the number, so that its owner has some left', async () => {
    expect(await sent(30, index => text({ from: source(index), unproven: true }))).to.equal(4)
    expect(await sent(30, index => text({ from: source(index) }))).to.equal(2)
    at += hour
    expect(await sent(200, index => text({ from: source(index), unproven: true }), 6 * minute)).to.equal(6)
  })

  it('is thirty texts a day to one range of a thousand numbers that nobody has proved, and 300 to one of a hundred thousand', async () => {
    const inRange = (index: number) =>
      text({ to: `+436641234${String(index).padStart(3, '0')}`, from: source(index), unproven: true })
    expect(await sent(100, inRange)).to.equal(30)
    expect(await sent(1, () => text({ to: '+436641234999' })), 'a proved one').to.equal(1)
    expect(await sent(1, () => text({ to: '+436641235999', unproven: true })), 'the next range').to.equal(1)
    at += 2 * day
    const inPrefix = (index: number) =>
      text({ to: `+43664123${String(index * 91).padStart(5, '0')}`, from: source(index), unproven: true })
    expect(await sent(400, inPrefix)).to.equal(300)
  })

  it('is 300 texts a day to one range of a thousand numbers, proved ones included', async () => {
    const inRange = (index: number) => text({ to: `+436641234${String(index).padStart(3, '0')}`, from: source(index) })
    expect(await sent(400, inRange)).to.equal(300)
    expect(await sent(1, () => text({ to: '+436641235999' })), 'the next range').to.equal(1)
  })

  it('is so many texts a day in all, and to numbers that nobody has proved four fifths of them', async () => {
    post = make(10)
    expect(await sent(40, index => text({ to: number(index), from: source(index), unproven: true }))).to.equal(8)
    expect(await sent(40, index => text({ to: number(index), from: source(index) }))).to.equal(2)
    expect(await post.mayText('+4915112345678')).to.equal(false)
    expect(told).to.include.members(['sms.daily', 'sms.daily.unproven'])
    at += day + 1
    expect(await sent(1, () => text())).to.equal(1)
  })

  it('is so many from one source, of IPv6 its /64, its /56 and its /48', async () => {
    const from = (address: (index: number) => string) => (index: number) =>
      text({ to: number(index * 3), from: address(index) })
    expect(
      await sent(
        60,
        from(() => '192.0.2.9'),
      ),
    ).to.equal(30)
    expect(
      await sent(
        60,
        from(index => `2001:db8:0:7::${index.toString(16)}`),
      ),
    ).to.equal(30)
    expect(
      await sent(
        250,
        from(index => `2001:db8:1:${index.toString(16)}00::1`),
      ),
    ).to.equal(120)
  })

  it('is twenty texts a day of what was done to an account', async () => {
    for (let each = 0; each < 20; each++) expect(await post.mayText('+436641234567')).to.equal(true)
    expect(await post.mayText('+436641234567')).to.equal(false)
    expect(await post.mayText('+436641234568')).to.equal(true)
  })

  it('counts a mailbox by all of its addresses', async () => {
    const plus = (index: number) => mail({ to: `ada+${index}@example.com`, from: source(index), unproven: true })
    expect(await sent(30, plus)).to.equal(6)
    expect(await sent(280, plus, 5 * minute)).to.be.at.most(20)
    expect(await sent(1, () => mail({ to: 'eve@example.com', unproven: true }))).to.equal(1)
  })

  it('leaves an owner their mails, however many strangers have sent there', async () => {
    await sent(30, index => mail({ from: source(index), unproven: true }))
    expect(await sent(1, () => mail())).to.equal(1)
  })

  it('gives all of it back for what was not sent', async () => {
    for (let each = 0; each < 20; each++) await (await post.pay(text({ unproven: true })))()
    expect(await sent(1, () => text({ unproven: true }))).to.equal(1)
  })

  it('mails a link always, unless one that is good lies in the mailbox', async () => {
    // Strangers without number, for a day: one a minute.
    let good = 0
    let mails = 0
    for (let each = 0; each < 24 * 60; each++) {
      at += minute
      const mailed = await post.link('ada@example.com', 'ada')
      if (mailed) mails += 1
      if (mailed === 'usual') good = Math.max(good, at + 15 * minute)
      if (mailed === 'late') good = Math.max(good, at + lateLife)
      expect(good - at, 'whoever asks has a link that is good for some time').to.be.at.least(10 * minute)
    }
    expect(mails).to.be.at.most(20 + 25)
  })

  const boxes: [address: string, box: string][] = [
    ['ada@example.com', 'ada@example.com'],
    ['ada+shop@example.com', 'ada@example.com'],
    ['ada+a+b@example.com', 'ada@example.com'],
    ['+ada@example.com', '+ada@example.com'],
    ['a.d.a+x@gmail.com', 'ada@gmail.com'],
    ['a.da@googlemail.com', 'ada@gmail.com'],
    ['a.da@example.com', 'a.da@example.com'],
    ['+436641234567', '+436641234567'],
  ]
  for (const [address, box] of boxes) {
    it(`takes ${address} for the mailbox ${box}`, () => {
      expect(mailbox(address)).to.equal(box)
    })
  }
})
