import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Action } from '../../src/actions/action.ts'
import { actionRoom } from '../support/action-room.ts'
import { codeOf } from '../support/outcome.ts'
import { cases } from './cases.ts'

const phrases: Record<string, unknown>[] = ['en', 'de'].map(each =>
  JSON.parse(readFileSync(`views/locales/${each}.json`, 'utf8')),
)

describe('every action', () => {
  let room: Awaited<ReturnType<typeof actionRoom>>
  let list: readonly Action[]
  beforeEach(async () => {
    room = await actionRoom()
    list = room.actions.list
  })
  afterEach(() => room.store.close())

  const declared = (id: string) => list.find(each => each.id === id) ?? expect.fail(`there is no ${id}`)
  /** Prepares and runs it, for somebody who has just proved everything. */
  const perform = async (id: string, given: unknown): Promise<unknown> => {
    const { args, actor } = await room.prepare(declared(id), given)
    return room.actions.run(declared(id), args, actor)
  }

  it('is declared once, and has a case here', () => {
    expect(list.map(({ id }) => id)).to.have.members(Object.keys(cases))
    expect(new Set(list.map(({ id }) => id)).size).to.equal(list.length)
    const loosening = list.filter(each => each.loosens).map(({ id }) => id)
    expect(loosening).to.have.members(['credential.remove', 'restrictions.change', 'api-key.create', 'api-key.rotate'])
  })

  for (const [id, { before: first, given, malformed, others, refused = 'not_found', loosening }] of Object.entries(
    cases,
  )) {
    describe(id, () => {
      beforeEach(async () => {
        await first?.(room)
        room.told.length = 0
      })

      it('takes no arguments but its own', async () => {
        expect(await codeOf(room.prepare(declared(id), malformed))).to.equal('malformed')
        expect(room.told).to.deep.equal([])
      })

      if (others)
        it('is refused for what is another’s, or nobody’s', async () => {
          expect(await codeOf(perform(id, others(room)))).to.equal(refused)
          expect(room.told).to.not.include(declared(id).event)
        })

      it('asks first where what was proved is too old or too weak, unless a session is enough', async () => {
        const { assurance, freshFor, enrols, decidedAnew } = declared(id)
        const fresh = await room.prepare(declared(id), given(room))
        expect(fresh.asked === undefined, 'fresh').to.equal(!enrols)
        const since = fresh.actor.ctx && Date.UTC(2026, 0, 6) - Math.min(freshFor, 1e12)
        for (const less of [{ since }, { acr: 'mfa' as const }]) {
          const { asked } = await room.prepare(declared(id), given(room), less)
          expect(asked === undefined, JSON.stringify(less)).to.equal(assurance === 'session')
          if (!asked) continue
          expect(asked.purpose).to.equal(enrols ? 'add' : assurance === 'strongest' ? 'change' : 'step-up')
          const kept = !enrols && !decidedAnew
          expect(asked.action?.id).to.equal(kept ? id : undefined)
          expect(asked.reauthenticatedUntil).to.equal(undefined)
        }
        expect(room.told).to.deep.equal([])
      })

      it('says on the page that asks for a proof what it is for', async () => {
        const { assurance, reason } = declared(id)
        if (assurance !== 'session') for (const each of phrases) expect(each).to.have.property(`reason.${id}`)
        const { args, actor } = await room.prepare(declared(id), given(room))
        const values = (await reason?.(args, actor, key => key)) ?? {}
        for (const value of Object.values(values)) expect(value).to.be.a('string').and.not.equal('')
      })

      it('says once what was done, in words of its own, and names an action that puts it back', async () => {
        const { args, actor } = await room.prepare(declared(id), given(room))
        const { run, enrols } = declared(id)
        const said = await room.actions.told(declared(id), args, actor, each => each)
        if (!said || (!run && !enrols)) return
        const { key, values = {}, undo } = said
        for (const each of phrases) {
          expect(each).to.have.property(String(key))
          for (const [, name = ''] of String(each[String(key)]).matchAll(/\{(\w+)[,}]/g))
            expect(values[name]).to.be.a('string')
        }
        if (!undo) return
        const back = declared(undo.id)
        expect([back.undoes, back.confirm]).to.deep.equal([true, undefined])
        expect(back.args.safeParse(undo.args).success).to.equal(true)
      })

      it('says what follows, where it asks first', async () => {
        const { confirm } = declared(id)
        const { args, actor } = await room.prepare(declared(id), given(room))
        const asked = await confirm?.(args, actor, each => each)
        if (!asked) return
        for (const each of phrases) {
          expect(each).to.include.keys(asked.act, `confirm.${id}.title`)
          expect(asked.consequences.filter(key => key in each)).to.not.deep.equal([])
        }
      })

      it('is on record, and ends the sessions that it says', async () => {
        const { event, run, endsSessions } = declared(id)
        // What a flow enrols is on record by the flow.
        if (!run) return expect(await codeOf(perform(id, given(room)))).to.equal('not_offered')
        await perform(id, given(room))
        expect(room.told).to.include(event)
        const { which, why } = endsSessions ?? {}
        expect(room.ended).to.deep.equal(which === undefined ? [] : [`${which} of ada: ${why}`])
      })

      it('starts the hold if it loosens anything, and only then', async () => {
        const { run, loosens } = declared(id)
        if (!run) return
        const ada = await room.person('ada')
        const { args } = await room.prepare(declared(id), given(room))
        const expected = loosens?.(args, ada)
        await perform(id, given(room))
        expect((await room.person('ada')).holdUntil !== undefined).to.equal((await expected) ?? false)
        if (loosening) {
          await perform(id, loosening(room))
          expect((await room.person('ada')).holdUntil).to.be.a('number')
          expect(room.told).to.include('hold.started')
        }
      })

      it('is carried out once, however often its flow is answered', async () => {
        const { event, assurance, run } = declared(id)
        const { asked } = await room.prepare(declared(id), given(room), { acr: 'mfa', since: 0 })
        if (!asked?.action || !run) return expect(assurance === 'session' || !run || !asked?.action).to.equal(true)
        const carryOut = await room.answered(asked)
        const both = await Promise.all([codeOf(carryOut()), codeOf(carryOut())])
        expect(both).to.have.members(['done', 'attempt_expired'])
        expect(room.told.filter(each => each === event)).to.have.length(1)
      })
    })
  }

  it('loosens by lifting a restriction, and not by adding one', async () => {
    await perform('restrictions.change', { to: { countries: ['AT'] } })
    expect((await room.person('ada')).holdUntil).to.equal(undefined)
    await perform('restrictions.change', { to: {} })
    expect((await room.person('ada')).holdUntil).to.be.a('number')
  })

  it('is nothing for the staff to somebody who is not of them', async () => {
    for (const id of ['staff.look', 'case.decide'])
      expect(await codeOf(room.prepare(declared(id), cases[id]?.given(room), { who: 'eve' }))).to.equal('not_found')
  })

  it('is refused to staff whose role does not allow it', async () => {
    await room.roles.give('eve', 'viewer')
    const wanted = { scope: 'admin:roles.write' }
    expect(await codeOf(room.prepare(declared('staff.look'), wanted, { who: 'eve' }))).to.equal('not_permitted')
    const given = cases['case.decide']?.given(room)
    expect(await codeOf(room.prepare(declared('case.decide'), given, { who: 'eve' }))).to.equal('not_permitted')
  })

  it('ends in nothing where this version of the program does not have it', async () => {
    const carryOut = await room.answered({ purpose: 'change', action: { id: 'account.sell', args: {} } })
    expect(await codeOf(carryOut())).to.equal('attempt_expired')
  })
})
