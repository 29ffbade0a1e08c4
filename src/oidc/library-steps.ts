import type { KoaContextWithOIDC } from 'oidc-provider'
// @ts-expect-error: the library types only what its top exports; its version is pinned, and tests fail where a step is missing
import { registration as library } from 'oidc-provider/lib/actions/index.js'
import { readMetadata } from './client-metadata.ts'

/** One step in how the library answers a request. */
export type Step = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>

/** Puts a step of ours before one of the library's, which is known by its function's name. Throws where there is none. */
export function insertBefore(steps: Step[], name: string, step: Step): void {
  const at = steps.findIndex(each => each.name === name)
  if (at < 0) throw new Error(`oidc-provider has no step ${name}`)
  steps.splice(at, 0, step)
}

const clean: Step = async ({ oidc }, next) => {
  Object.assign(oidc, { body: readMetadata(oidc.body) })
  return next()
}

const { post, put } = library as { post: Step[]; put: Step[] }

// The library keeps these lists for the whole process and reads them whenever a provider is made, so they are changed once, when this
// module is loaded. It looks at metadata before it asks us about it.
insertBefore(post, 'registrationResponse', clean)
insertBefore(put, 'forbiddenFields', clean)
