/** The rows of a collection at a moment. Milliseconds. */
export interface Rows {
  at: number
  /** Those that end some day, and those that do not. */
  ending: number
  endless: number
  /** Until the last of them ends. */
  longest: number
  /** Those that ended so long ago that a sweep should have removed them. */
  overdue: number
}

export interface Grown {
  name: string
  first: number
  last: number
  /** What a straight line through the looks grows by from the first to the last, and in an hour. */
  by: number
  hourly: number
  flat: boolean
}

/** The least number of looks through which a line says anything. */
const enough = 5

/** Returns what a straight line through the looks (least squares) grows by in a millisecond. */
function slope(points: readonly { at: number; value: number }[]): number {
  const mean = (of: (point: { at: number; value: number }) => number) =>
    points.reduce((sum, each) => sum + of(each), 0) / points.length
  const [at, value] = [mean(each => each.at), mean(each => each.value)]
  const spread = points.reduce((sum, each) => sum + (each.at - at) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, each) => sum + (each.at - at) * (each.value - value), 0) / spread
}

/**
 * Returns how much a figure grew after `from`. It is flat where the line grows by a share of its mean at most, or by `floor`; undefined where
 * there are too few looks to tell.
 */
export function grown(
  name: string,
  points: readonly { at: number; value: number }[],
  { from, share, floor }: { from: number; share: number; floor: number },
): Grown | undefined {
  const seen = points.filter(each => each.at >= from)
  const [first, last] = [seen[0], seen.at(-1)]
  if (!first || !last || seen.length < enough) return undefined
  const each = slope(seen)
  const by = each * (last.at - first.at)
  const mean = seen.reduce((sum, { value }) => sum + value, 0) / seen.length
  const flat = by <= Math.max(share * mean, floor)
  return { name, first: first.value, last: last.value, by, hourly: each * 3_600_000, flat }
}

/**
 * Returns what became of a collection: `level` where its rows end within the run, from the time on at which the first of them have ended;
 * `kept` where they live longer than that shows.
 */
export function rowsGrown(name: string, looks: readonly Rows[], { from, share, floor }: Parameters<typeof grown>[2]) {
  const longest = looks.reduce((most, each) => Math.max(most, each.longest), 0)
  const of = (value: (rows: Rows) => number) => looks.map(each => ({ at: each.at, value: value(each) }))
  return {
    longest,
    overdue: looks.at(-1)?.overdue ?? 0,
    level: grown(
      name,
      of(each => each.ending),
      { from: Math.max(from, longest), share, floor },
    ),
    kept: grown(
      name,
      of(each => each.ending + each.endless),
      { from, share, floor },
    ),
    endless: grown(
      name,
      of(each => each.endless),
      { from, share, floor },
    ),
  }
}
