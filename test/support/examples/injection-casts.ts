import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from '../listen-on-loopback.ts';
import type { VerifyToken } from '../resource-server.ts';
import { Refusal } from '../saml/token-server.ts';
import type { XmlReader } from '../soap/xml-reader.ts';
import { type Cast, clientSecret } from './cast.ts';
import { startOidcTokenServer } from './oidc-token-server.ts';

/** Of examples/injection, by the file's name. */
export const injectionCasts: Readonly<Record<string, Cast>> = {
  'injection/soap-header.yaml': {
    call: 'POST /catalogue',
    body: '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body><GetItem xmlns="urn:acme:items"/></s:Body></s:Envelope>',
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: async (_example, { stack, xml }) => {
      const client = { client_id: 'acme', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' };
      const tokens = stack.use(await startOidcTokenServer({ client }));
      return { tokens: tokens.url, api: await startSoapApi(stack, xml, tokens.verifyToken) };
    },
  },
};

/** A SOAP service that finds the token in the envelope's Header, read by another parser than ours. */
async function startSoapApi(stack: AsyncDisposableStack, xml: XmlReader, verifyToken: VerifyToken): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<string> => {
      const reading = await xml.read(await buffer(request));
      if ('error' in reading) throw new Refusal(reading.error);
      const start = reading.events.findIndex(([kind, name]) => kind === 'start' && name === 'urn:acme:auth AccessToken');
      const [kind, token = ''] = reading.events[start + 1] ?? [];
      if (start === -1 || kind !== 'text' || request.headers.authorization !== undefined) throw new Refusal('no token');
      return (await verifyToken(token))?.clientId ?? '';
    };
    answer().then(
      (body) => response.end(body),
      (error: unknown) => response.writeHead(401).end(String(error)),
    );
  });
  return stack.use(await listenOnLoopback(server)).url;
}
