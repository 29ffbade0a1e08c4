import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { knownZone } from '../accounts/time-zone.ts'
import type { Counts, LineFault, Source } from '../admin/people-batches.ts'
import { type FormatName, formats, layoutOf, type Told } from '../admin/people-formats.ts'
import { peopleImport } from '../admin/people-import.ts'
import { attributeValue } from '../clients/attributes.ts'
import type { Declared } from '../clients/declared.ts'
import { runningDigest, sha256 } from '../crypto/digest.ts'
import { sealer as sealerOf } from '../crypto/seal.ts'
import { lookup } from '../languages.ts'
import { declaredBy } from './apps-command.ts'
import { answer, type Command, type Given, json, Refusal, recording } from './command.ts'
import { type Room, readable, refusal, withPeople } from './people-list-command.ts'

const names = Object.keys(formats).join(', ')
/** Faults that a JSON summary lists; all of them are printed beside it. */
const listed = 1_000

/** `people import`: from another product, or another Latchkey. */
export const peopleImportCommand: Command = {
  does: 'Imports people from another product, with their password hashes and second factors',
  takes: 'FILE [--format FORMAT] [--dry-run] [--skip-faulty] [--ids sub|legacy_sub] [--ignore FIELDS] [--json]',
  options: {
    ...json,
    ...{ format: { type: 'string' }, ids: { type: 'string' }, ignore: { type: 'string' } },
    ...{ firebase: { type: 'string' }, 'rp-id': { type: 'string' } },
    ...{ 'dry-run': { type: 'boolean' }, 'skip-faulty': { type: 'boolean' }, 'emails-verified': { type: 'boolean' } },
  },
  words: true,
  help: [
    `--format FORMAT     ${names}; latchkey unless given. docs/migrating.md has a page for each.`,
    '--dry-run           Names every fault by line and field, and changes nothing.',
    '--skip-faulty       Imports everybody else. Without it, one fault is enough to import nobody.',
    '--ids WHAT          Former ids become the `sub` that apps know people by (sub, the default), or stay beside it (legacy_sub).',
    '--ignore FIELDS     Leaves these fields out, with commas between them: attributes,phone',
    '--emails-verified   Every address was proved at the source, whatever the file says of it.',
    '--rp-id DOMAIN      The domain of the passkeys, for a source that does not name it.',
    '--firebase FILE     The password hash parameters of the Firebase project, as JSON.',
    'People who are there already are left as they are. A run that was interrupted goes on where it was when it is run again.',
  ].join('\n'),
  examples: ['people import people.jsonl --dry-run', 'people import realm.json --format keycloak --ignore attributes'],
  run: given => withPeople(given, importing),
}

async function importing({ given, store, keys, rpId }: Room): Promise<number> {
  const { option, flag, beside } = given
  const source = sourceOf(given)
  const ids = option('ids') ?? 'sub'
  if (ids !== 'sub' && ids !== 'legacy_sub') throw new Refusal('--ids is sub or legacy_sub.')
  const keyring = keys()
  const started = Date.now()
  const reading = {
    ...{ rpId, keepIds: ids === 'sub', emailsProved: flag('emails-verified'), now: started },
    pepper: (id: string) => keyring.find('pepper', id) !== undefined,
    language: (tag: string) => lookup([tag]) ?? 'en',
    zone: (name: string) => knownZone(name) !== undefined,
    ...declaring(given),
  }
  const emit = recording(store, given)
  const people = peopleImport({ store, sealer: sealerOf(keyring), reading, emit, now: Date.now })
  const faults: LineFault[] = []
  const named = new Set<number>()
  const fault = (each: LineFault): void => {
    named.add(each.line)
    if (faults.length < listed) faults.push(each)
    beside.write(`line ${each.line}: ${each.field} ${each.what}\n`)
  }
  const checked = await readable(people.check(source, { fault, ...progressing(beside, 'Checked') }))
  const refused = checked.faulty > 0 && !flag('skip-faulty')
  if (flag('dry-run') || refused) {
    const verdict =
      refused && !flag('dry-run') ? 'Nobody was imported, because of these faults.' : 'Nothing was changed.'
    answer(given, { ...checked, imported: 0, faults }, [...summary(checked, 'could be imported'), verdict])
    return checked.faulty > 0 ? 1 : 0
  }
  const digest = runningDigest()
  for await (const chunk of createReadStream(source.path)) digest.add(chunk)
  const run = sha256(JSON.stringify([digest.hex(), source.format, ids]))
  // What the check named is not named again.
  const again = (each: LineFault): void => void (named.has(each.line) || fault(each))
  const counts = await people.write(source, run, { fault: again, ...progressing(beside, 'Imported') })
  answer(given, { ...counts, imported: counts.people, faults }, summary(counts, 'imported'))
  return counts.faulty > 0 ? 1 : 0
}

