import { expect } from 'chai'
import { network, oneNetwork } from '../../src/network.ts'
import { pointsOf } from '../../src/risk/countries.ts'
import { type Sighting, type Signal, signals, travelled } from '../../src/risk/signals.ts'

const hour = 3_600_000
const places = {
  vienna: ['193.171.23.1', 'AT'],
  graz: ['193.171.23.99', 'AT'],
  linz: ['193.171.99.1', 'AT'],
  bratislava: ['147.175.1.1', 'SK'],
  'new york': ['8.8.8.8', 'US'],
  tokyo: ['133.1.1.1', 'JP'],
  nowhere: ['10.0.0.1', undefined],
} as const
type Place = keyof typeof places

const seen = (place: Place, hours: number, device = 'laptop'): Sighting => {
  const [address, country] = places[place]
  return { device, address, country, points: country === undefined ? [] : pointsOf(country), at: hours * hour }
}

interface Row {
  what: string
  past?: Sighting[]
  here: Sighting
  known?: boolean
  failures?: number
  guessed?: boolean
  expected?: string[]
  found: Signal[]
}

const home = [seen('vienna', 0)]
const rows: Row[] = [
  { what: 'the same again', past: home, here: seen('vienna', 9), known: true, found: [] },
  { what: 'a neighbour’s address', past: home, here: seen('graz', 9), known: true, found: [] },
  { what: 'another network', past: home, here: seen('linz', 9), known: true, found: ['new-network'] },
  { what: 'another device', past: home, here: seen('vienna', 9), found: ['new-device'] },
  {
    what: 'across the border',
    past: home,
    here: seen('bratislava', 1),
    known: true,
    found: ['new-network', 'new-country'],
  },
  {
    what: 'New York, the next day',
    past: home,
    here: seen('new york', 24),
    known: true,
    found: ['new-network', 'new-country'],
  },
  {
    what: 'New York, within the hour',
    past: home,
    here: seen('new york', 1),
    known: true,
    found: ['new-network', 'new-country', 'impossible-travel'],
  },
  {
    what: 'Tokyo at once, where they were last year',
    past: [...home, seen('tokyo', -9_000)],
    here: seen('tokyo', 1, 'phone'),
    found: ['new-device', 'impossible-travel'],
  },
  {
    what: 'nobody knows where',
    past: home,
    here: seen('nowhere', 1),
    known: true,
    found: ['new-network'],
  },
  {
    what: 'somewhere, and never before anybody knew where',
    past: [seen('nowhere', 0)],
    here: seen('tokyo', 1),
    known: true,
    found: ['new-network'],
  },
  { what: 'four wrong answers', past: home, here: seen('vienna', 1), known: true, failures: 4, found: [] },
  {
    what: 'five wrong answers',
    past: home,
    here: seen('vienna', 1),
    known: true,
    failures: 5,
    found: ['many-failures'],
  },
  {
    what: 'Tokyo at once, where they said that they would be',
    past: home,
    here: seen('tokyo', 1),
    expected: ['JP'],
    found: ['new-device', 'new-network'],
  },
  {
    what: 'New York, where they did not say so',
    past: home,
    here: seen('new york', 24),
    expected: ['JP'],
    found: ['new-device', 'new-network', 'new-country'],
  },
  {
    what: 'ten wrong codes in a row, on whatever device',
    past: home,
    here: seen('vienna', 1),
    known: true,
    guessed: true,
    found: ['many-guesses'],
  },
  { what: 'the first time ever', here: seen('tokyo', 0), found: ['new-device'] },
]

describe('signals', () => {
  for (const { what, past = [], here, known = false, failures = 0, guessed = false, expected = [], found } of rows) {
    it(`of ${what}: ${found.join(', ') || 'none'}`, () => {
      expect(signals(here, past, { known, failures, guessed, expected })).to.deep.equal(found)
    })
  }

  it('take providers’ blocks for one network', () => {
    expect(network('192.0.2.1')).to.equal(network('192.0.2.254')).and.not.equal(network('192.0.3.1'))
    expect(network('::ffff:192.0.2.1')).to.equal(network('192.0.2.9'))
    expect(network('2001:db8:1:2::1')).to.equal(network('2001:db8:1:ffff::1')).and.not.equal(network('2001:db8:2::1'))
    expect(network('unknown')).to.equal('unknown')
    expect(oneNetwork('192.0.2.1', '192.0.2.200')).to.equal(true)
    // Nobody knows whether two that are unknown are the same.
    expect(oneNetwork('unknown', 'unknown')).to.equal(false)
  })

  it('know how fast somebody would have had to be', () => {
    const point = (latitude: number, longitude: number, at: number): Sighting => ({
      ...seen('nowhere', at),
      points: [{ latitude, longitude, radius: 0 }],
    })
    const [vienna, sydney] = [point(48.2, 16.4, 0), point(-33.9, 151.2, 10)]
    expect(travelled(vienna, sydney)).to.be.closeTo(1_600, 10)
    expect(travelled(sydney, vienna)).to.be.closeTo(1_600, 10)
    expect(travelled(vienna, point(47, 15.4, 0))).to.equal(0)
    expect(travelled(vienna, point(-33.9, 151.2, 21))).to.equal(0)
    expect(travelled(vienna, point(-33.9, 151.2, 0))).to.be.greaterThan(900_000)
    expect(travelled(point(0, 179.9, 0), point(0, -179.9, 0))).to.equal(0)
  })
})
