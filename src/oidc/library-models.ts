/** The models of oidc-provider beside what their types say, and what Latchkey uses and replaces of them. */
import type { Context } from 'koa'
import type {
  AdapterPayload,
  Client,
  ClientMetadata,
  Interaction,
  KoaContextWithOIDC,
  Provider,
  Session,
} from 'oidc-provider'

type Find<T> = (id: string) => Promise<T | undefined>
type Validate = (token: string, client: Client) => Promise<{ payload: object }>
type Logout = (client: Client, account: string, sid?: string) => Promise<void>
/** A request that the library answers. */
type Answered = KoaContextWithOIDC['oidc'] & { ctx: Context }
/** An ID token in the making; `mask` are the claims that were asked for by their names. */
export type Making = { client?: Client; mask?: object }
export type Saving = Session & { oldId?: string; getValueAndPayload(): Promise<{ payload: AdapterPayload }> }

/** The claims of one answer in the making; `available` is what there is to tell. */
interface Choosing {
  available: object
  client: Client
}
/** Completes the claims that the library chose. */
export type Told = (of: Choosing, chosen: object) => object

/** The library's models, beside what their types say. */
interface Inside {
  Claims: { prototype: { result(this: Choosing): Promise<object> } }
  Client: {
    new (metadata: ClientMetadata): Client
    find: Find<Client>
    validate(metadata: ClientMetadata): Promise<void>
    Schema: { prototype: object }
    prototype: { backchannelLogout(this: Client, account: string, sid?: string): Promise<void> }
  }
  IdToken: {
    new (claims: object, about: { ctx: KoaContextWithOIDC }): { issue(how: { use: string }): Promise<string> }
    validate: Validate
    prototype: { set(this: object, name: string, value: unknown): void }
  }
  InitialAccessToken: { find: Find<object> }
  Interaction: { find: Find<Interaction> }
  Session: { find: Find<Session>; prototype: Saving }
}

/** What is done in place of methods of the library's models; `own` is the library's method. */
export interface Replacements {
  findClient(own: Find<Client>): Find<Client>
  findInvitation: Find<object>
  findInteraction(own: Find<Interaction>): Find<Interaction>
  findSession(own: Find<Session>): Find<Session>
  /** Stores a session; `from` is its cookie's value when the request began. */
  storeSession(session: Session, stored: { payload: AdapterPayload; born: boolean; from: string }): Promise<void>
  /** Tells whether a session gets another cookie where the library would give it one. */
  renewsCookie(): boolean
  /** Gets a session that the library has signed somebody in to. */
  signedIn(session: Session): void
  /** Gets each code and token that is about to be saved. */
  issues(issued: object): void
  refreshToken(): string
  /** Tells whether a proof or an assertion comes for the first time. */
  unique(issuer: string, jti: string, exp: number): Promise<boolean>
  verifyHint(own: Validate): Validate
  /** Tells whether a claim goes into an ID token. */
  tells(token: Making, claim: string): boolean
  withMapped: Told
  tellLogout(own: Logout): Logout
  urlFor(of: Answered, name: string, options?: Record<string, unknown>): string
  /** Returns whom clients' assertions may be made out to. */
  audiences(of: Answered): Set<string>
  acr(of: Answered): string | undefined
}

/** The models of a provider. */
export const inside = (provider: Provider): Inside => provider as unknown as Inside

/** Builds a client from metadata by the library's rules. Throws its InvalidClientMetadata. */
export async function makeClient(provider: Provider, metadata: ClientMetadata): Promise<Client> {
  const { Client } = inside(provider)
  await Client.validate(metadata)
  return new Client(metadata)
}

/** Signs an answer to an app as its client has it signed (JARM, 2.1). */
export function signAnswer(ctx: KoaContextWithOIDC, answer: object): Promise<string> {
  const { IdToken } = inside(ctx.oidc.provider)
  return Object.assign(new IdToken({}, { ctx }), { extra: answer }).issue({ use: 'authorization' })
}

/** Verifies an ID token of ours for a client, however old it is. Throws when it does not verify. */
export function verifyHint(provider: Provider, hint: string, client: Client): Promise<unknown> {
  return inside(provider).IdToken.validate(hint, client)
}

/** Tells an app that its backchannel request was answered, by the token that came with it (CIBA Core 1.0, 10.2). */
export function ping(provider: Provider, client: Client, answered: { jti: string; params: object }): Promise<void> {
  return client.backchannelPing(Object.assign(new provider.BackchannelAuthenticationRequest({} as never), answered))
}

/** Returns the secret that a form of the library's sign-out must post. */
export function signOutSecret(session: Session | undefined): string {
  return String(session?.state?.secret)
}
