import Bowser from 'bowser'
import { z } from 'zod'

/** A browser in words that people know: "Chrome" on "Windows". What could not be told is absent. */
export const agentShape = z.object({ browser: z.string().optional(), system: z.string().optional() })
export type Agent = z.output<typeof agentShape>

/** Reads a User-Agent header. Whoever sends one may write what they like, so only plain short names come through. */
export function agentOf(header: string | undefined): Agent {
  if (!header) return {}
  const { browser, os } = Bowser.parse(header.slice(0, 300))
  return { browser: plain(browser.name), system: plain(os.name) }
}

function plain(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z][\w .-]{0,39}$/.test(name) ? name : undefined
}
