import { expect } from 'chai'
import { ClientsError, parseClients } from '../../src/clients/declared.ts'

const local = { local: true, production: false }
const api = { resource: 'https://api.example/a', name: 'A', scopes: ['read'] }

const faults = (clients: unknown[], standing = local, apis: unknown[] = [api]): readonly string[] => {
  try {
    parseClients({ apis, clients }, standing)
  } catch (fault) {
    expect(fault).to.be.instanceOf(ClientsError)
    return (fault as ClientsError).faults
  }
  return []
}

describe('what clients.json says of signed requests', () => {
  const declaring: [string, object, string][] = [
    [
      'a scope that the API has not',
      { 'private/x': { scope: 'steal' } },
      'methods.private/x.scope: steal is no scope of it',
    ],
    ['a name that ends in a digit', { 'private/x1': { scope: 'read' } }, 'methods.private/x1'],
    [
      'a parameter of another kind',
      { 'private/x': { scope: 'read', params: { a: 'number' } } },
      'methods.private/x.params.a',
    ],
    [
      'what is nested twice',
      { 'private/x': { scope: 'read', params: { a: { b: { c: 'text' } } } } },
      'methods.private/x.params.a',
    ],
    [
      'what may be left out within a list',
      { 'private/x': { scope: 'read', params: { a: [{ b: 'text?' }] } } },
      'methods',
    ],
    ['a list of texts', { 'private/x': { scope: 'read', params: { a: ['text'] } } }, 'methods.private/x.params.a'],
    ['a parameter with a strange name', { 'private/x': { scope: 'read', params: { 'a b': 'text' } } }, 'methods'],
    ['an unknown member', { 'private/x': { scope: 'read', more: 1 } }, 'methods.private/x'],
  ]
  for (const [what, methods, fault] of declaring) {
    it(`refuses a method with ${what}`, () => {
      const found = faults([], local, [{ ...api, methods }])
      expect(found, found.join('\n')).to.have.lengthOf(1)
      expect(found[0]).to.satisfy((each: string) => each.startsWith(`apis[0] ${fault}`))
    })
  }

  it('takes methods as bots sign them, each by one API', () => {
    const params = { a: 'text', b: 'text?', c: { d: 'text' }, e: [{ f: 'text' }] }
    const methods = { 'private/create-order': { scope: 'read', params }, 'public/time': { scope: 'read' } }
    const clients = parseClients({ apis: [{ ...api, methods }], clients: [] }, local)
    expect(clients.methods.get('private/create-order')).to.deep.equal({ scope: 'read', params })
    expect(clients.methods.get('public/time')).to.deep.equal({ scope: 'read', params: {} })
    const other = { ...api, resource: 'https://api.example/other', methods: { 'public/time': { scope: 'read' } } }
    expect(faults([], local, [{ ...api, methods }, other])).to.deep.equal(['apis: public/time is declared twice'])
  })
})
