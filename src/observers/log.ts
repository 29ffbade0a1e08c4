import { type DestinationStream, type LevelWithSilent, pino } from 'pino'
import type { Refusal } from '../errors.ts'
import type { Level } from '../event.ts'
import type { Observer } from '../events.ts'
import { type Answered, type Refused, routeOf } from './answered.ts'

const levels = { routine: 'debug', info: 'info', notice: 'info', warning: 'warn' } as const satisfies Record<
  Level,
  string
>
const causes = 5
/** Refusals that apps reckon with: who polls, asks without a nonce, or looks whether somebody is signed in. */
const usual = new Set([
  ...['authorization_pending', 'slow_down', 'use_dpop_nonce'],
  ...['login_required', 'interaction_required', 'consent_required'],
])

/** Writes the log: one JSON object a line, on standard output unless told. Events write what they declare, and nothing else gets in unmasked. */
export function logger({ level }: { level: LevelWithSilent }, destination?: DestinationStream) {
  const options = {
    level,
    base: { pid: process.pid },
    messageKey: 'text',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const lines = destination ? pino(options, destination) : pino(options)
  return {
    /** Writes every event as one line. */
    observer: {
      observe: ({ name, level: weight, data, origin }) => {
        if (!lines.isLevelEnabled(levels[weight])) return
        const { address, agent, device, request } = origin
        lines[levels[weight]]({ event: name, data, origin: { address, agent, device, request } })
      },
    } satisfies Observer,
    /** Writes a request as one line: at `debug`, or at `warn` when it failed here, with why. */
    answered: ({ request, method, path, status, took, refusal }: Answered): void => {
      const weight = status >= 500 ? 'warn' : 'debug'
      if (!lines.isLevelEnabled(weight)) return
      const line = { request, method, route: routeOf(path), status, took: Math.round(took * 10) / 10 }
      lines[weight]({ ...line, ...(refusal && failure(refusal)) })
    },
    /** Writes a request that was refused as one line at `info`, with why; what goes wrong in the usual course of things at `debug`. */
    refused: ({ path, error, ...line }: Refused): void => {
      lines[usual.has(error) ? 'debug' : 'info']({ refused: error, ...line, route: routeOf(path) })
    },
    /** Writes an unexpected error, masked, and the request that met it. */
    fault: (fault: unknown, request?: string): void => lines.error({ fault: told(fault), request }),
    /** Writes a signed head of the audit log: `{"head":"…"}`, as exports end. */
    head: (head: string): void => lines.info({ head }),
    /** Says in plain words what the process itself does: started, listening, stopped. */
    say: (text: string): void => lines.info(text),
    /** Says in plain words what an operator should look at. */
    warn: (text: string): void => lines.warn(text),
    /** Writes as much as this from now on. */
    setLevel: (next: LevelWithSilent): void => {
      lines.level = next
    },
  }
}

/** What is said of a fault of ours beside the request that met it: what the fault says may quote what somebody sent. */
function failure({ error, client, why }: Refusal) {
  return { failed: error, client, why: why && masked(why) }
}

interface Told {
  name: string
  message: string
  code?: string
  stack?: string[]
  cause?: Told
}

function told(fault: unknown, depth = 0): Told {
  if (!(fault instanceof Error)) return { name: typeof fault, message: masked(String(fault)) }
  const code = 'code' in fault && typeof fault.code === 'string' ? { code: masked(fault.code) } : undefined
  // Only the frames: a stack begins by repeating the message.
  const stack = (fault.stack ?? '').split('\n').filter(line => /^ {4}at /.test(line))
  const cause = fault.cause !== undefined && depth < causes ? { cause: told(fault.cause, depth + 1) } : undefined
  return { name: fault.name, message: masked(fault.message), ...code, stack, ...cause }
}

/**
 * Blanks what an error of some library may have taken over from its input: anything quoted, anything like an address,
 * and runs of digits or letters long enough to be a code or a token.
 */
function masked(text: string): string {
  return text
    .slice(0, 2_000)
    .replace(/"[^"]*"?|(?<!\w)'[^']*'|`[^`]*`?/g, '"…"')
    .replace(/(?<![^\s"<>()])[^\s"<>()]+@[^\s"<>()]+/g, '…')
    .replace(/[\w~+/=-]{24,}|\+?\d{6,}/g, '…')
}
