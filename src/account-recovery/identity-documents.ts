import { extname } from 'node:path'
import { z } from 'zod'
import { id } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { declare, type Store } from '../store/collection.ts'
import { pictureSize } from './picture-size.ts'

/**
 * The types of document that are accepted, with their file extensions: pictures, which browsers draw within our page. A PDF would have to be
 * saved and opened by another program, which is the riskiest way to look at a stranger's file.
 */
export const endings = {
  'image/jpeg': ['.jpg', '.jpeg', '.jpe', '.jfif'],
  'image/png': ['.png'],
} as const
export type ContentType = keyof typeof endings
const contentTypes = Object.keys(endings) as [ContentType, ...ContentType[]]
/** A type that was accepted once, and that cases from then may hold. */
const formerType = 'application/pdf'

/** How many bytes at the start and the end of a file `typeOf` looks at. */
export const ends = { head: 16, tail: 1024 }

const ascii = (text: string) => Buffer.from(text, 'latin1')
const png = ascii('\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR')
const pngEnd = ascii('\x00\x00\x00\x00IEND\xae\x42\x60\x82')
const jpeg = ascii('\xff\xd8\xff')
const jpegEnd = ascii('\xff\xd9')

/**
 * Tells a file's type by its content: it must begin and end as that type does, so that nothing is appended (ISO 10918-1, B.1; PNG,
 * third edition, 5.2). Undefined for anything else.
 */
export function typeOf(head: Uint8Array, tail: Uint8Array): ContentType | undefined {
  const [first, last] = [Buffer.from(head), Buffer.from(tail)]
  const begins = (with_: Buffer) => first.subarray(0, with_.length).equals(with_)
  const closes = (with_: Buffer) => last.length >= with_.length && last.subarray(-with_.length).equals(with_)
  if (begins(png) && closes(pngEnd)) return 'image/png'
  if (begins(jpeg) && closes(jpegEnd)) return 'image/jpeg'
  return undefined
}

/** Tells whether a file's name and declared type agree with its content. */
export function agrees(type: ContentType, { name, declared }: { name: string; declared: string }): boolean {
  const ending = extname(name).toLowerCase()
  const named = ending === '' || (endings[type] as readonly string[]).includes(ending)
  return (
    named && [type, 'application/octet-stream', 'image/jpg', ''].filter(each => sane(each, type)).includes(declared)
  )
}

// Some systems still say image/jpg.
const sane = (declared: string, type: ContentType) => declared !== 'image/jpg' || type === 'image/jpeg'

/**
 * The longest document, in bytes and in pixels, and how many go along with one case. A photo of that many bytes has 108 million pixels at most; a few
 * megabytes can be billions, which fill the memory of the browser that draws them.
 */
export const most = { bytes: 10 * 1024 * 1024, pixels: 128 * 1024 * 1024, documents: 3 }
/** Bytes that are sealed and stored as one piece: far below what any engine stores in one document. */
const piece = 256 * 1024

const shape = z.object({
  /** The document and the number of this piece. */
  id: z.string(),
  case: z.string(),
  /** The account that the case is about: its pieces are removed with it. */
  account: z.string().optional(),
  sealed: z.string(),
  expiresAt: z.number(),
})

export const documentsDeclaration = declare({ name: 'identity_documents', shape, indexes: ['case', 'account'] })

/** The context in which a piece is sealed. */
export const documentContext = ({ id }: { id: string }): string => `identity-document:${id}`

export const documentShape = z.object({
  id: z.string(),
  type: z.enum([...contentTypes, formerType]),
  bytes: z.number(),
  pieces: z.number(),
})
/** A document as its case lists it. Neither its name nor anything else that its sender wrote is kept. */
export type Document = z.output<typeof documentShape>
/** A document that can be shown. */
export type Picture = Document & { type: ContentType }

/** Tells whether a document can be shown within a page. */
export function isPicture(document: Document): document is Picture {
  return document.type !== formerType
}

/** A file on its way in. */
export interface Incoming {
  /** Its name and type as the sender gives them. */
  name: string
  declared: string
  content: AsyncIterable<Uint8Array>
}

export type Documents = ReturnType<typeof documents>

/** Keeps documents sealed, piece by piece: no more than a piece is ever in memory. */
export function documents({ store, sealer }: { store: Store; sealer: Sealer }) {
  const kept = store.collection(documentsDeclaration)
  const key = (own: string, at: number) => `${own}.${at}`

  const drop = async (dropped: readonly Pick<Document, 'id' | 'pieces'>[]): Promise<void> => {
    for (const { id: own, pieces } of dropped) for (let at = 0; at < pieces; at++) await kept.take(key(own, at))
  }

  return {
    /**
     * Keeps a file until `expiresAt`. Throws `invalid_document` for a file that is no JPEG or PNG by its content, whose name or type disagrees, or
     * that has too many pixels, and `document_too_large`.
     */
    keep: async (
      { id: whose, account }: { id: string; account?: string | undefined },
      { name, declared, content }: Incoming,
      expiresAt: number,
    ): Promise<Document> => {
      const own = id()
      let [bytes, pieces] = [0, 0]
      let [head, tail, waiting] = [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)]
      const size = pictureSize()
      const put = async (part: Buffer): Promise<void> => {
        const sealed = sealer.seal(part, documentContext({ id: key(own, pieces) }))
        await kept.insert({ id: key(own, pieces), case: whose, account, sealed, expiresAt })
        pieces += 1
      }
      try {
        for await (const part of content) {
          bytes += part.length
          if (bytes > most.bytes) throw new Problem('document_too_large', { field: 'documents' })
          if (size(part) > most.pixels) throw new Problem('invalid_document', { field: 'documents' })
          if (head.length < ends.head) head = Buffer.concat([head, part]).subarray(0, ends.head)
          tail = Buffer.concat([tail, part]).subarray(-ends.tail)
          waiting = Buffer.concat([waiting, part])
          for (; waiting.length >= piece; waiting = waiting.subarray(piece)) await put(waiting.subarray(0, piece))
        }
        if (waiting.length > 0) await put(waiting)
        const type = typeOf(head, tail)
        if (!type || !agrees(type, { name, declared })) throw new Problem('invalid_document', { field: 'documents' })
        return { id: own, type, bytes, pieces }
      } catch (fault) {
        await drop([{ id: own, pieces }])
        throw fault
      }
    },
    /** Opens a document, piece by piece. Throws Problem `not_found` when a piece is gone. */
    async *read({ id: own, pieces }: Document): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < pieces; at++) {
        const found = await kept.get(key(own, at))
        if (!found) throw new Problem('not_found')
        yield sealer.openBytes(found.sealed, documentContext(found))
      }
    },
    /** Removes these documents. */
    drop,
    /** Removes every document of a case. */
    dropAll: async (whose: string): Promise<void> => {
      await kept.remove({ case: whose })
    },
  }
}
