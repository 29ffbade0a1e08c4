import { disagreement } from '../accounts/clock.ts'
import { ClientsError, readClients } from '../clients/declared.ts'
import { type Config, developmentSecrets } from '../config.ts'
import { type Keyring, keyring as keyringOf } from '../crypto/keyring.ts'
import { id } from '../crypto/random.ts'
import { DeliveryFault, type DeliveryReason } from '../delivery/delivery-fault.ts'
import { sms as smsOf } from '../delivery/sms.ts'
import { mail as mailOf } from '../delivery/smtp.ts'
import { openStore } from '../store/open.ts'
import { readiness } from '../store/readiness.ts'
import { type Command, json } from './command.ts'
import { disks, eventLines, keys, memory } from './doctor-machine.ts'
import { dns, itself, tls } from './doctor-network.ts'
import { causeOf, type Finding, report } from './finding.ts'

/** `doctor`: checks everything that Latchkey depends on. */
export const doctor: Command = {
  does: 'Checks the apps, the store, keys, clocks, disks, memory, the file of events, DNS, TLS, the proxy, the mail server and the SMS gateway',
  takes: '[--send-test ADDRESSES] [--json]',
  options: { 'send-test': { type: 'string' }, ...json },
  help: [
    '  --send-test ADDRESSES  sends a test message to each, separated by commas: email addresses, and numbers as +431234567;',
    '                         without it, it only connects to the mail server and signs in, and does not ask the SMS gateway',
    '',
    'Each fault comes with advice. It writes one row to the store, and asks the issuer itself as anybody on the web would. Exits with 1',
    'where something has to be fixed.',
  ].join('\n'),
  examples: ['doctor', 'doctor --send-test ada@example.com,+431234567', 'doctor --json'],
  async run(given) {
    const config = given.config()
    const to = (given.option('send-test') ?? '').split(',').map(each => each.trim())
    const keyring = (): Keyring => keyringOf(config.secrets ?? developmentSecrets(config.store) ?? ['x'.repeat(32)])
    return report(given, [
      apps(config),
      await store(config),
      await keys(config),
      await clock(config),
      ...(await disks(config)),
      memory(config),
      await eventLines(config),
      await dns(config),
      await tls(config, Date.now()),
      ...(await itself(config, keyring, Date.now)),
      await mail(
        config,
        to.find(each => each.includes('@')),
      ),
      await sms(
        config,
        to.find(each => each.startsWith('+')),
      ),
    ])
  },
}

function apps({ clients, issuer, production, local, mtls }: Config): Finding {
  try {
    const { metadata } = readClients(clients, { production, local, mtls, issuer })
    return { what: 'apps', state: 'ok', told: `${clients} declares ${metadata.length}` }
  } catch (fault) {
    if (!(fault instanceof ClientsError)) throw fault
    return { what: 'apps', state: 'fault', told: fault.message, advice: `Mend ${clients}; then send SIGHUP.` }
  }
}

async function store({ store: url }: Config): Promise<Finding> {
  const what = 'store'
  const advice = 'Look at the disk (full, read-only), the file’s owner, or the database and the network to it.'
  let why: unknown
  try {
    const opened = await openStore(url, { now: Date.now, sweep: false })
    const onFault = (fault: unknown) => {
      why = fault
    }
    const ready = await readiness(opened, { now: Date.now, onFault })()
    await opened.close()
    if (ready) return { what, state: 'ok', told: 'it can be written' }
  } catch (fault) {
    why = fault
  }
  return { what, state: 'fault', told: causeOf(why), advice }
}

