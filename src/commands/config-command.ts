import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { BrandError, readBrand } from '../brand/brand.ts'
import { ClientsError, readClients } from '../clients/declared.ts'
import { type Config, ConfigError, developmentSecrets } from '../config.ts'
import { certificatesOf } from '../crypto/certificate.ts'
import { keyring } from '../crypto/keyring.ts'
import { sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { keyContext, keysDeclaration } from '../keys/signing-keys.ts'
import { places } from '../risk/places.ts'
import { tlsContext } from '../serving.ts'
import { migrations, StoreTooNew } from '../store/migrations.ts'
import { openSnapshot, type Snapshot, schemaOf } from '../store/snapshot.ts'
import { logLevel } from '../wiring/configured.ts'
import { type Command, json } from './command.ts'
import { causeOf, type Finding, report } from './finding.ts'

/** `config check`: all that would keep a server from starting. */
export const configCheck: Command = {
  does: 'Checks settings, clients.json, files, store and keys, and changes nothing',
  takes: '[--json]',
  options: json,
  help: [
    'It names every fault at once: settings by the name that was typed, entries of clients.json by their place. Nothing is created,',
    'migrated or sent, so it may run beside a server, or before the first start. Exits with 1 where a server would not start.',
  ].join('\n'),
  examples: ['config check', 'config check --json'],
  async run(given) {
    const findings: Finding[] = []
    const told = (what: string, faults: readonly string[], fine: string) =>
      findings.push(
        ...(faults.length === 0
          ? [{ what, state: 'ok', told: fine } as const]
          : faults.map(each => ({ what, state: 'fault', told: each }) as const)),
      )
    let config: Readable
    try {
      const whole = given.config()
      config = whole
      told('settings', [], `${whole.issuer}, ${whole.production ? 'production' : 'development'}`)
      for (const warning of whole.warnings) findings.push({ what: 'settings', state: 'ok', told: `note: ${warning}` })
    } catch (fault) {
      if (!(fault instanceof ConfigError)) throw fault
      told('settings', fault.faults, '')
      config = fault.rest
    }
    const { clients: file } = config
    if (file !== undefined) told('apps', appFaults(config, file), `${file} can be used`)
    const { brand } = config
    if (brand !== undefined) told('brand', brandFaults(brand), `${brand} can be used`)
    told('files', await fileFaults(config), 'certificates and places can be read, where they are set')
    findings.push(...(await storeFindings(config)))
    return report(given, findings)
  },
}

/** A configuration in which some settings may be faulty. */
type Readable = ConfigError['rest'] | Config

function appFaults({ production, local, mtls, issuer }: Readable, file: string): readonly string[] {
  try {
    readClients(file, { production, local, mtls, issuer })
    return []
  } catch (fault) {
    if (fault instanceof ClientsError) return fault.faults.map(each => `${file}: ${each}`)
    throw fault
  }
}

function brandFaults(folder: string): readonly string[] {
  try {
    readBrand(folder)
    return []
  } catch (fault) {
    if (fault instanceof BrandError) return fault.faults.map(each => `LATCHKEY_BRAND ${each}`)
    throw fault
  }
}

/** Reads every file that a start reads. */
async function fileFaults({ listen, mtls, geoip, log }: Readable): Promise<string[]> {
  const faults: string[] = []
  const attempt = async (name: string, act: () => unknown): Promise<void> => {
    try {
      await act()
    } catch (fault) {
      if (fault instanceof ConfigError) faults.push(...fault.faults)
      else if (fault instanceof Error && fault.name === 'DatabaseError') faults.push(fault.message)
      else faults.push(`${name} cannot be used: ${(fault as Error).message}`)
    }
  }
  const tls = listen?.tls
  if (tls?.cert && tls.key) {
    const pair = { cert: tls.cert, key: tls.key }
    await attempt('LATCHKEY_TLS_CERT', () => tlsContext(pair))
  }
  const ca = mtls?.ca
  if (ca) await attempt('LATCHKEY_MTLS_CA', () => certificatesOf(readFileSync(ca, 'utf8')))
  if (log?.level) await attempt('LATCHKEY_LOG', () => logLevel({ log }))
  const finer = geoip?.file
  if (finer) await attempt('LATCHKEY_GEOIP', () => places({ finer, onFault: () => undefined }))
  return faults
}

async function storeFindings(config: Readable): Promise<Finding[]> {
  const { store: url } = config
  const what = 'store'
  if (url === undefined) return [{ what, state: 'untried', told: 'LATCHKEY_STORE cannot be read' }]
  if (url === 'sqlite::memory:') return [{ what, state: 'ok', told: 'in memory, gone when the server stops' }]
  let snapshot: Snapshot | undefined
  try {
    snapshot = await openSnapshot(url, Date.now())
    if (!snapshot) return [unmade(url.slice('sqlite:'.length))]
    const known = migrations.length
    const version = await schemaOf(snapshot)
    if (version !== undefined && version > known) throw new StoreTooNew(version, known)
    const later = version !== undefined && version < known ? `; the next start migrates it to ${known}` : ''
    const told = version === undefined ? 'it can be reached and is empty' : `it has schema version ${version}${later}`
    return [{ what, state: 'ok', told }, await keysFinding(config, snapshot)]
  } catch (fault) {
    if (fault instanceof StoreTooNew) return [{ what, state: 'fault', told: `LATCHKEY_STORE: ${fault.message}` }]
    if (!(fault instanceof Problem)) throw fault
    const advice = 'Check the path or URL, the user’s rights, and the network to the database.'
    return [{ what, state: 'fault', told: `LATCHKEY_STORE cannot be opened: ${causeOf(fault)}`, advice }]
  } finally {
    await snapshot?.close().catch(() => undefined)
  }
}

/** A file that the first start creates: can it be? */
function unmade(path: string): Finding {
  const what = 'store'
  let folder = dirname(path)
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  try {
    if (!statSync(folder).isDirectory()) throw new TypeError('not a folder')
    accessSync(folder, constants.W_OK | constants.X_OK)
    return { what, state: 'ok', told: `${path} is created at the first start` }
  } catch {
    return { what, state: 'fault', told: `LATCHKEY_STORE: ${path} cannot be created, ${folder} is not writable` }
  }
}

/** Looks whether the configured secrets open the signing keys of a store. */
export async function keysFinding(config: Readable, snapshot: Snapshot): Promise<Finding> {
  const what = 'keys'
  const secrets = config.secrets ?? (config.store && developmentSecrets(config.store))
  if (!secrets) return { what, state: 'untried', told: 'there are no secrets yet' }
  const { open } = sealer(keyring(secrets))
  let [opened, shut] = [0, 0]
  if ((await snapshot.names()).includes(keysDeclaration.name))
    for await (const { id, jwk } of snapshot.documents(keysDeclaration.name) as AsyncIterable<{
      id: string
      jwk: string
    }>)
      try {
        open(jwk, keyContext({ id }))
        opened += 1
      } catch {
        shut += 1
      }
  if (shut === 0) return { what, state: 'ok', told: `the secrets open all ${opened} signing keys` }
  const told = `LATCHKEY_SECRETS opens ${opened} of ${opened + shut} signing keys: the others were sealed under another secret`
  return { what, state: 'fault', told, advice: 'Add the older secrets again, behind the newest.' }
}
