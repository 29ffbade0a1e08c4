/** JSON in which a number keeps its spelling: 2^63 − 1 is no number of ECMAScript. */
export type Json = string | boolean | null | Digits | Json[] | { [name: string]: Json }

/** A number as it was spelled. */
export class Digits {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Names of an object or lists within lists, so deep at most. */
const deepest = 8

/**
 * Reads JSON that has but one reading: no name twice in one object (RFC 8259, 4, leaves open which one counts), no half
 * of a surrogate pair, nothing deeper than eight levels. Undefined when it is not that.
 */
export function readJson(text: string): Json | undefined {
  try {
    // First without a reviver, which would follow any depth.
    JSON.parse(text)
  } catch {
    return undefined
  }
  const { depth, names } = shapeOf(text)
  if (!text.isWellFormed() || depth > deepest) return undefined
  const value = JSON.parse(text, (_, each: unknown, context?: { source?: string }) =>
    typeof each === 'number' ? new Digits(context?.source ?? '') : each,
  ) as Json
  return namesIn(value) === names ? value : undefined
}

/** Only for text that is JSON: every string in it ends. */
function shapeOf(text: string): { depth: number; names: number } {
  let [depth, open, names] = [0, 0, 0]
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*(:))?|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth = Math.max(depth, ++open)
    else if (token === ']' || token === '}') open -= 1
    else if (colon) names += 1
  }
  return { depth, names }
}

function namesIn(value: Json): number {
  if (typeof value !== 'object' || value === null || value instanceof Digits) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, each: Json) => sum + namesIn(each), own)
}
