/** One element of a page as a person without JavaScript meets it. */
export interface Element {
  tag: string
  attributes: Readonly<Record<string, string>>
  parent: Element | undefined
  children: (Element | string)[]
  /** Its words as read aloud: entities decoded, space collapsed, nothing hidden. */
  readonly text: string
  /** The first descendant that a selector of `all` meets. */
  find(selector: string): Element | undefined
  /** Descendants in document order: `tag`, `#id`, `.class`, `[name]`, `[name=value]`, joined, with spaces between generations and commas between choices. */
  all(selector: string): Element[]
}

const empty = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))
const raw = new Set(['script', 'style', 'textarea', 'title'])
const unseen = new Set(['head', 'script', 'style', 'template'])
const inline = new Set(
  'a abbr b bdi cite code data em i kbd label mark q s samp small span strong sub sup time u var'.split(' '),
)
/** What an opening tag ends without saying so (HTML 13.1.2.4). */
const ends: Readonly<Record<string, readonly string[]>> = {
  li: ['li'],
  option: ['option'],
  optgroup: ['option', 'optgroup'],
  dt: ['dt', 'dd'],
  dd: ['dt', 'dd'],
  tr: ['td', 'th', 'tr'],
  td: ['td', 'th'],
  th: ['td', 'th'],
  tbody: ['td', 'th', 'tr', 'thead', 'tbody'],
  ...Object.fromEntries(
    'p div form ul ol dl table section fieldset h1 h2 h3 h4 hr main footer'.split(' ').map(tag => [tag, ['p']]),
  ),
}
const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  hellip: '…',
  middot: '·',
  ndash: '–',
  mdash: '—',
  rsquo: '’',
  times: '×',
  copy: '©',
}

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return named[name] ?? whole
  })
}

function words(element: Element): string {
  const { hidden, 'aria-hidden': silent } = element.attributes
  if (unseen.has(element.tag) || hidden !== undefined || silent === 'true') return ''
  const inner = element.children.map(child => (typeof child === 'string' ? child : words(child))).join('')
  return inline.has(element.tag) ? inner : ` ${inner} `
}

function create(tag: string, attributes: Record<string, string>, parent: Element | undefined): Element {
  const element: Element = {
    tag,
    attributes,
    parent,
    children: [],
    get text() {
      return words(element).replace(/\s+/g, ' ').trim()
    },
    find: selector => element.all(selector)[0],
    all: selector => descendants(element).filter(each => meets(each, selector)),
  }
  return element
}

function descendants(element: Element): Element[] {
  return element.children.flatMap(child => (typeof child === 'string' ? [] : [child, ...descendants(child)]))
}

const piece = /([\w-]+|\*)|#([\w-]+)|\.([\w-]+)|\[([\w-]+)(?:=(?:"([^"]*)"|([^\]]*)))?\]/gy

function simple(element: Element, selector: string): boolean {
  piece.lastIndex = 0
  for (let end = 0; end < selector.length; end = piece.lastIndex) {
    const found = piece.exec(selector)
    if (!found) throw new TypeError(`${selector} is more than this reader can select`)
    const [, tag, id, style, name, quoted, bare] = found
    if (tag !== undefined && tag !== '*' && tag !== element.tag) return false
    if (id !== undefined && element.attributes.id !== id) return false
    if (style !== undefined && !(element.attributes.class ?? '').split(/\s+/).includes(style)) return false
    const value = name === undefined ? undefined : element.attributes[name]
    if (name !== undefined && (value === undefined || value !== (quoted ?? bare ?? value))) return false
  }
  return true
}

function meets(element: Element, selector: string): boolean {
  return selector.split(/\s*,\s*/).some(choice => {
    const generations = choice.match(/(?:[^\s"[]|\[[^\]]*\])+/g) ?? []
    const own = generations.pop()
    if (own === undefined || !simple(element, own)) return false
    let above = element.parent
    while (generations.length > 0 && above) {
      if (simple(above, generations.at(-1) ?? '')) generations.pop()
      above = above.parent
    }
    return generations.length === 0
  })
}

const token =
  /<!--[\s\S]*?-->|<![^>]*>|<\/([a-z][\w-]*)\s*>|<([a-z][\w-]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*\/?>/gi
const pair = /([^\s=>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g

function attributesOf(source: string): Record<string, string> {
  const pairs = [...source.matchAll(pair)].map(([, name = '', double, single, bare]) => [
    name.toLowerCase(),
    decode(double ?? single ?? bare ?? ''),
  ])
  return Object.fromEntries(pairs.reverse())
}

/** Reads HTML as we write it (closed tags, quoted or bare attributes); scripting counts as off, so `noscript` is part of the page. */
export function read(html: string): Element {
  const root = create('#page', {}, undefined)
  let open = root
  let at = 0
  const close = (tags: readonly string[]) => {
    while (open.parent && tags.includes(open.tag)) open = open.parent
  }
  for (token.lastIndex = 0; ; ) {
    const found = token.exec(html)
    open.children.push(decode(html.slice(at, found?.index)))
    if (!found) return root
    at = token.lastIndex
    const [, closing, opening, source = ''] = found
    if (closing !== undefined) {
      let match: Element | undefined = open
      while (match && match.tag !== closing.toLowerCase()) match = match.parent
      open = match?.parent ?? open
    }
    if (opening === undefined) continue
    const tag = opening.toLowerCase()
    close(ends[tag] ?? [])
    const element = create(tag, attributesOf(source), open)
    open.children.push(element)
    if (raw.has(tag)) {
      const end = html.toLowerCase().indexOf(`</${tag}`, at)
      const inner = html.slice(at, end < 0 ? undefined : end)
      element.children.push(tag === 'script' || tag === 'style' ? inner : decode(inner))
      at = token.lastIndex = end < 0 ? html.length : html.indexOf('>', end) + 1
    } else if (!empty.has(tag)) open = element
  }
}
