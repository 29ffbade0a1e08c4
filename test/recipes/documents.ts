import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { certificate, certificateKey } from '../support/certificate.ts'

/** A host of client ID metadata documents, for clients on a device. */
export interface Documents {
  host: string
  /** The address of a client, which is its id. */
  addressOf(name: string): string
  close(): Promise<void>
}

/** Serves a document for any name, with a certificate that this process trusts until it is closed. */
export async function documents(): Promise<Documents> {
  const believed = getCACertificates('default')
  setDefaultCACertificates([...believed, certificate])
  const addressOf = (name: string) => `https://localhost:${port}/${name}`
  const server = createServer({ cert: certificate, key: certificateKey }, (req, res) => {
    const name = (req.url ?? '').slice(1)
    const document = {
      client_id: addressOf(name),
      client_name: `Document of ${name}`,
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  await new Promise<void>(done => server.listen(0, 'localhost', done))
  const { port } = server.address() as AddressInfo
  return {
    host: `localhost:${port}`,
    addressOf,
    close: async () => {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
      setDefaultCACertificates(believed)
    },
  }
}
