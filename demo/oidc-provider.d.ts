// oidc-provider brings no types of its own; this is the little that is used here.
declare module 'oidc-provider/lib/provider.js' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    readonly Client: { find(id: string): Promise<object | undefined> };
    readonly Grant: new (properties: object) => { addOIDCScope(scope: string): void; save(): Promise<string> };
    readonly RefreshToken: new (properties: object) => { save(): Promise<string> };
  }
}

declare module 'oidc-provider/lib/helpers/errors.js' {
  /** RFC 8707 section 2. */
  export class InvalidTarget extends Error {}
}
