import { setTimeout as wait } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { keyring } from '../src/crypto/keyring.ts'
import { sealer } from '../src/crypto/seal.ts'
import { keys } from '../src/keys/signing-keys.ts'
import { openStore } from '../src/store/open.ts'
import { dpop, type Pair, pair } from '../test/conformance/proving.ts'
import { losing } from '../test/support/losing.ts'
import { freePort } from './child.ts'
import { api, app } from './clients.ts'
import { latchkey, type Measured } from './latchkey.ts'
import { measuredSecrets, type Signing } from './people.ts'

/** One refresh in so many is given up by its client and repeated, after so many milliseconds at most. */
const givesUp = 100
const patience = 30
/** Sessions of each app that refresh side by side. */
const lines = 4
/** Milliseconds between two rotations, and how long a key is published before it signs. */
const rotates = 1_000
const published = 500

/** The apps: one that authenticates, one whose tokens are bound to a key, and one that can prove nothing of itself. */
const open = { ...app, token_endpoint_auth_method: 'none', client_secret: undefined }
const phone = { ...open, client_id: 'phone', client_name: 'Phone', dpop_bound_access_tokens: true }
const spa = { ...open, client_id: 'spa', client_name: 'Page' }

interface Wanted {
  seconds: number
  /** The share of all answers that is lost. */
  share: number
  /** The URL of a fresh database; the embedded store unless told. */
  database?: string | undefined
}

/**
 * Loses answers of a Latchkey under load, of every page and endpoint, while its signing keys are rotated: each app repeats what it got no answer to, as
 * it should, and verifies what it gets. A token that is refused, and a signature that no published key made, are faults.
 */
export async function losses({ seconds, share, database }: Wanted) {
  const [front, behind] = [await freePort(), await freePort()]
  const more = { first_party: true, scope: 'openid offline_access', apis: { [api.resource]: api.scopes } }
  const measured = await latchkey({
    // A sign-in that loses an answer is begun anew by somebody else.
    people: lines * 12,
    database,
    ...{ port: front, behind, command: 'exec node bench/quick-keys.ts' },
    apps: [
      { ...phone, ...more },
      { ...spa, ...more },
    ],
  })
  // Nothing is lost while people sign in: that is not what is counted.
  let losesNow = false
  const proxy = await losing({
    to: `http://localhost:${behind}`,
    port: front,
    loses: () => losesNow && Math.random() < share,
  })
  const counted = { signIns: 0, refreshes: 0, givenUp: 0, verified: 0, rotations: 0 }
  const again: Record<number, number> = {}
  const faults: string[] = []
  const rotation = await rotating(measured, () => counted.rotations++)
  const key = await pair()
  const calls = calling(measured.url, key)
  const lived = async (as: Signing): Promise<void> => {
    let token = await measured.refreshToken(as)
    counted.signIns++
    await started
    while (performance.now() < end) {
      let lost = 0
      for (;;) {
        const leaves = Math.random() < 1 / givesUp
        const answer = await calls.refresh(as, token, leaves ? Math.ceil(Math.random() * patience) : undefined)
        if (answer === 'lost') {
          lost++
          continue
        }
        if (answer === 'given up') {
          counted.givenUp++
          continue
        }
        if (typeof answer === 'string') throw new Error(`${as.client_id} was signed out: ${answer}`)
        token = answer.refresh_token
        counted.refreshes++
        if (lost > 0) again[lost] = (again[lost] ?? 0) + 1
        for (const signed of [answer.access_token, answer.id_token]) await calls.verify(signed)
        counted.verified += 2
        break
      }
    }
  }
  let start = () => {}
  let end = Number.POSITIVE_INFINITY
  const started = new Promise<void>(resolve => {
    start = resolve
  })
  try {
    const apps: Signing[] = [app, { client_id: phone.client_id, key }, { client_id: spa.client_id }]
    const running = Array.from({ length: lines }, () => apps)
      .flat()
      .map(as => lived(as).catch(fault => void faults.push(String(fault))))
    while (counted.signIns + faults.length < running.length) await wait(20)
    losesNow = true
    end = performance.now() + seconds * 1_000
    start()
    await Promise.all(running)
  } finally {
    await rotation.stop()
    await proxy.close()
    await measured.stop()
  }
  return { ...counted, again, lost: proxy.lost(), faults }
}

/** Rotates the keys that tokens and ID tokens are signed with, in the store, as `latchkey keys rotate` does. */
async function rotating({ store: url }: Measured, rotated: () => void) {
  const store = await openStore(url, { now: Date.now })
  const emit = async (name: string) => {
    if (name === 'keys.rotated') rotated()
  }
  const ring = keys({
    ...{ store, sealer: sealer(keyring([measuredSecrets])), emit, now: Date.now, early: published },
  })
  let stopped = false
  const working = (async () => {
    while (!stopped) {
      await Promise.all([ring.rotate('ES256'), ring.rotate('EdDSA'), wait(rotates)])
    }
  })()
  return {
    stop: async () => {
      stopped = true
      await working
      await store.close()
    },
  }
}

interface Tokens {
  refresh_token: string
  access_token: string
  id_token: string
}

/** What apps send: each gets an answer, 'lost' where its connection ended, or 'given up' where it hung up itself. */
function calling(url: string, key: Pair) {
  const published = createRemoteJWKSet(new URL(`${url}/jwks.json`), { cooldownDuration: 0 })
  return {
    refresh: async ({ client_id, client_secret, key: bound }: Signing, token: string, patience?: number) => {
      const body = new URLSearchParams({
        ...{ grant_type: 'refresh_token', refresh_token: token, client_id },
        ...(client_secret && { client_secret }),
      })
      const headers: Record<string, string> = bound ? { DPoP: await dpop(key, { htu: `${url}/token` }) } : {}
      const signal = patience === undefined ? null : AbortSignal.timeout(patience)
      try {
        const answer = await fetch(`${url}/token`, { method: 'POST', body, headers, signal })
        const text = await answer.text()
        return answer.ok ? (JSON.parse(text) as Tokens) : `${answer.status} ${text.slice(0, 200)}`
      } catch {
        return signal?.aborted ? 'given up' : 'lost'
      }
    },
    /**
     * Verifies a signature with the published keys, which are fetched where the one that it names is not known yet, and again where that answer is
     * lost. A fetch that was under way may have come too early for it: only the second after it counts.
     */
    verify: async (token: string): Promise<void> => {
      for (let unknown = 0; ; ) {
        try {
          await jwtVerify(token, published, { issuer: url })
          return
        } catch (fault) {
          const { code } = fault as { code?: string }
          if (code === 'ERR_JWKS_NO_MATCHING_KEY' && unknown++ < 2) continue
          if (!(fault instanceof TypeError) && code !== 'ERR_JWKS_TIMEOUT') throw fault
        }
      }
    },
  }
}
