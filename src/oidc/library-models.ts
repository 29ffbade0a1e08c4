import type { Context } from 'koa'
import type { AdapterPayload, Client, ClientMetadata, Interaction, KoaContextWithOIDC, Session } from 'oidc-provider'

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
export interface Inside {
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
