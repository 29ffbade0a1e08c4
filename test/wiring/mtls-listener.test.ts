import { expect } from 'chai'
import { ConfigError, configure } from '../../src/config.ts'
import { mtls } from '../../src/wiring/configured.ts'
import { authority, pemFolder } from '../support/certificates.ts'

describe('client certificates as configured', () => {
  const files = pemFolder()
  after(files.remove)
  const made = (more: Record<string, string> = {}) =>
    mtls(
      configure({
        LATCHKEY_MTLS_URL: 'https://mtls.example.com',
        LATCHKEY_MTLS_HEADER: 'Client-Cert',
        LATCHKEY_TRUST_PROXY: '192.0.2.1',
        ...more,
      }),
    )

  it('are none where no URL is told', () => expect(mtls(configure({}))).to.equal(undefined))

  it('name no authority where there is no file of them', () => {
    expect(made()).to.deep.equal({ url: 'https://mtls.example.com', header: 'client-cert', authorities: [] })
  })

  it('name every authority of the file', async () => {
    const both = (await authority('CN=one')).cert + (await authority('CN=two')).cert
    const { authorities } = made({ LATCHKEY_MTLS_CA: files.write('ca.pem', both) }) ?? {}
    expect(authorities?.map(each => each.subject)).to.deep.equal(['CN=one', 'CN=two'])
  })

  it('are refused at the start where the file is not there, or holds none', () => {
    for (const file of ['nowhere.pem', files.write('empty.pem', 'nothing')])
      expect(() => made({ LATCHKEY_MTLS_CA: file })).to.throw(ConfigError, 'LATCHKEY_MTLS_CA cannot be used')
  })
})
