import { extname } from 'node:path'

/** What may be handed in, and the endings under which it goes. */
export const endings = {
  'application/pdf': ['.pdf'],
  'image/jpeg': ['.jpg', '.jpeg', '.jpe', '.jfif'],
  'image/png': ['.png'],
} as const
export type ContentType = keyof typeof endings
export const contentTypes = Object.keys(endings) as [ContentType, ...ContentType[]]

/** How much of a file's two ends `typeOf` looks at, in bytes. */
export const ends = { head: 16, tail: 1024 }

const ascii = (text: string) => Buffer.from(text, 'latin1')
const png = ascii('\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR')
const pngEnd = ascii('\x00\x00\x00\x00IEND\xae\x42\x60\x82')
const jpeg = ascii('\xff\xd8\xff')
const jpegEnd = ascii('\xff\xd9')

/**
 * What a file is by its content: it must begin as one of its kind and end as one, so that nothing hangs on behind (ISO 32000-2,
 * 7.5; ISO 10918-1, B.1; PNG, third edition, 5.2). Undefined for anything else.
 */
export function typeOf(head: Uint8Array, tail: Uint8Array): ContentType | undefined {
  const [first, last] = [Buffer.from(head), Buffer.from(tail)]
  const begins = (with_: Buffer) => first.subarray(0, with_.length).equals(with_)
  const closes = (with_: Buffer) => last.length >= with_.length && last.subarray(-with_.length).equals(with_)
  if (begins(png) && closes(pngEnd)) return 'image/png'
  if (begins(jpeg) && closes(jpegEnd)) return 'image/jpeg'
  if (/^%PDF-[12]\.\d/.test(first.toString('latin1')) && /%%EOF\s*$/.test(last.toString('latin1')))
    return 'application/pdf'
  return undefined
}

/** Does what came along with a file, its name and the type that a browser gave it, say the same as its content? */
export function agrees(type: ContentType, { name, declared }: { name: string; declared: string }): boolean {
  const ending = extname(name).toLowerCase()
  const named = ending === '' || (endings[type] as readonly string[]).includes(ending)
  return (
    named && [type, 'application/octet-stream', 'image/jpg', ''].filter(each => sane(each, type)).includes(declared)
  )
}

// Some systems still say image/jpg.
const sane = (declared: string, type: ContentType) => declared !== 'image/jpg' || type === 'image/jpeg'
