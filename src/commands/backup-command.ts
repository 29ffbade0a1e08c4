import packageJson from '../../package.json' with { type: 'json' }
import { BackupError, type Manifest, readBackup, writeBackup } from '../backup/archive.ts'
import { backupName } from '../backup/backup-schedule.ts'
import { restoreBackup } from '../backup/restoring.ts'
import { answer, type Command, type Given, json, Refusal, recording, textOf, withStore } from './command.ts'

const sealingHelp =
  '  --passphrase-file FILE  seals or opens it; the file holds a passphrase or a random key, of 16 characters or more'

/** `backup`: the whole store in one file, while servers run. */
export const backup: Command = {
  does: 'Writes everything in the store to one file, while servers run',
  takes: '[FILE] [--passphrase-file FILE] [--json]',
  options: { 'passphrase-file': { type: 'string' }, ...json },
  words: true,
  help: [
    '  FILE                    default: latchkey-TIME.backup in this folder; it must not exist yet',
    sealingHelp,
    '',
    'Only the user who runs this can read the file, from its first byte. It restores into any engine. SQLite and PostgreSQL are backed',
    'up as of one moment; on MongoDB changes during the backup may be in it in part. Keep LATCHKEY_SECRETS apart: the backup does not',
    'contain them, and is of no use without them.',
  ].join('\n'),
  examples: ['backup', 'backup /var/backups/latchkey.backup --passphrase-file /etc/latchkey/backup.key'],
  async run(given) {
    const now = Date.now()
    const [file = backupName(now), ...more] = given.words
    if (more.length > 0) throw new Refusal('Give one file.')
    const { store, issuer, backup: configured } = given.config()
    if (store === 'sqlite::memory:')
      throw new Refusal('Only the process that serves from a store in memory can read it.')
    const made = await writeBackup(
      { store, issuer, file, version: packageJson.version, passphrase: passphraseOf(given) ?? configured.passphrase },
      now,
    )
    const { documents, bytes } = made
    answer(given, { file, ...made }, [`${file}: ${documents} documents, ${bytes} bytes`])
    return 0
  },
}

/** `restore`: puts a backup into the configured store. */
export const restore: Command = {
  does: 'Verifies a backup and restores it into the configured store',
  takes: 'FILE [--verify] [--replace] [--passphrase-file FILE] [--json]',
  options: {
    ...{ verify: { type: 'boolean' }, replace: { type: 'boolean' } },
    ...{ 'passphrase-file': { type: 'string' }, ...json },
  },
  words: true,
  help: [
    '  --verify                only verifies the file: checksum, counts, version; needs no store',
    '  --replace               removes what the store holds; without it, only an empty store is restored to',
    sealingHelp,
    '',
    'Stop Latchkey first. The backup may come from another engine and from an older version. LATCHKEY_SECRETS must contain the secrets',
    'of its day. Sessions, tokens and codes that were used or ended since the backup are valid again until they expire: see',
    'docs/operating/back-up.md. Exits with 1 where the backup is damaged (--verify).',
  ].join('\n'),
  examples: ['restore latchkey-20260101T020000Z.backup --verify', 'restore latchkey-20260101T020000Z.backup --replace'],
  async run(given) {
    const [file, ...more] = given.words
    if (file === undefined || more.length > 0) throw new Refusal('Give one file.')
    const passphrase = passphraseOf(given) ?? configuredPassphrase(given)
    if (given.flag('verify')) {
      try {
        const manifest = await readBackup(file, passphrase)
        answer(given, { sound: true, ...manifest }, [`Sound: ${inWords(manifest)}.`])
        return 0
      } catch (fault) {
        if (!(fault instanceof BackupError)) throw fault
        answer(given, { sound: false, told: fault.message }, [fault.message])
        return 1
      }
    }
    const config = given.config()
    const manifest = await restoreBackup(
      { file, passphrase, store: config.store, replace: given.flag('replace') },
      Date.now,
    )
    const { at: from, version, documents } = manifest
    await withStore(config, store => recording(store, given)('store.restored', { from, version, documents }))
    answer(given, manifest, [`Restored: ${inWords(manifest)}.`])
    return 0
  },
}

function inWords({ documents, at, version, engine }: Manifest): string {
  return `${documents} documents of ${new Date(at).toISOString()}, by Latchkey ${version} from ${engine}`
}

/** A file can be verified without a configuration, too. */
function configuredPassphrase({ config }: Given): string | undefined {
  try {
    return config().backup.passphrase
  } catch {
    return undefined
  }
}

function passphraseOf({ option }: Given): string | undefined {
  const file = option('passphrase-file')
  if (file === undefined) return undefined
  const text = textOf(file).replace(/\r?\n$/, '')
  if (text.length >= 16) return text
  throw new Refusal(`${file} must hold 16 characters or more.`)
}
