import { expect } from 'chai'
import { postgresPair } from '../bench/postgres-pair.ts'
import { type Played, trial } from '../bench/trial.ts'

const engine = process.env.LATCHKEY_TEST_STORE
if (!process.env.LATCHKEY_TEST_POSTGRES)
  console.log('  skipped: several Latchkeys on one database, because LATCHKEY_TEST_POSTGRES names no server')
// Beside the server of another engine it would be the same once more.
else if (engine === undefined || engine === 'postgres')
  describe('several Latchkeys on one PostgreSQL, behind what shares requests out', function () {
    this.timeout(240_000)

    it('lose nothing and sign nobody out when they are restarted, frozen, cut from it and led to a standby, and say 503 and why meanwhile', async () => {
      const pair = await postgresPair({ fsync: false })
      try {
        const played: Played[] = []
        const { acknowledged, faults } = await trial({
          ...{ database: pair.primary, pair, scenes: ['rolling', 'freeze', 'cut', 'failover'] },
          ...{ people: 40, lines: 3, racers: 1, calm: 0.2, patience: 5, freeze: 6, cut: 1 },
          onScene: each => played.push(each),
        })
        expect(faults).to.deep.equal([])
        expect(acknowledged.signIns).to.be.at.least(3)
        const [restarted, ...broken] = played
        expect(restarted?.repeated[503]).to.equal(0)
        // What is frozen says nothing.
        for (const { name, repeated, reasons } of broken.slice(1)) {
          expect(repeated[503], name).to.be.at.least(1)
          expect([...reasons.keys()].join(), name).to.include('503 unavailable (')
        }
      } finally {
        await pair.stop()
      }
    })
  })
