import { accountFinderOf, type Step, wrapStep } from './internals.ts'

/** Passes on a request in which no parameter is repeated. */
const unlessRepeated = (own: Step): Step => {
  return (ctx, next) => {
    const params = ctx.oidc.params as Record<string, unknown>
    for (const name in params) if (Array.isArray(params[name])) return own(ctx, next)
    return next()
  }
}

/** Passes on an introspection that is answered by plain JSON: what its client accepts is known by now. */
const unlessSigned = (own: Step): Step => {
  return (ctx, next) =>
    ctx.get('Accept') === 'application/json' && !ctx.oidc.client?.introspectionEncryptedResponseAlg
      ? next()
      : own(ctx, next)
}

// The library makes the error for what it does not find before it looks, and an error collects its stack: a tenth of an answer of userinfo.
// These steps do what the library's do where they find it, and leave all else, refusals too, to the library.
const findToken = (own: Step): Step => {
  return async (ctx, next) => {
    if (ctx.headers.dpop !== undefined) return own(ctx, next)
    const token = await ctx.oidc.provider.AccessToken.find(ctx.oidc.getAccessToken({ acceptDPoP: true }))
    if (!token?.scopes.has('openid') || token.isSenderConstrained()) return own(ctx, next)
    ctx.oidc.entity('AccessToken', token)
    return next()
  }
}
const findClient = (own: Step): Step => {
  return async (ctx, next) => {
    const client = await ctx.oidc.provider.Client.find(ctx.oidc.accessToken?.clientId ?? '')
    if (!client) return own(ctx, next)
    ctx.oidc.entity('Client', client)
    return next()
  }
}
const findAccount = (own: Step): Step => {
  return async (ctx, next) => {
    const { accessToken, provider } = ctx.oidc
    const account = await accountFinderOf(provider)(ctx, accessToken?.accountId ?? '', accessToken)
    if (!account) return own(ctx, next)
    ctx.oidc.entity('Account', account)
    return next()
  }
}

// Once, when this module is loaded: the lists are the process's.
for (const name of ['rejectClientAuthDupes', 'bound rejectDupes', 'rejectDupesOptionalExcept'])
  wrapStep('token', name, unlessRepeated)
for (const name of ['rejectClientAuthDupes', 'bound rejectDupes']) wrapStep('introspection', name, unlessRepeated)
wrapStep('introspection', 'jwtIntrospectionResponse', unlessSigned)
wrapStep('userinfo', 'validateAccessToken', findToken)
wrapStep('userinfo', 'loadAccessTokenClient', findClient)
wrapStep('userinfo', 'loadAccessTokenAccount', findAccount)
