import { interaction, interactionId } from './challenge.ts'
import { type Caller, type Guard, type Need, Refused } from './guard.ts'
import { type Described, metadataHeaders, metadataOf, metadataPath } from './metadata.ts'

/** A handler as Deno, Bun, Hono and service workers have it, and as Node's adapters take it. */
export type Handler = (request: Request, from: { peer: string }) => Promise<Response>

/** One that knows its caller, and has the body as it was signed. */
export type GuardedHandler = (request: Request, caller: Caller, body: Uint8Array) => Response | Promise<Response>

const longest = 128 * 1024

/** Lets pass what meets the need, and answers everything else. */
export function protect(guard: Guard, need: Need | ((request: Request) => Need), handle: GuardedHandler): Handler {
  const answered = async (request: Request, peer: string): Promise<Response> => {
    try {
      const body = await read(request)
      const { pathname, search } = new URL(request.url)
      const received = {
        method: request.method,
        target: pathname + search,
        headers: Object.fromEntries(request.headers),
        body,
        peer,
      }
      const caller = await guard(received, typeof need === 'function' ? need(request) : need)
      return await handle(request, caller, body)
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault
      return Response.json(fault.body, { status: fault.status, headers: fault.headers })
    }
  }
  return async (request, { peer }) => {
    const { status, statusText, headers, body } = await answered(request, peer)
    const id = interactionId(request.headers.get(interaction))
    return new Response(body, { status, statusText, headers: { ...Object.fromEntries(headers), [interaction]: id } })
  }
}

/** Answers the API's metadata (RFC 9728); undefined for any other request. */
export function describe(described: Described): (request: Request) => Response | undefined {
  const path = metadataPath(described.audience)
  const metadata = metadataOf(described)
  return ({ method, url }) =>
    method === 'GET' && new URL(url).pathname === path
      ? Response.json(metadata, { headers: metadataHeaders })
      : undefined
}

async function read({ body }: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.length
    if (length > longest) throw new Refused(413, { error: 'too_large' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
