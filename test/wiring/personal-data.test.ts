import { expect } from 'chai'
import type { z } from 'zod'
import { belongingsList, fleeting } from '../../src/wiring/personal-data.ts'
import { declared } from '../support/declared.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'

describe('what is kept of people', () => {
  const { through, declarations } = declared()
  whileTesting(() => startLatchkey({ through }))

  const fieldsOf = (shape: unknown) => Object.keys((shape as z.ZodObject).shape)

  it('is listed for export and removal, every collection of it, or said to be gone by itself', () => {
    const listed = new Set([...belongingsList.map(each => each.declaration.name), ...Object.keys(fleeting)])
    const naming = [...declarations.values()].filter(({ shape }) =>
      fieldsOf(shape).some(field => ['account', 'accountId'].includes(field)),
    )
    expect(naming).to.have.length.above(5)
    // A new collection that names an account: list it in src/wiring/personal-data.ts.
    expect(naming.map(({ name }) => name).filter(name => !listed.has(name))).to.deep.equal([])
    expect([...listed].filter(name => !declarations.has(name))).to.deep.equal([])
  })

  for (const { declaration, by, gives, withholds } of belongingsList) {
    it(`is given or withheld field by field (${declaration.name})`, () => {
      const fields = fieldsOf(declaration.shape)
      expect(fields).to.include(by)
      const told = [...gives, ...Object.keys(withholds).filter(field => !(gives as string[]).includes(field))]
      // What gives nothing is given as something else.
      if (gives.length > 0) expect(told).to.include.members(fields)
      expect(fields).to.include.members([...gives])
      for (const secret of ['secret', 'former', 'lookup', 'payload', 'digest']) expect(gives).to.not.include(secret)
    })
  }
})
