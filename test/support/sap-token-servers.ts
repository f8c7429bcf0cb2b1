import { expectFields, startTokenEndpoint, type TokenEndpoint } from './examples/token-endpoint.ts';
import { Refusal } from './saml/token-server.ts';

export interface BasicClient {
  readonly id: string;
  readonly secret: string;
}

type Halves = readonly [id: string, secret: string];

/**
 * The UAA of Cloud Foundry, and so XSUAA: it takes what stands in the Basic header as it is, unless the request says that it is encoded.
 * One that runs without its compatibility mode always decodes. A query is refused (`jwt.token.queryString.enabled: false`).
 */
export function startUaa(client: BasicClient, { compatible = true } = {}): Promise<TokenEndpoint> {
  return startTokenEndpoint({
    path: '/oauth/token',
    admit: ({ request: { headers }, form }) => {
      expectFields(form, { grant_type: 'client_credentials' });
      const isEncoded = headers['x-cf-encoded-credentials']?.toString().toLowerCase() === 'true' || !compatible;
      return authenticated(client, halves(headers.authorization), isEncoded);
    },
    queryRefusal: new Refusal("Request method 'POST' is not supported", 405),
    describe: ({ status, message }) =>
      status === 405
        ? { error: 'method_not_allowed', error_description: message }
        : { error: 'unauthorized', error_description: 'Bad credentials' },
  });
}

/** SAP Cloud Identity Services: id and secret have to be form-encoded, as RFC 6749 section 2.3.1 has it. */
export function startIas(client: BasicClient): Promise<TokenEndpoint> {
  return startTokenEndpoint({
    path: '/oauth2/token',
    admit: ({ request: { headers }, form }) => {
      expectFields(form, { grant_type: 'client_credentials' });
      return authenticated(client, halves(headers.authorization), true);
    },
    describe: () => ({ error: 'invalid_client', error_description: 'Client authentication failed' }),
  });
}

/** RFC 7617 section 2: the first colon ends the id. */
function halves(authorization: string | undefined): Halves {
  const [, base64 = ''] = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(authorization ?? '') ?? [];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'))) ?? [];
  if (id === undefined || secret === undefined) throw new Refusal('not Basic');
  return [id, secret];
}

function authenticated(client: BasicClient, pair: Halves, isEncoded: boolean): string {
  const [id, secret] = isEncoded ? pair.map(formDecode) : pair;
  if (id !== client.id || secret !== client.secret) throw new Refusal('another id or secret');
  return client.id;
}

/** As `java.net.URLDecoder`, which refuses a percent sign that begins no octet. */
function formDecode(half: string): string {
  try {
    return decodeURIComponent(half.replaceAll('+', ' '));
  } catch {
    throw new Refusal('not encoded');
  }
}
