import { createReadStream, existsSync, readFileSync } from 'node:fs'
import type { JSONWebKeySet } from 'jose'
import { accountsDeclaration } from '../accounts/account.ts'
import type { Config } from '../config.ts'
import { auditHead, entryOf, type Head, headOf, headSigner } from '../observers/audit.ts'
import { type Fault, type Walked, walk } from '../observers/chain.ts'
import { ledger, strays } from '../observers/ledger.ts'
import type { Store } from '../store/collection.ts'
import { answer, type Command, type Given, json, Refusal, withStore } from './command.ts'

/** `audit verify`: the log of the configured store, or an export of it. */
export const auditVerify: Command = {
  does: 'Walks the audit log and names the first entry that was changed, removed or moved',
  takes: '[--head FILE [--jwks FILE]] | --export FILE --jwks FILE [--json]',
  options: { head: { type: 'string' }, export: { type: 'string' }, jwks: { type: 'string' }, ...json },
  help: [
    '  --head FILE    an earlier export, its last line, or a log with signed heads: the log of the store must still lead to the',
    '                 last one; default: the file of LATCHKEY_AUDIT_HEADS',
    '  --export FILE  an export, instead of the store; needs no configuration',
    '  --jwks FILE    the public keys that the head must be signed by; default: those of the configured secrets',
    '',
    'Exits with 1 where something is wrong with the log.',
  ].join('\n'),
  examples: ['audit verify', 'audit verify --export audit.jsonl --jwks audit-keys.json'],
  async run(given) {
    const { fault, text } = await verify(given)
    answer(given, { sound: !fault, told: text.split('\n') }, [text])
    return fault ? 1 : 0
  },
}

interface Verdict {
  fault: boolean
  text: string
}

async function verify({ option, config }: Given): Promise<Verdict> {
  const [head, file, jwks] = ['head', 'export', 'jwks'].map(option)
  if (file !== undefined) {
    if (head !== undefined || jwks === undefined) throw new Refusal('--export goes with --jwks, and without --head.')
    const vouched = await headOf(await lastLine(file), keysIn(jwks))
    return vouched ? verdict(await walk(entriesIn(file), vouched, true), vouched) : unsigned(file)
  }
  if (jwks !== undefined && head === undefined) throw new Refusal('--jwks goes with --head or --export.')
  const configured = config()
  const heads = head ?? keptHeads(configured)
  return withStore(configured, async (store, keys) => {
    if (heads === undefined) return referred(store, await walk(ledger({ store }).entries()))
    const trusted = jwks === undefined ? (await headSigner(keys().all(auditHead))).jwks : keysIn(jwks)
    const vouched = await headOf(await lastHead(heads), trusted)
    return vouched ? referred(store, await walk(ledger({ store }).entries(), vouched), vouched) : unsigned(heads)
  })
}

/** The file that heads are written to by themselves, if there is one yet. */
function keptHeads({ audit: { heads } }: Config): string | undefined {
  return typeof heads === 'object' && existsSync(heads.file) ? heads.file : undefined
}

/** Adds to a sound chain what other rows say of entries that it does not hold. */
async function referred(store: Store, walked: Walked, vouched?: Head): Promise<Verdict> {
  const { fault, text } = verdict(walked, vouched)
  if (fault) return { fault, text }
  const missing = await strays(store, Date.now())
  if (missing) {
    const first = new Date(missing.first).toISOString()
    const entries = missing.count === 1 ? 'An entry is' : `${missing.count} entries are`
    const told = `${entries} missing that the index of accounts refers to, the first from ${first}: the log was cut off there.`
    return { fault: true, text: `${told}\n${text}` }
  }
  const [somebody] =
    walked.head.sequence === 0 ? await store.collection(accountsDeclaration).find({}, { limit: 1 }) : []
  if (somebody) return { fault: true, text: 'The log is empty though there are accounts: it was emptied.' }
  return { fault, text }
}

function unsigned(file: string): Verdict {
  return { fault: true, text: `${file} ends in no head that one of these keys signed.` }
}

function verdict({ head, fault }: Walked, vouched?: Head): Verdict {
  const sound = head.sequence === 0 ? 'No entry' : `Entries 1 to ${head.sequence}`
  if (fault) return { fault: true, text: `${inWords(fault)}\n${sound} before it: sound.` }
  const whole = `${sound}: one unbroken chain${head.sequence === 0 ? '' : `, ending in ${head.hash}`}.`
  const shown = vouched
    ? `It leads to entry ${vouched.sequence} as ${vouched.issuer} signed it at ${new Date(vouched.at).toISOString()}.`
    : 'Whether its end was cut off, or all of it written anew, tells only a signed head that was kept (--head FILE).'
  return { fault: false, text: `${whole}\n${shown}` }
}

function inWords({ what, sequence, through = sequence }: Fault): string {
  const missing = through > sequence ? `Entries ${sequence} to ${through} are missing` : `Entry ${sequence} is missing`
  return {
    changed: `Entry ${sequence} was changed: it is not what its hash was made of.`,
    missing: `${missing}.`,
    moved: `Entry ${sequence} was moved: it stands in the wrong place.`,
    rewritten: `Entry ${sequence} was rewritten: it is not the one that the next entry, or the signed head, follows.`,
    cut: `${missing}: the end was cut off.`,
    beyond: `Entry ${sequence} was added: it comes after the signed head.`,
  }[what]
}

function keysIn(file: string): JSONWebKeySet {
  try {
    const { keys } = JSON.parse(readFileSync(file, 'utf8'))
    if (Array.isArray(keys)) return { keys }
  } catch (fault) {
    throw unreadable(file, fault)
  }
  throw new Refusal(`${file} is no JSON Web Key Set.`)
}

async function* entriesIn(file: string): AsyncGenerator<unknown> {
  let line: string | undefined
  for await (const next of linesIn(file)) {
    if (line !== undefined) yield entryOf(line)
    line = next
  }
}

async function lastLine(file: string): Promise<string> {
  let last = ''
  for await (const line of linesIn(file)) last = line
  return last
}

/** The last line with a head: an export ends with it, a log goes on. */
async function lastHead(file: string): Promise<string> {
  let last = ''
  for await (const line of linesIn(file)) if (line.includes('"head":"')) last = line
  return last
}

// Not node:readline, which also ends a line where JSON may go on (U+2028).
async function* linesIn(file: string): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (fault) {
    throw unreadable(file, fault)
  }
  if (rest !== '') yield rest
}

const unreadable = (file: string, fault: unknown): Refusal =>
  new Refusal(`${file} cannot be read: ${fault instanceof Error ? fault.message : fault}`)
