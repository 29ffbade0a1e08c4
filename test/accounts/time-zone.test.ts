import { expect } from 'chai'
import { dayOf, knownZone, startOfDay, zoneOf, zones } from '../../src/accounts/time-zone.ts'

describe('a time zone', () => {
  it('is known by every name that people can choose', () => {
    expect(zones().filter(each => knownZone(each) === undefined)).to.deep.equal([])
    expect(zones()).to.include.members(['Europe/Vienna', 'America/New_York', 'UTC'])
  })

  it('is known by an older or newer name, too', () => {
    for (const name of ['Asia/Kolkata', 'Asia/Calcutta', 'Europe/Kyiv', 'Europe/Kiev'])
      expect(new Intl.DateTimeFormat('en', { timeZone: knownZone(name) }).format(0), name).to.be.a('string')
  })

  for (const name of [
    '',
    '+01:00',
    'Europe/Atlantis',
    '../../etc/passwd',
    'Europe/Vienna short',
    'x'.repeat(99),
    '<b>',
    undefined,
  ])
    it(`is not known by ${JSON.stringify(name)}`, () => {
      expect(knownZone(name)).to.equal(undefined)
    })

  it('is the one that the owner chose, else the one of the browser that the account was made with', () => {
    expect(zoneOf({ profile: { zone: 'Asia/Tokyo', at: 0 }, zone: 'Europe/Vienna' })).to.equal('Asia/Tokyo')
    expect(zoneOf({ profile: { at: 0 }, zone: 'Europe/Vienna' })).to.equal('Europe/Vienna')
    expect(zoneOf({})).to.equal(undefined)
    expect(zoneOf({ zone: 'Europe/Atlantis' })).to.equal(undefined)
  })

  const days: [zone: string, day: string, begins: string][] = [
    ['UTC', '2026-03-03', '2026-03-03T00:00:00.000Z'],
    ['Asia/Tokyo', '2026-03-03', '2026-03-02T15:00:00.000Z'],
    ['America/New_York', '2026-03-08', '2026-03-08T05:00:00.000Z'],
    ['America/New_York', '2026-03-09', '2026-03-09T04:00:00.000Z'],
    ['Europe/Vienna', '2026-10-26', '2026-10-25T23:00:00.000Z'],
    // The clocks are changed between midnight there and midnight UTC.
    ['Pacific/Auckland', '2026-09-27', '2026-09-26T12:00:00.000Z'],
    ['Asia/Kathmandu', '2026-01-01', '2025-12-31T18:15:00.000Z'],
  ]
  for (const [zone, day, begins] of days)
    it(`begins its days at midnight (${zone}, ${day})`, () => {
      expect(new Date(startOfDay(day, zone)).toISOString()).to.equal(begins)
      expect(dayOf(Date.parse(begins), zone)).to.equal(day)
      expect(dayOf(Date.parse(begins) - 1, zone)).to.not.equal(day)
    })
})
