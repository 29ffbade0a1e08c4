/** The colours of pages that mails use, by name (views/assets/latchkey.css/1-tokens.css). */
type Token = 'paper' | 'card' | 'sunk' | 'ink' | 'soft' | 'line' | 'key' | 'on-key' | 'link' | 'brass'
/** Colours, each `#rrggbb`: written out in mails, because mail programs know no custom properties. */
export type Palette = Readonly<Record<'light' | 'dark', Readonly<Record<string, string>>>>

interface Role {
  /** Which property takes which token. */
  colours: Record<string, Token>
  rest?: string
  /** What only a page that is read from right to left has, after `rest`: mail programs know no logical properties. */
  mirrored?: string
  /** Codes and addresses are read from left to right in every language. */
  ltr?: true
}

const sans = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
const mono = "font-family:ui-monospace,'SF Mono',SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"

const roles = {
  page: {
    colours: { 'background-color': 'paper', color: 'ink' },
    rest: 'margin:0;padding:0;-webkit-text-size-adjust:100%',
  },
  paper: { colours: { 'background-color': 'paper' }, rest: 'width:100%' },
  card: {
    colours: { 'background-color': 'card', 'border-color': 'line', color: 'ink' },
    rest: `border-width:1px;border-style:solid;border-radius:14px;padding:32px 36px 30px;${sans};font-size:16px;line-height:1.5`,
  },
  mark: {
    colours: { color: 'ink' },
    rest: 'margin:0 0 24px;font-weight:650;font-size:16px;letter-spacing:-.01em',
    mirrored: 'letter-spacing:normal',
  },
  bow: {
    colours: { 'border-color': 'brass' },
    rest: part('width:8px;height:8px;border-width:2px;border-style:solid;border-radius:50%'),
  },
  stem: { colours: { 'background-color': 'brass' }, rest: part('width:5px;height:2px') },
  tooth: {
    colours: { 'border-color': 'brass' },
    rest: part('width:2px;height:4px;border-width:2px 2px 0 0;border-style:solid;position:relative;top:2px'),
  },
  words: {
    colours: { 'border-color': 'brass', 'background-color': 'sunk', color: 'ink' },
    rest: 'margin:0 0 24px;border-width:0 0 0 3px;border-style:solid;padding:10px 14px;font-size:15px',
    mirrored: 'border-width:0 3px 0 0',
  },
  towards: { colours: { color: 'soft' }, rest: 'margin:0 0 6px;font-size:15px' },
  title: {
    colours: { color: 'ink' },
    rest: 'margin:0 0 18px;font-size:26px;line-height:1.2;letter-spacing:-.022em;font-weight:680',
    // Space between letters tears Arabic words apart.
    mirrored: 'letter-spacing:normal',
  },
  text: { colours: { color: 'ink' }, rest: 'margin:0 0 16px' },
  soft: { colours: { color: 'soft' }, rest: 'margin:0 0 16px;font-size:15px' },
  code: {
    colours: { 'background-color': 'sunk', color: 'ink' },
    rest: `margin:0 0 18px;border-radius:10px;padding:18px 0;text-align:center;${mono};font-size:36px;line-height:1.2;font-weight:600;letter-spacing:.16em;white-space:nowrap`,
    ltr: true,
  },
  link: { colours: { color: 'link' }, rest: 'text-underline-offset:3px;overflow-wrap:anywhere', ltr: true },
  button: {
    colours: { 'background-color': 'key', 'border-color': 'key', color: 'on-key' },
    rest: 'display:inline-block;border-width:1px;border-style:solid;border-radius:10px;padding:12px 20px;font-weight:600;text-decoration:none',
  },
  foot: {
    colours: { color: 'soft' },
    rest: `padding:18px 36px 0;${sans};font-size:13px;line-height:1.5;overflow-wrap:anywhere`,
  },
} as const satisfies Record<string, Role>

/** What an element of a mail is. */
type Look = keyof typeof roles

/**
 * Returns what writes an element's class and inlined style as HTML attributes: light inline, because many mail programs read nothing else;
 * and the style sheet of what cannot be inlined: the dark, and narrow windows.
 */
export function looking({ direction, palette }: { direction: 'ltr' | 'rtl'; palette: Palette }) {
  const paint = (painted: Role['colours'], scheme: keyof Palette): string[] =>
    Object.entries(painted).map(([property, token]) => `${property}:${palette[scheme][token]}`)
  const dark = Object.entries(roles).map(([name, role]) => {
    const painted = paint(role.colours, 'dark').map(each => `${each}!important`)
    return `.${name}{${painted.join(';')}}`
  })
  return {
    look: (name: Look): string => {
      const { colours: painted, rest, mirrored, ltr }: Role = roles[name]
      const parts = [...paint(painted, 'light'), rest, direction === 'rtl' ? mirrored : undefined]
      return `class="${name}"${ltr ? ' dir="ltr"' : ''} style="${parts.filter(Boolean).join(';')}"`
    },
    styleSheet: `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){${dark.join('')}}
@media (max-width:480px){.card{padding:24px 20px 20px!important}.foot{padding:16px 20px 0!important}.code{font-size:32px!important}}`,
  }
}

// Of the key beside the name, drawn without a picture: those are what mail programs block.
function part(rest: string): string {
  return `display:inline-block;vertical-align:middle;font-size:0;line-height:0;${rest}`
}
