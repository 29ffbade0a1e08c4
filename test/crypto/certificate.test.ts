import { expect } from 'chai'
import { certificateIn, certificatesOf, issuedBy, names, type SubjectField } from '../../src/crypto/certificate.ts'
import { type Authority, authority, type Pair, selfSigned } from '../support/certificates.ts'

const read = ({ cert }: Pair) => certificatesOf(cert)[0] as ReturnType<typeof certificatesOf>[0]
const hour = 3_600_000

describe('certificates', () => {
  let ours: Authority
  let client: Pair
  before(async () => {
    ours = await authority('CN=Ours')
    client = await ours.issue('CN=client', { use: 'client' })
  })

  it('are read from a file of several, and a file of none is none', () => {
    expect(certificatesOf(`${ours.cert}\n${client.cert}`).map(each => each.subject)).to.deep.equal([
      'CN=Ours',
      'CN=client',
    ])
    expect(() => certificatesOf('nothing')).to.throw(TypeError)
    expect(() => certificatesOf(ours.cert.replace(/[A-Za-z]{20}/, 'A'.repeat(20)))).to.throw()
  })

  it('are read from a header: RFC 9440, bare base64, PEM, and PEM that is URL-encoded', () => {
    const spellings = [`:${client.der}:`, client.der, client.cert.replace(/\n/g, ' '), encodeURIComponent(client.cert)]
    for (const each of spellings) expect(certificateIn(each)?.subject, each).to.equal('CN=client')
    for (const each of ['', ':', 'nothing', '%', `:${client.der}:, :${client.der}:`, ':AAAA:'])
      expect(certificateIn(each), each).to.equal(undefined)
  })

  describe('issued', () => {
    const now = Date.now()
    const holds = async (made: Pair, by: readonly Pair[] = [ours], at = Date.now()) =>
      issuedBy(read(made), by.map(read), at)

    it('by an authority, for clients or for anything', async () => {
      expect(await holds(client)).to.equal(true)
      expect(await holds(await ours.issue('CN=any'))).to.equal(true)
      expect(await holds(client, [await authority(), ours])).to.equal(true)
    })

    const refused: [what: string, made: () => Promise<Pair>, by?: () => Promise<Pair[]>][] = [
      ['by nobody', () => selfSigned('CN=client')],
      ['by another of the same name', async () => (await authority('CN=Ours')).issue('CN=client')],
      ['for servers', () => ours.issue('CN=client', { use: 'server' })],
      ['until an hour ago', () => ours.issue('CN=client', { notAfter: new Date(now - hour), notBefore: new Date(0) })],
      ['from an hour on', () => ours.issue('CN=client', { notBefore: new Date(now + hour) })],
      ['where nobody may', async () => client, async () => []],
      ['by who may not issue any', async () => client, async () => [client]],
    ]
    for (const [what, made, by = async () => [ours]] of refused)
      it(`but not ${what}`, async () => expect(await holds(await made(), await by())).to.equal(false))

    it('and not once the authority’s own time is over', async () => {
      expect(await holds(client, [ours], now + 3_650 * 24 * hour)).to.equal(false)
    })
  })

  describe('say', () => {
    let rich: Pair
    before(async () => {
      rich = await ours.issue('C=DE, O="Bank, AG", CN=client', {
        names: [
          { type: 'dns', value: 'app.example.com' },
          { type: 'url', value: 'https://app.example.com/a,b' },
          { type: 'ip', value: '192.0.2.7' },
          { type: 'email', value: 'app@example.com' },
        ],
      })
    })
    const table: [field: SubjectField, expected: string, yes: boolean][] = [
      ['tls_client_auth_subject_dn', 'CN=client,O=Bank\\, AG,C=DE', true],
      ['tls_client_auth_subject_dn', 'cn=client, o=Bank\\, AG, c=DE', true],
      ['tls_client_auth_subject_dn', 'C=DE,O=Bank\\, AG,CN=client', false],
      ['tls_client_auth_subject_dn', 'CN=client', false],
      ['tls_client_auth_subject_dn', 'CN=Client,O=Bank\\, AG,C=DE', false],
      ['tls_client_auth_subject_dn', '', false],
      ['tls_client_auth_san_dns', 'app.example.com', true],
      ['tls_client_auth_san_dns', 'example.com', false],
      ['tls_client_auth_san_dns', 'client', false],
      ['tls_client_auth_san_uri', 'https://app.example.com/a,b', true],
      ['tls_client_auth_san_uri', 'https://app.example.com/a', false],
      ['tls_client_auth_san_uri', 'app.example.com', false],
      ['tls_client_auth_san_ip', '192.0.2.7', true],
      ['tls_client_auth_san_ip', '192.0.2.8', false],
      ['tls_client_auth_san_email', 'app@example.com', true],
      ['tls_client_auth_san_email', 'other@example.com', false],
    ]
    for (const [field, expected, yes] of table)
      it(`${field} ${expected || 'nothing'}: ${yes ? 'yes' : 'no'}`, () => {
        expect(names(read(rich), field, expected)).to.equal(yes)
      })

    const spellings: [subject: string, expected: string, yes: boolean][] = [
      ['C=DE, O="Bank, AG", CN=client', 'CN=client,O=Bank\\2C AG,C=DE', true],
      ['C=DE, O="Bank, AG", CN=client', 'CN=client , O = Bank\\, AG , C=DE', true],
      ['C=DE, O="Bank, AG", CN=client', 'CN=client,O=Bank,O=AG,C=DE', false],
      ['O=Müller, CN=a', 'CN=a,O=M\\C3\\BCller', true],
      ['O=Müller, CN=a', 'CN=a,O=Muller', false],
      ['O=x, CN=a+OU=b', 'CN=a+OU=b,O=x', true],
      ['O=x, CN=a+OU=b', 'OU=b+CN=a,O=x', true],
      ['O=x, CN=a+OU=b', 'CN=a,OU=b,O=x', false],
      ['O=x, CN=a\\+OU=b', 'CN=a\\+OU=b,O=x', true],
      ['O=x, CN=a\\+OU=b', 'CN=a+OU=b,O=x', false],
      ['O="x ", CN=" a"', 'CN=\\ a,O=x\\ ', true],
      ['O="x ", CN=" a"', 'CN= a,O=x ', false],
      ['2.5.4.97=PSDDE-X, 0.9.2342.19200300.100.1.1=joe', 'UID=joe,organizationIdentifier=PSDDE-X', true],
      ['2.5.4.9=High Street, CN=a', 'CN=a,STREET=High Street', true],
      ['O=a=b;c, CN=x\\\\y', 'CN=x\\\\y ,O=a=b\\;c', true],
      ['CN=a', 'CN=a,CN', false],
    ]
    for (const [subject, expected, yes] of spellings)
      it(`of ${subject} ${yes ? '' : 'not '}${expected}`, async () => {
        expect(names(read(await ours.issue(subject)), 'tls_client_auth_subject_dn', expected)).to.equal(yes)
      })

    it('of a certificate without a subject no name', async () => {
      const nameless = read(await ours.issue(''))
      for (const expected of ['CN=a', '=', ',', '+', ' ', 'undefined'])
        expect(names(nameless, 'tls_client_auth_subject_dn', expected), expected).to.equal(false)
    })

    it('nothing by a wildcard, and no name that hides in another', async () => {
      const sly = await ours.issue('CN=x', {
        names: [
          { type: 'dns', value: '*.example.com' },
          { type: 'url', value: 'https://evil.example/, URI:https://app.example.com/' },
        ],
      })
      expect(names(read(sly), 'tls_client_auth_san_dns', 'app.example.com')).to.equal(false)
      expect(names(read(sly), 'tls_client_auth_san_uri', 'https://app.example.com/')).to.equal(false)
    })

    it('of a subject that has a line break in it nothing else', async () => {
      const sly = await ours.issue('CN=client\\0AO=Bank')
      expect(names(read(sly), 'tls_client_auth_subject_dn', 'O=Bank,CN=client')).to.equal(false)
    })
  })
})
