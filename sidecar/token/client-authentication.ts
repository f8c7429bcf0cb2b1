import type { SidecarConfig } from '../../crds/sidecar-config.ts';

type Client = SidecarConfig['client'];

/** A field of the token request before it is encoded. */
export type Field = readonly [name: string, value: string];

/** How a client shows who it is: by the Authorization header, by fields of the request, or by its bare identifier. */
export interface ShownClient {
  readonly authorization?: string;
  readonly fields: readonly Field[];
}

/** A way to authenticate at the token endpoint. RFC 6749 section 2.3. */
export type ClientAuthentication = (client: Client) => ShownClient;

/** `application/x-www-form-urlencoded` of one value. RFC 6749 appendix B. */
export function formURLEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1);
}

const basicEncodings: Record<Client['basicEncoding'], (value: string) => string> = {
  Raw: (value) => value,
  FormURLEncoded: formURLEncode,
};

/** The identifier that goes into the body. Some servers know a client by another one there than in the header. */
function bodyId(client: Client): Field {
  return ['client_id', client.bodyId ?? client.id ?? ''];
}

/**
 * HTTP Basic, RFC 6749 section 2.3.1: the secret is in the header alone. The RFC wants both halves form-encoded first; servers
 * that do not decode them want them as they are, which is `basicEncoding: Raw`.
 */
const ClientSecretBasic: ClientAuthentication = (client) => {
  const encode = basicEncodings[client.basicEncoding];
  const userPass = `${encode(client.id ?? '')}:${encode(client.secret?.reveal() ?? '')}`;
  return {
    authorization: `Basic ${Buffer.from(userPass, 'utf8').toString('base64')}`,
    fields: client.bodyId === undefined ? [] : [bodyId(client)],
  };
};

/** The identifier and the secret as fields of the request. RFC 6749 section 2.3.1. */
const ClientSecretPost: ClientAuthentication = (client) => ({
  fields: [bodyId(client), ['client_secret', client.secret?.reveal() ?? '']],
});

/** A public client only names itself. RFC 6749 section 3.2.1. */
const None: ClientAuthentication = (client) => ({ fields: [bodyId(client)] });

const clientAuthentications: Record<Client['authentication'], ClientAuthentication> = { ClientSecretBasic, ClientSecretPost, None };

/** What `client.authentication` names. */
export const clientAuthentication: ClientAuthentication = (client) => clientAuthentications[client.authentication](client);
