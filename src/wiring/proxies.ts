import type { Config } from '../config.ts'
import type { Proxies } from '../web/http-security.ts'

const minute = 60_000

/** Whom to believe about senders and their certificates. Says at most once a minute that a sender was not named. */
export function proxies(
  { listen, mtls }: Config,
  { say, now }: { say: (text: string) => void; now: () => number },
): Proxies {
  let saidAt = Number.NEGATIVE_INFINITY
  return {
    trusted: listen.trustProxy,
    forwarded: listen.forwarded,
    certificates: mtls && { header: mtls.header, host: new URL(mtls.url).host },
    unknown: hop => {
      if (now() - saidAt < minute) return
      saidAt = now()
      // It may be anything, and long: what it takes to find the proxy that wrote it.
      say(`a proxy names no address of the sender, which is unknown from here on: ${JSON.stringify(hop.slice(0, 60))}`)
    },
  }
}
