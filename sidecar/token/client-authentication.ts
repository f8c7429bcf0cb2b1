import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenMaterial } from './token-material.ts';

type Client = SidecarConfig['client'];

/** A field of the token request before it is encoded. */
export type Field = readonly [name: string, value: string];

/** How a client shows who it is: by the Authorization header, by fields of the request, or by its bare identifier. */
export interface ShownClient {
  readonly authorization?: string;
  readonly fields: readonly Field[];
}

/** A way to authenticate at the token endpoint. RFC 6749 section 2.3. */
export type ClientAuthentication = (client: Client, material: TokenMaterial) => ShownClient;

/** `application/x-www-form-urlencoded` of one value. RFC 6749 appendix B. */
export function formURLEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1);
}

const basicEncodings: Record<Client['basicEncoding'], (value: string) => string> = {
  Raw: (value) => value,
  FormURLEncoded: formURLEncode,
};

/** The identifier that goes into the body, if there is one. Some servers know a client by another one there than in the header. */
function bodyId({ id, bodyId: other }: Client): readonly Field[] {
  const shown = other ?? id;
  return shown === undefined ? [] : [['client_id', shown]];
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
    fields: client.bodyId === undefined ? [] : bodyId(client),
  };
};

/** The identifier and the secret as fields of the request. RFC 6749 section 2.3.1. */
const ClientSecretPost: ClientAuthentication = (client) => ({
  fields: [...bodyId(client), ['client_secret', client.secret?.reveal() ?? '']],
});

/** A JWT stands for the client. RFC 7523 section 2.2; the identifier may go with it (RFC 7521 section 4.2), and Microsoft Entra ID wants it. */
const byAssertion: ClientAuthentication = (client, { clientAssertion }) => ({
  fields: [
    ...bodyId(client),
    ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    ['client_assertion', clientAssertion?.reveal() ?? ''],
  ],
});

/** The client only names itself: a public one (RFC 6749 section 3.2.1), or one that its certificate shows (RFC 8705 section 2). */
const byName: ClientAuthentication = (client) => ({ fields: bodyId(client) });

const clientAuthentications: Record<Client['authentication'], ClientAuthentication> = {
  ClientSecretBasic,
  ClientSecretPost,
  ClientSecretJWT: byAssertion,
  PrivateKeyJWT: byAssertion,
  ClientAssertion: byAssertion,
  TLSClientAuth: byName,
  None: byName,
};

/** What `client.authentication` names. */
export const clientAuthentication: ClientAuthentication = (client, material) =>
  clientAuthentications[client.authentication](client, material);
