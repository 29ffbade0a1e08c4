import type { TLSSocket } from 'node:tls'
import type { Context } from 'koa'
import type { Configuration, Provider } from 'oidc-provider'
import { type Certificate, certificateIn, issuedBy, names, type SubjectField } from '../crypto/certificate.ts'
import type { Replacements } from './library-models.ts'

/** Where clients show certificates, and which are accepted (RFC 8705). */
export interface Mtls {
  /** The origin of the host that asks for them. */
  url: string
  /** The header in which a proxy of ours passes them on; undefined where we ask for them ourselves. */
  header: string | undefined
  /** Who may issue those of clients that are known by their names (2.1). */
  authorities: readonly Certificate[]
}

/** The endpoints that clients show certificates at, by their names in discovery. */
const endpoints = {
  token_endpoint: 'token',
  introspection_endpoint: 'introspection',
  revocation_endpoint: 'revocation',
  pushed_authorization_request_endpoint: 'pushed_authorization_request',
  device_authorization_endpoint: 'device_authorization',
  backchannel_authentication_endpoint: 'backchannel_authentication',
  userinfo_endpoint: 'userinfo',
} as const

type Routes = Readonly<Record<(typeof endpoints)[keyof typeof endpoints], string>>

/** The paths that clients show certificates at. */
export const certifiedPaths = (routes: Routes): string[] => Object.values(endpoints).map(each => routes[each])

/** Returns discovery's entry for these endpoints where they are on a host of their own (RFC 8705, 5). */
export function aliases(mtls: Mtls | undefined, issuer: string, routes: Routes): object {
  if (!mtls || mtls.url === issuer) return {}
  const at = Object.entries(endpoints).map(([name, route]) => [name, mtls.url + routes[route]])
  return { mtls_endpoint_aliases: Object.fromEntries(at) }
}

/**
 * Names endpoints as they were called: at the host that asks for certificates by the URL there, as a DPoP proof does (RFC 9449, 4.3), and
 * everything else by the issuer's, since the Host header is what somebody typed. A client's assertion may be made out to the token
 * endpoint by either URL (RFC 7523, 3).
 */
export function namedAsCalled(provider: Provider, mtls: Mtls | undefined): Pick<Replacements, 'urlFor' | 'audiences'> {
  const certified = new Set<string>(Object.values(endpoints))
  const host = mtls && new URL(mtls.url).host
  const aliased = ({ ctx, route }: { ctx: Context; route: string }, name: string): string[] =>
    mtls && certified.has(route) && ctx.host === host ? [mtls.url + provider.pathFor(name)] : []
  return {
    urlFor: (of, name, options) =>
      (name === of.route ? aliased(of, name)[0] : undefined) ?? provider.urlFor(name, options),
    audiences: of => {
      const urls = ['token', of.route].flatMap(name => [provider.urlFor(name), ...aliased(of, name)])
      return new Set([provider.issuer, ...urls])
    },
  }
}

/** Returns the ways to authenticate by a certificate (RFC 8705, 2). */
export function certificateMethods(mtls: Mtls | undefined) {
  if (!mtls) return []
  const known = mtls.authorities.length > 0 ? (['tls_client_auth'] as const) : []
  return [...known, 'self_signed_tls_client_auth'] as const
}

/** Returns the certificate that a request was made with; the connection proves that its sender has the key. */
export function certificateOf(ctx: Pick<Context, 'get' | 'req'>, mtls: Mtls | undefined): Certificate | undefined {
  if (!mtls) return undefined
  if (mtls.header !== undefined) return certificateIn(ctx.get(mtls.header))
  return (ctx.req.socket as Partial<TLSSocket>).getPeerX509Certificate?.()
}

/** Configures client certificates. */
export function mutualTls(mtls: Mtls | undefined, now: () => number): NonNullable<Configuration['features']>['mTLS'] {
  if (!mtls) return { enabled: false }
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: mtls.authorities.length > 0,
    getCertificate: ctx => certificateOf(ctx, mtls),
    certificateAuthorized: ctx => {
      const shown = certificateOf(ctx, mtls)
      return shown !== undefined && issuedBy(shown, mtls.authorities, now())
    },
    certificateSubjectMatches: (ctx, field, expected) => {
      const shown = certificateOf(ctx, mtls)
      return shown !== undefined && names(shown, field as SubjectField, expected)
    },
  }
}
