import { type Adapter, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { allWritten } from '../store/collection.ts'

type Verb = 'upsert' | 'consume' | 'destroy'
type When = (oidc: KoaContextWithOIDC['oidc']) => boolean

const tokensInStep: readonly unknown[] = ['authorization_code', 'refresh_token']

/** Which writes of a request nothing else of the same request reads. */
const apart: { readonly [kind: string]: { readonly [verb in Verb]?: When } | undefined } = {
  Interaction: { destroy: ({ route }) => route === 'resume' },
  // Whether a code was spent before is known before the answer: what was made for it beside that is answered to nobody, and revoked.
  AuthorizationCode: { upsert: () => true, consume: () => true },
  // A session that begins with this request has no other tab that could have had a grant first.
  Grant: { upsert: ({ session }) => session !== undefined && session.exp === undefined },
  AccessToken: { upsert: ({ params }) => tokensInStep.includes(params?.grant_type) },
}

const underWay = new WeakMap<object, Promise<unknown>[]>()

/**
 * Wraps an adapter of the library, which waits for each of its writes before it goes on. Those that nothing else of the request reads
 * are begun and not waited for, so that the store commits them together with the next; the request is answered once `written` is.
 */
export function together(kind: string, adapter: Adapter): Adapter {
  if (kind === 'PushedAuthorizationRequest') return { ...adapter, consume: id => consumeIfGoingOn(adapter, id) }
  const begun = Object.entries(apart[kind] ?? {}).map(([verb, is]) => [verb, beginning(adapter, verb as Verb, is)])
  return { ...adapter, ...Object.fromEntries(begun) }
}

/**
 * Spends a pushed request once it is known that this request is the one that goes on with the sign-in: spent by another of several at once, it would
 * be missing to that one, and nobody would get on. Throws Problem `attempt_expired`, as `written` does afterwards.
 */
async function consumeIfGoingOn(adapter: Adapter, id: string): Promise<undefined> {
  const { ctx } = Provider
  await allWritten((ctx && underWay.get(ctx)) ?? [])
  await adapter.consume(id)
  return undefined
}

function beginning(adapter: Adapter, verb: Verb, is: When) {
  return (...given: unknown[]): Promise<unknown> => {
    const writing = Promise.resolve((adapter[verb] as (...given: unknown[]) => unknown)(...given))
    const { ctx } = Provider
    if (!ctx?.oidc || !is(ctx.oidc)) return writing
    // `written` throws a failure; here it only must not count as unhandled.
    writing.catch(() => {})
    underWay.set(ctx, [...(underWay.get(ctx) ?? []), writing])
    return Promise.resolve()
  }
}

/** Waits until all that a request began to write is written. Throws the first failure. */
export async function written(ctx: object | undefined = Provider.ctx): Promise<void> {
  const writes = ctx && underWay.get(ctx)
  if (!writes) return
  underWay.delete(ctx)
  await allWritten(writes)
}
