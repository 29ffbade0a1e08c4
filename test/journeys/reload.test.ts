import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Running, startLatchkey } from '../support/latchkey.ts'

describe('clients.json that is read anew', () => {
  let latchkey: Running
  let folder: string
  let file: string
  const declared = JSON.parse(readFileSync('clients.json', 'utf8')) as { apis: object[]; clients: object[] }
  const service = {
    client_id: 'service',
    client_name: 'Service',
    client_secret: 'a-secret-of-the-service-of-this-test',
    grant_types: ['client_credentials'],
    apis: { 'https://api.latchkey.example/card': ['read'] },
  }
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-reload-'))
    file = join(folder, 'clients.json')
    writeFileSync(file, JSON.stringify(declared))
    latchkey = await startLatchkey({ clients: file })
  })
  after(async () => {
    await latchkey.stop()
    rmSync(folder, { recursive: true })
  })

  const token = () =>
    fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${service.client_id}:${service.client_secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })

  it('is served at once', async () => {
    expect((await token()).status).to.equal(401)
    writeFileSync(file, JSON.stringify({ ...declared, clients: [...declared.clients, service] }))
    await latchkey.reload()
    expect((await token()).status).to.equal(200)
    expect(latchkey.logged()).to.include('clients.reloaded')
  })

  it('changes nothing where it is at fault, and is logged with every fault', async () => {
    for (const [content, ...told] of [
      ['{', 'is not JSON'],
      [
        JSON.stringify({ ...declared, clients: [{ ...service, client_secret: 'short', colour: 'red' }] }),
        'clients[0] (service) client_secret must have 32 to 256 characters',
        'clients[0] (service) colour is not known',
      ],
    ] as const) {
      writeFileSync(file, content)
      await latchkey.reload()
      expect((await token()).status).to.equal(200)
      for (const each of told) expect(latchkey.logged()).to.include(JSON.stringify(each).slice(1, -1))
    }
    rmSync(file)
    await latchkey.reload()
    expect(latchkey.logged()).to.include('cannot be read (ENOENT)')
    expect((await token()).status).to.equal(200)
  })
})