/** Reads attributes and roles by what clients.json declares, which is read where a file has any. */
function declaring({ config }: Given) {
  let declared: Declared | undefined
  const file = () => {
    declared ??= declaredBy(config())
    return declared
  }
  return {
    attribute: (name: string, value: unknown) => {
      const found = file().attributes.get(name)
      return found && attributeValue(found, value)
    },
    role: (app: string, role: string) => file().app(app)?.roles?.includes(role) === true,
  }
}

function sourceOf({ words: [path, ...more], option }: Given): Source {
  if (path === undefined || more.length > 0) throw new Refusal('Give one file.')
  const format = (option('format') ?? 'latchkey') as FormatName
  if (!Object.hasOwn(formats, format)) throw new Refusal(`--format is one of ${names}.`)
  const told: Told = { rpId: option('rp-id'), firebase: firebaseOf(option('firebase')) }
  const ignore = new Set((option('ignore') ?? '').split(',').filter(each => each !== ''))
  try {
    return { path, layout: layoutOf(format, path, beginningOf(path)), format, told, ignore }
  } catch (fault) {
    throw refusal(fault)
  }
}

function beginningOf(path: string): string {
  const [file, bytes] = [openSync(path, 'r'), Buffer.alloc(64 * 1024)]
  try {
    return bytes.subarray(0, readSync(file, bytes)).toString()
  } finally {
    closeSync(file)
  }
}

function firebaseOf(path: string | undefined): Told['firebase'] {
  if (path === undefined) return undefined
  try {
    const { base64_signer_key, base64_salt_separator, rounds, mem_cost } = JSON.parse(readFileSync(path, 'utf8'))
    const bytes = (text: unknown): Buffer => Buffer.from(String(text ?? ''), 'base64')
    const project = { signerKey: bytes(base64_signer_key), saltSeparator: bytes(base64_salt_separator) }
    if (project.signerKey.length < 16) throw new SyntaxError('no key')
    return { ...project, rounds: Number(rounds), memCost: Number(mem_cost) }
  } catch {
    throw new Refusal(`${path} is no JSON with base64_signer_key, base64_salt_separator, rounds and mem_cost.`)
  }
}

/** Shows people at a terminal how far it is; scripts are told nothing. */
function progressing(beside: Writable, did: string) {
  if (!(beside as { isTTY?: boolean }).isTTY) return {}
  return { progress: (count: number) => void beside.write(`\r${did} ${count.toLocaleString('en')} records`) }
}

function summary(counts: Counts, did: string): string[] {
  const { records, people, present, faulty, others, unguarded, passwordless, numbers } = counts
  const line = (count: number, what: string): string[] => (count > 0 ? [`${count} ${what}`] : [])
  return [
    `${records} records read, ${people} people ${did}`,
    ...line(present, 'there already, and left as they are'),
    ...line(faulty, 'with faults, and left out'),
    ...line(others, 'no people, and left out'),
    ...line(unguarded, 'without a second factor: they set one up at their next sign-in'),
    ...line(passwordless, 'without a password or passkey: they choose a password by “Forgot password?”'),
    ...line(numbers, 'with a number that nobody proved, which was left out'),
  ]
}
