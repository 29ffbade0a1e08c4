const elements = new Set(
  'svg g path rect circle ellipse line polyline polygon text tspan title desc defs linearGradient radialGradient stop clipPath mask use symbol'.split(
    ' ',
  ),
)
const tag = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*)\s*\/?>/g
const attribute = /\s+([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/gy

/**
 * Says what an SVG picture has that a logo must not have; undefined where there is nothing of that kind. Only drawing passes: no script, no
 * handler, no style, and nothing that is fetched. A browser runs none of it in an `<img>`, but does where somebody opens the file itself.
 */
export function vectorFault(svg: string): string | undefined {
  const bare = svg.replace(/^\uFEFF?\s*<\?xml[^?<>]*\?>/, '').replace(/<!--(?:[^-]|-(?!-))*-->/g, '')
  if (!/^\s*<svg[\s>]/.test(bare)) return 'is no SVG'
  const rest = bare.replace(tag, '')
  if (rest.includes('<'))
    return 'has what is no plain drawing (a document type, a processing instruction or a damaged tag)'
  for (const [, , name = '', attributes = ''] of bare.matchAll(tag)) {
    if (!elements.has(name)) return `has the element ${name}, which a logo must not have`
    for (const [, key = '', double, single] of attributes.matchAll(attribute)) {
      const value = double ?? single ?? ''
      const plain = key.toLowerCase()
      if (plain.startsWith('on') || plain === 'style') return `has the attribute ${key}, which a logo must not have`
      if (/^(xlink:)?href$/.test(plain) && !/^#[\w-]+$/.test(value)) return `has a ${key} that leads out of the file`
      if (/url\s*\(/i.test(value) && !/^url\(#[\w-]+\)$/.test(value)) return `has a ${key} that leads out of the file`
    }
  }
  return undefined
}
