import { expect } from 'chai'
import type { Context } from 'koa'
import { Problem } from '../../src/errors.ts'
import { choices, field, fields, queryField, requiredField, submit } from '../../src/web/forms.ts'

const posted = (body: unknown, query = {}) => ({ request: { body }, query }) as unknown as Context
const failing = (problem: unknown) => async () => {
  throw problem
}

describe('a posted form', () => {
  it('gives a text, cut to what may be read of it', () => {
    expect(field(posted({ name: ' Ada ' }), 'name', 20)).to.equal(' Ada ')
    expect(field(posted({ name: 'Ada Lovelace' }), 'name', 3)).to.equal('Ada')
  })

  it('gives nothing for what is missing or no text', () => {
    for (const body of [
      undefined,
      null,
      'name=Ada',
      [],
      {},
      { name: ['Ada'] },
      { name: { first: 'Ada' } },
      { name: 3 },
    ])
      expect(field(posted(body), 'name', 20)).to.equal('')
    expect(field(posted({}), 'constructor', 20)).to.equal('')
  })

  it('refuses what a browser would not have sent, and takes an empty field', () => {
    expect(requiredField(posted({ id: '' }), 'id', 20)).to.equal('')
    expect(requiredField(posted({ id: 'abc' }), 'id', 2)).to.equal('ab')
    for (const body of [undefined, {}, { id: ['a', 'b'] }])
      expect(() => requiredField(posted(body), 'id', 20))
        .to.throw(Problem)
        .with.property('code', 'malformed')
  })

  it('gives one choice or several alike, and leaves out what is no text', () => {
    expect(choices(posted({ scope: 'read' }), 'scope', 10)).to.deep.equal(['read'])
    expect(choices(posted({ scope: ['read', 7, { a: 1 }, 'trading'] }), 'scope', 5)).to.deep.equal(['read', 'tradi'])
    expect(choices(posted(undefined), 'scope', 10)).to.deep.equal([])
  })

  it('gives all fields in an object of their own', () => {
    const body = { code: '123456' }
    expect(fields(posted(body))).to.deep.equal(body)
    expect(fields(posted(body))).not.to.equal(body)
    expect(fields(posted('code'))).to.deep.equal({})
  })

  it('is read like the address, whose parameters may be missing or said twice', () => {
    expect(queryField(posted({}, { from: 'abcdef' }), 'from', 3)).to.equal('abc')
    expect(queryField(posted({}, { from: '' }), 'from', 3)).to.equal('')
    expect(queryField(posted({}, { from: ['a', 'b'] }), 'from', 3)).to.equal(undefined)
    expect(queryField(posted({}, {}), 'from', 3)).to.equal(undefined)
  })
})

describe('what a form asks for', () => {
  const again = (problem: Problem): never => {
    throw new Error(`shown again: ${problem.code}`)
  }

  it('is done once, and its result is given', async () => {
    expect(await submit(async () => 'done', again)).to.equal('done')
  })

  it('is shown again with the problem that stopped it', async () => {
    const told: Problem[] = []
    const wrong = new Problem('invalid_email', { field: 'email' })
    expect(await submit(failing(wrong), problem => told.push(problem))).to.equal(undefined)
    await submit(failing(Object.assign(new Error('body'), { status: 413 })), problem => told.push(problem))
    expect(told.map(({ code }) => code)).to.deep.equal(['invalid_email', 'too_large'])
  })

  for (const fault of [
    new Problem('not_found'),
    new Problem('link_expired'),
    new Problem('busy'),
    new Error('a fault'),
  ]) {
    it(`is not shown again after ${fault.message}`, async () => {
      expect(await submit(failing(fault), again).catch(thrown => thrown)).to.equal(fault)
    })
  }

  it('is shown again after what its page outlives', async () => {
    const told: Problem[] = []
    await submit(failing(new Problem('attempt_expired')), problem => told.push(problem), [])
    expect(told).to.have.length(1)
  })
})
