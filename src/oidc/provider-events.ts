import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { originOf } from '../accounts/device.ts'
import { grantTypes } from '../clients/file.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Consents } from '../records/consents.ts'
import type { Outworn } from './client-sources.ts'
import type { Options } from './options.ts'

/** Records the library's events as ours. */
export function recordEvents(
  provider: Provider,
  { clients, consents, emit, onFault }: Pick<Options, 'clients' | 'emit' | 'onFault'> & { consents: Consents },
): void {
  const used = async (account: string, client: string): Promise<void> => {
    if (!(await clients.app(client))?.firstParty) await consents.used(account, client)
  }
  const note = (...told: Parameters<Emit>): void => void emit(...told).catch(onFault)
  const account = (ctx: KoaContextWithOIDC): string | undefined => ctx.oidc.entities.Account?.accountId

  provider.on('grant.success', ctx => {
    const { client, params, entities } = ctx.oidc
    if (!entities.AccessToken && !entities.ClientCredentials) return
    const type = String(params?.grant_type)
    const person = account(ctx)
    if (person !== undefined && client) void used(person, client.clientId).catch(onFault)
    note('grant.issued', { client: client?.clientId ?? '', account: person, type }, originOf(ctx))
  })
  provider.on('grant.error', (ctx, fault) => {
    // Anybody can send any text in its place, and nothing is ever taken out of the log.
    const type = grantTypes.find(each => each === ctx.oidc.params?.grant_type)
    const client = ctx.oidc.client?.clientId
    const waits = fault.error === 'authorization_pending' || fault.error === 'slow_down'
    const name = waits ? 'grant.awaited' : ctx.state.authenticated ? 'grant.refused' : 'grant.turned-away'
    note(name, { client, ...(type && { type }), code: fault.error }, originOf(ctx))
  })
  provider.on('interaction.ended', ctx => {
    const { result, session, entities } = ctx.oidc
    const { login } = result ?? {}
    const { prompt, session: before } = entities.Interaction ?? {}
    // A consent repeats the sign-in that came before it.
    if (!login || !session || prompt?.name === 'consent') return
    const { accountId, acr = '', amr = [] } = login
    const name = before?.uid === session.uid ? 'session.raised' : 'session.started'
    note(name, { account: accountId, session: session.uid, acr, amr }, originOf(ctx))
  })
  provider.on('authorization.success', ctx => {
    const { session, client } = ctx.oidc
    if (session?.accountId === undefined || !client) return
    const joined = { account: session.accountId, session: session.uid, client: client.clientId }
    note('session.joined', joined, originOf(ctx))
  })
  provider.on('end_session.success', ctx => {
    const { session, params } = ctx.oidc
    if (!session?.accountId || !params?.logout) return
    note('session.ended', { account: session.accountId, session: session.uid, why: 'signed-out' }, originOf(ctx))
  })
  provider.on('registration_create.success', (ctx, { clientId: client, policy }) => {
    const invited = ctx.oidc.entities.InitialAccessToken as unknown as { id: string } | undefined
    note('client.registered', { client, policy: String(policy), invitation: invited?.id }, originOf(ctx))
  })
  provider.on('registration_update.success', (ctx, { clientId: client }) =>
    note('client.changed', { client }, originOf(ctx)),
  )
  provider.on('registration_delete.success', (ctx, { clientId: client }) =>
    note('client.removed', { client }, originOf(ctx)),
  )
  const refused = (ctx: KoaContextWithOIDC, { error: code }: { error: string }): void => {
    const { client, entities } = ctx.oidc
    const data = { client: client?.clientId, code }
    if (entities.InitialAccessToken ?? entities.RegistrationAccessToken) note('client.refused', data, originOf(ctx))
    else note('registration.turned-away', { ...data, ...(ctx.state.outworn as Outworn | undefined) }, originOf(ctx))
  }
  provider.on('registration_create.error', refused)
  provider.on('registration_update.error', refused)
  provider.on('registration_delete.error', refused)
  const revoked = ({ clientId: client = '' }: { clientId?: string | undefined }): void => {
    note('token.revoked', { client }, Provider.ctx && originOf(Provider.ctx))
  }
  provider.on('refresh_token.destroyed', revoked)
  provider.on('access_token.destroyed', revoked)
  provider.on('server_error', (ctx, fault) => {
    if (!(fault instanceof Problem) || fault.status >= 500) onFault(fault, ctx.state.request)
  })
}
