import { expect } from 'chai'
import { demandOf, toldAcr } from '../../src/oidc/prompts.ts'

const essential = (acr: object) => JSON.stringify({ id_token: { acr: { essential: true, ...acr } } })
const voluntary = (acr: object) => JSON.stringify({ id_token: { acr } })

describe('what a request demands of a sign-in', () => {
  const table: [string, Parameters<typeof demandOf>[0], string | undefined, string[] | undefined][] = [
    ['nothing', {}, undefined, undefined],
    ['the least of what will do', { acr_values: 'phr aal2' }, 'aal2', undefined],
    ['nothing by a name that nobody knows', { acr_values: 'gold' }, undefined, undefined],
    ['the same by the claims parameter', { claims: voluntary({ values: ['phr', 'aal2'] }) }, 'aal2', undefined],
    ['what is essential', { claims: essential({ value: 'phr' }) }, 'phr', ['phr']],
    ['the higher of two demands', { acr_values: 'mfa', claims: essential({ values: ['aal2'] }) }, 'aal2', ['aal2']],
    [
      'the higher of two demands, the other way',
      { acr_values: 'phr', claims: voluntary({ value: 'mfa' }) },
      'phr',
      undefined,
    ],
    ['no value, only that there is one', { claims: essential({}) }, undefined, undefined],
    ['nothing by what is no text', { claims: essential({ values: [1, null, {}] }) }, undefined, undefined],
    ['the best there is, for an approval', { acr_values: 'mfa', authorization_details: '[]' }, 'phr', undefined],
  ]
  for (const [what, request, least, listed] of table)
    it(`is ${what}`, () => expect(demandOf(request)).to.deep.equal({ least, essential: listed }))

  it('reports the acr that was reached, or the best of the essential ones', () => {
    const told = (held: string | undefined, ...listed: string[]) =>
      toldAcr(held, { least: undefined, essential: listed })
    expect(toldAcr('aal2', { least: undefined, essential: undefined })).to.equal('aal2')
    expect(told('aal2', 'mfa')).to.equal('mfa')
    expect(told('phr', 'mfa', 'aal2')).to.equal('aal2')
    expect(told('mfa', 'aal2')).to.equal(undefined)
    expect(told(undefined, 'mfa')).to.equal(undefined)
  })
})