async function clock({ store: url }: Config): Promise<Finding> {
  const what = 'clock'
  const advice =
    'Set every machine’s clock by the network (NTP): what people proved would count too long, or not at all.'
  const minutes = (milliseconds: number) => `${Math.round(milliseconds / 60_000)} minutes`
  try {
    const opened = await openStore(url, { now: Date.now, sweep: false })
    const { ahead, apart } = await disagreement(opened, Date.now()).finally(opened.close)
    if (ahead !== undefined)
      return { what, state: 'fault', told: `a machine that runs is ${minutes(ahead)} ahead of this machine`, advice }
    if (apart !== undefined)
      return {
        what,
        state: 'fault',
        told: `machines that run are ${minutes(apart)} apart, or one was set back`,
        advice,
      }
    return { what, state: 'ok', told: 'it is that of the machines that run, as far as the store tells' }
  } catch {
    return { what, state: 'untried', told: 'the store says what it is for other machines, and cannot be read' }
  }
}

async function mail({ mail: { url, ...options }, issuer }: Config, to: string | undefined): Promise<Finding> {
  const what = 'mail'
  if (url === undefined) return { what, state: 'unset', told: 'LATCHKEY_MAIL_URL is not set' }
  const server = mailOf({ url, ...options })
  try {
    if (to === undefined) await server.verify()
    else await server.send({ ...test(issuer), channel: 'email', to }, AbortSignal.timeout(30_000))
    return {
      what,
      state: 'ok',
      told: to === undefined ? 'it connects and signs in' : `${new URL(url).host} took the test mail`,
    }
  } catch (fault) {
    return undelivered(what, fault)
  } finally {
    await server.close()
  }
}

async function sms({ sms: { url }, issuer }: Config, to: string | undefined): Promise<Finding> {
  const what = 'SMS'
  if (url === undefined) return { what, state: 'unset', told: 'LATCHKEY_SMS_URL is not set' }
  if (to === undefined) return { what, state: 'untried', told: 'no number was given (--send-test NUMBER)' }
  try {
    await smsOf({ url, now: Date.now })({ ...test(issuer), channel: 'sms', to }, AbortSignal.timeout(30_000))
    return { what, state: 'ok', told: `${new URL(url).host} took the test message` }
  } catch (fault) {
    return undelivered(what, fault)
  }
}

const test = (issuer: string) => ({
  ...{ id: id(), at: Date.now(), purpose: 'test', subject: 'A test of Latchkey' },
  text: `This is a test of the Latchkey at ${issuer}.`,
})

function undelivered(what: string, fault: unknown): Finding {
  if (!(fault instanceof DeliveryFault)) throw fault
  const { reason, host, step, reply } = fault.facts
  const where = [host && `at ${host}`, step && `in ${step}`, reply && `reply ${reply}`].filter(Boolean).join(', ')
  const told = `${fault.message} (${[reason, where].filter(Boolean).join(': ')})`
  return { what, state: 'fault', told, advice: advices[reason] }
}

const advices: Partial<Record<DeliveryReason, string>> = {
  'host-not-found': 'Check the host name in the URL, and the name server of this machine.',
  'connection-refused': 'Check host and port, and whether a firewall is in between.',
  'connection-lost': 'The server may turn this address away: ask its operator.',
  'timed-out': 'A firewall may drop what is sent: many networks block port 25 and 587.',
  'not-smtp': 'Use smtps:// for port 465 and smtp:// for 587 and 25.',
  'no-tls': 'Use a server that offers STARTTLS, or smtps://.',
  'tls-failed': 'Use smtp:// for ports that start in clear text, and a server that speaks TLS 1.2 or newer.',
  'certificate-refused':
    'Use the host name that the certificate is for, and one from a known authority (or NODE_EXTRA_CA_CERTS).',
  'sign-in-refused': 'Check user name and password in the URL; special characters have to be percent-encoded.',
  'sender-refused': 'Set LATCHKEY_MAIL_FROM to an address that this server may send from.',
  'recipient-refused': 'Try another recipient; if all are refused, the server may not relay for this machine.',
  'too-many': 'Wait, and ask the provider for a higher rate.',
  redirected: 'Put the address that it redirects to into the URL.',
}
