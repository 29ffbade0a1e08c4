import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { connect, type PeerCertificate } from 'node:tls'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { type Keyring, ownProof } from '../crypto/keyring.ts'
import { within } from '../network.ts'
import { unbracketed } from '../setting-shapes.ts'
import { causeOf, type Finding } from './finding.ts'

/** Milliseconds to wait for any of them. */
const patience = 5_000
const day = 24 * 3_600_000
/** Certificates are renewed by now where renewal works: most authorities advise a third of 90 days. */
const soon = 14 * day
/** Milliseconds that clocks may be apart. */
const skew = 60_000
/** A sender that nobody has (RFC 5737), which the doctor claims to be. */
const forged = '192.0.2.123'

/** Looks up the host of the issuer. */
export async function dns({ issuer }: Config): Promise<Finding> {
  const [what, host] = ['DNS', unbracketed(new URL(issuer).hostname)]
  try {
    const found = await lookup(host, { all: true })
    return { what, state: 'ok', told: `${host} is ${found.map(each => each.address).join(', ')}` }
  } catch (fault) {
    const advice = 'Add an A or AAAA record, or look at the name server of this machine (/etc/resolv.conf).'
    return { what, state: 'fault', told: `${host} is not found (${(fault as NodeJS.ErrnoException).code})`, advice }
  }
}

/** Looks at the certificate that people's browsers get. */
export async function tls({ issuer, local }: Config, now: number): Promise<Finding> {
  const what = 'TLS'
  const { protocol, hostname, port } = new URL(issuer)
  if (protocol !== 'https:') return { what, state: 'unset', told: 'the issuer is http' }
  const servername = unbracketed(hostname)
  try {
    const { authorized, why, valid } = await new Promise<{ authorized: boolean; why: string; valid: PeerCertificate }>(
      (resolve, reject) => {
        const socket = connect(
          { host: servername, port: Number(port || 443), servername, rejectUnauthorized: false, timeout: patience },
          () => {
            const { authorized, authorizationError } = socket
            resolve({ authorized, why: String(authorizationError ?? ''), valid: socket.getPeerCertificate() })
            socket.destroy()
          },
        )
        socket.once('error', reject)
        socket.once('timeout', () => socket.destroy(new Error('no answer in five seconds')))
      },
    )
    const until = Date.parse(valid.valid_to)
    const left = Math.floor((until - now) / day)
    if (!authorized) {
      const advice =
        why === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
          ? 'Serve the whole chain: the certificate and the intermediate ones (fullchain.pem).'
          : 'Use a certificate of a known authority for this name, or name your authority in NODE_EXTRA_CA_CERTS.'
      return { what, state: 'fault', told: `browsers do not trust the certificate of ${servername}: ${why}`, advice }
    }
    if (until - now < soon)
      return {
        what,
        state: 'fault',
        told: `the certificate expires in ${left} days`,
        advice: 'Look why it was not renewed.',
      }
    return { what, state: 'ok', told: `the chain is trusted, and the certificate is valid for ${left} days` }
  } catch (fault) {
    if (local) return { what, state: 'untried', told: `nothing answers at ${issuer}: ${causeOf(fault)}` }
    const advice = 'Look whether Latchkey or the proxy listens there, and for a firewall in between.'
    return { what, state: 'fault', told: `nothing answers at ${issuer}: ${causeOf(fault)}`, advice }
  }
}

const answered = z.object({ sender: z.string(), peer: z.string(), forwarded: z.string() })

/** Asks the issuer itself, as anybody on the web would: what time it is there, and whom it takes the doctor for. */
export async function itself(
  { issuer, local, listen }: Config,
  keys: () => Keyring,
  now: () => number,
): Promise<Finding[]> {
  const what = 'proxy'
  let response: Response
  const began = now()
  try {
    response = await fetch(`${issuer}/health/live`, {
      headers: {
        Authorization: `Latchkey ${ownProof(keys()).make(began)}`,
        'X-Forwarded-For': forged,
        Forwarded: `for=${forged}`,
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    })
  } catch (fault) {
    const told = `${issuer} does not answer: ${causeOf((fault as Error).cause ?? fault)}`
    const advice = 'Start Latchkey, and look at the proxy in front of it.'
    return [local ? { what, state: 'untried', told } : { what, state: 'fault', told, advice }]
  }
  const apart = Date.parse(response.headers.get('Date') ?? '') - (began + now()) / 2
  const clock: Finding =
    Math.abs(apart) > skew
      ? {
          ...{
            what: 'time',
            state: 'fault',
            told: `the issuer’s clock is ${Math.round(apart / 1_000)} seconds ahead of this one`,
          },
          advice: 'Set every machine’s clock by the network (NTP).',
        }
      : { what: 'time', state: 'ok', told: 'the issuer’s clock is that of this machine' }
  const seen = answered.safeParse(await response.json().catch(() => undefined))
  if (!seen.success) {
    const told = `${issuer} answers ${response.status}, and not as a Latchkey with these secrets`
    const advice = 'Give this command the environment of the server, and look where the proxy sends requests.'
    return [clock, { what, state: 'fault', told, advice }]
  }
  return [clock, judged(seen.data, listen.trustProxy)]
}

/** Says what follows from how a request arrived. */
export function judged({ sender, peer, forwarded }: z.output<typeof answered>, trusted: readonly string[]): Finding {
  const what = 'proxy'
  const own = Object.values(networkInterfaces()).flatMap(each => (each ?? []).map(({ address }) => address))
  const isProxy = within(trusted)
  if (sender === forged) {
    if (own.some(isProxy))
      return {
        what,
        state: 'untried',
        told: 'this machine counts as a proxy itself (LATCHKEY_TRUST_PROXY): run this on another one',
      }
    const advice =
      'The proxy must replace X-Forwarded-For, or add to it; and only proxies may be in LATCHKEY_TRUST_PROXY.'
    return { what, state: 'fault', told: 'anybody can claim to come from any address', advice }
  }
  if (sender === '')
    return {
      ...{ what, state: 'fault', told: 'the proxy does not name the sender' },
      advice: 'Have it write X-Forwarded-For or Forwarded, and say which in LATCHKEY_PROXY_HEADER.',
    }
  if (sender === peer && forwarded !== forged)
    return {
      ...{ what, state: 'fault', told: `everybody seems to come from ${peer}, which is a proxy` },
      advice: `Add ${peer} to LATCHKEY_TRUST_PROXY: limits by address count everybody as one.`,
    }
  const way = sender === peer ? 'without a proxy' : `by the proxy ${peer}`
  return { what, state: 'ok', told: `requests come ${way}, and this one came from ${sender}` }
}
