/** Colours by the names of views/assets/latchkey.css/1-tokens.css, each `#rrggbb`. */
export type Palette = Readonly<Record<string, string>>

/**
 * The colours that are read or seen on other colours, and the least contrast of the two (WCAG 2.2, 1.4.3 for text and 1.4.11 for what is no text):
 * every pair that meets on a page, which test/browser/gallery.test.ts looks for on all of them.
 */
export const pairs: readonly (readonly [front: string, back: string, least: number])[] = [
  ...['paper', 'card', 'sunk', 'brass-wash'].map(back => ['ink', back, 4.5] as const),
  ...['paper', 'card', 'sunk'].map(back => ['soft', back, 4.5] as const),
  ...['paper', 'card', 'sunk', 'brass-wash'].map(back => ['link', back, 4.5] as const),
  ...['key', 'key-press'].map(back => ['on-key', back, 4.5] as const),
  ...['bad', 'bad-press'].map(back => ['on-bad', back, 4.5] as const),
  ...['paper', 'card', 'bad-wash'].map(back => ['bad', back, 4.5] as const),
  ...['card', 'sunk'].map(back => ['good', back, 4.5] as const),
  ...['card', 'brass-wash'].map(back => ['brass', back, 4.5] as const),
  ...['good', 'brass'].map(icon => [icon, 'paper', 3] as const),
  ...['paper', 'card', 'sunk', 'brass-wash'].map(back => ['key', back, 3] as const),
  ...['paper', 'card'].map(back => ['edge', back, 3] as const),
]

/** Returns the relative luminance of a colour, from 0 to 1 (WCAG 2.2, relative luminance). */
function luminance(colour: string): number {
  const parts = [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
  const [red = 0, green = 0, blue = 0] = parts.map(each =>
    each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Returns the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio). */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** Names every pair of colours that cannot be told apart well enough, with the contrast that it has and should have. */
export function faint(palette: Palette): string[] {
  return pairs.flatMap(([front, back, least]) => {
    const has = contrast(palette[front] ?? '', palette[back] ?? '')
    // Cut, not rounded: 4.49 must not be called 4.5.
    return has >= least
      ? []
      : `${front} on ${back} has a contrast of ${Math.floor(has * 100) / 100}, and needs ${least}`
  })
}
