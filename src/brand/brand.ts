import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import { z } from 'zod'
import { repack } from '../clients/logos.ts'
import { faint, type Palette } from './contrast.ts'
import { vectorFault } from './vector.ts'

/** Every fault of a brand's folder at once. */
export class BrandError extends Error {
  readonly faults: readonly string[]
  constructor(folder: string, faults: readonly string[]) {
    super(`${folder} cannot be used:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'BrandError'
    this.faults = faults
  }
}

const ours = fileURLToPath(new URL('../../views/', import.meta.url))
const tokens = readFileSync(join(ours, 'assets/latchkey.css/1-tokens.css'), 'utf8')
const found = [...tokens.matchAll(/^ *--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/gm)]
/** The colours that pages have by themselves. */
const own = {
  light: Object.fromEntries(found.map(([, name = '', light = '']) => [name, light])) as Palette,
  dark: Object.fromEntries(found.map(([, name = '', , dark = '']) => [name, dark])) as Palette,
}

const colour = z.string().regex(/^#[0-9a-f]{6}$/i, { error: 'must be #rrggbb' })
const colours = z.strictObject(Object.fromEntries(Object.keys(own.light).map(name => [name, colour.optional()])))
/** A line of text that can stand in a heading. */
const line = (most: number) => z.string().regex(new RegExp(`^[^\\p{C}\\p{Zl}\\p{Zp}]{1,${most}}$`, 'u'))
const link = (...protocols: string[]) =>
  z.string().refine(text => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL of ${protocols.join(' or ')}`,
  })
const file = z.string().regex(/^[\w-]+(\.[\w-]+)*\.(svg|png)$/, { error: 'must be an SVG or PNG file in the folder' })
const shape = z.strictObject({
  name: line(40),
  logo: z.strictObject({ light: file, dark: file.optional(), wordmark: z.boolean().default(false) }).optional(),
  icon: z
    .string()
    .regex(/^[\w-]+\.svg$/, { error: 'must be an SVG file in the folder' })
    .optional(),
  colours: z.strictObject({ light: colours.default({}), dark: colours.default({}) }).default({ light: {}, dark: {} }),
  radius: z.number().int().min(0).max(24).optional(),
  links: z
    .strictObject({ terms: link('https:'), privacy: link('https:'), support: link('https:', 'mailto:') })
    .partial()
    .default({}),
  sender: z
    .string()
    .regex(/^(?:[^\r\n<>]*[<\t ])?[^\s<>@]+@[^\s<>@]+>?$/, { error: 'must be an address, or a name and <an address>' })
    .optional(),
})

export type Brand = ReturnType<typeof readBrand>

/** Bytes of a logo: it comes with every page. */
const heaviest = 24 * 1024

/** Returns how Latchkey looks and calls itself where no brand is set. */
export const plainBrand: Brand = {
  name: 'Latchkey',
  palette: own,
  logo: undefined,
  links: {},
  sender: undefined,
  views: undefined,
  files: {},
}

/**
 * Reads a folder with brand.json, the pictures that it names, and views that stand in for ours. Throws BrandError with every fault: what
 * brand.json must not say, pictures that are no plain pictures, views that there are not, and pairs of colours without contrast.
 */
export function readBrand(folder: string) {
  const faults: string[] = []
  const parsed = shape.safeParse(json(join(folder, 'brand.json'), faults))
  if (!parsed.success && faults.length === 0)
    faults.push(...parsed.error.issues.map(({ path, message }) => `brand.json: ${path.join('.') || 'it'}: ${message}`))
  const views = viewsIn(join(folder, 'views'), faults)
  if (!parsed.success) throw new BrandError(folder, faults)
  const { name, logo, icon, colours, radius, links, sender } = parsed.data

  const palette = { light: { ...own.light, ...colours.light }, dark: { ...own.dark, ...colours.dark } } as typeof own
  for (const [scheme, all] of Object.entries(palette))
    faults.push(...faint(all).map(fault => `brand.json: colours.${scheme}: ${fault}`))

  const files: Record<string, Buffer> = {}
  const add = (named: string, stem: string): string => {
    const asset = `${stem}${named.slice(named.lastIndexOf('.'))}`
    files[asset] = picture(join(folder, named), fault => faults.push(`${named} ${fault}`))
    return asset
  }
  const pictures = logo && {
    light: add(logo.light, 'logo'),
    dark: logo.dark === undefined ? undefined : add(logo.dark, 'logo-dark'),
    wordmark: logo.wordmark,
  }
  if (icon !== undefined) add(icon, 'icon')
  if (faults.length > 0) throw new BrandError(folder, faults)
  files['brand.css'] = Buffer.from(styleSheet(palette, radius))
  return { name, palette, logo: pictures, links, sender, views, files }
}

function json(path: string, faults: string[]): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    faults.push(code === undefined ? 'brand.json is no JSON' : `brand.json cannot be read (${code})`)
    return undefined
  }
}

/** Returns the folder of views that stand in for ours; undefined where there is none. */
function viewsIn(folder: string, faults: string[]): string | undefined {
  if (!existsSync(folder)) return undefined
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) continue
    if (!name.endsWith('.ejs') || !existsSync(join(ours, name))) {
      faults.push(`views/${name} stands in for no view of ours`)
      continue
    }
    try {
      ejs.compile(readFileSync(path, 'utf8'), { strict: true, localsName: 'page', filename: path })
    } catch (fault) {
      faults.push(`views/${name} cannot be read: ${(fault as Error).message.split('\n', 1)[0]}`)
    }
  }
  return folder
}

function picture(path: string, say: (fault: string) => void): Buffer {
  try {
    const content = readFileSync(path)
    if (content.length > heaviest) say(`is larger than ${heaviest / 1024} KB`)
    if (path.endsWith('.png')) return repack(content)
    const fault = vectorFault(content.toString('utf8'))
    if (fault !== undefined) say(fault)
    return content
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException
    say(code === undefined ? message : `cannot be read (${code})`)
    return Buffer.alloc(0)
  }
}

/** Writes the custom properties of a brand, which stand in for those of latchkey.css. */
function styleSheet({ light, dark }: typeof own, radius: number | undefined): string {
  const colours = Object.keys(light).map(name => `--${name}:light-dark(${light[name]},${dark[name]});`)
  return `:root{${colours.join('')}${radius === undefined ? '' : `--radius:${radius}px;`}}`
}
