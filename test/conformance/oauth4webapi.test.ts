import { createServer } from 'node:http';
import * as oauth from 'oauth4webapi';
import { Provider } from 'oidc-provider/lib/provider.js';
import { describe, expect, it } from 'vitest';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { systemClock } from '../../crds/clock.ts';
import type { Attempt } from '../../sidecar/token/attempt.ts';
import { createTokenRequester } from '../../sidecar/token/create-token-requester.ts';
import { version } from '../support/ask-for-token.ts';
import { jsonAnswer } from '../support/http-answer.ts';
import { listenOnLoopback, type Listening } from '../support/listen-on-loopback.ts';
import { configOf, credentialManifest, secretManifest } from '../support/manifest.ts';
import { headerValue } from '../support/read-requests.ts';
import { startRecordingServer, type RecordedRequest } from '../support/recording-server.ts';

interface Client {
  readonly id: string;
  readonly secret: string;
  readonly authentication: 'ClientSecretBasic' | 'ClientSecretPost';
}

const resource = 'https://api.example/';

async function startProvider({ id, secret, authentication }: Client): Promise<Listening> {
  const server = createServer();
  const listening = await listenOnLoopback(server);
  const provider = new Provider(listening.url, {
    clients: [
      {
        client_id: id,
        client_secret: secret,
        token_endpoint_auth_method: authentication === 'ClientSecretBasic' ? 'client_secret_basic' : 'client_secret_post',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    ttl: { ClientCredentials: 900 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'api:read api:write', accessTokenTTL: 900, accessTokenFormat: 'jwt' }),
      },
    },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return listening;
}

/** Our request: the way of a manifest. */
async function askAsTokenward(url: string, client: Client, basicEncoding: SidecarConfig['client']['basicEncoding']): Promise<Attempt> {
  const { id, secret, authentication } = client;
  const spec = {
    tokenEndpoint: { url },
    client: { id, authentication, basicEncoding },
    grant: { scope: 'api:read', resource: [resource] },
  };
  const requester = createTokenRequester(
    configOf(credentialManifest(spec), secretManifest({ 'client-secret': secret })),
    systemClock,
    version,
  );
  try {
    return await requester(new AbortController().signal);
  } finally {
    requester.close();
  }
}

/** The same request by a client that follows the RFCs to the letter. */
async function askAsOauth4webapi(url: string, { id, secret, authentication }: Client): Promise<oauth.TokenEndpointResponse> {
  const server = { issuer: new URL(url).origin, token_endpoint: url };
  const shown = authentication === 'ClientSecretBasic' ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
  const parameters = { scope: 'api:read', resource };
  const options = { [oauth.allowInsecureRequests]: true };
  const response = await oauth.clientCredentialsGrantRequest(server, { client_id: id }, shown, parameters, options);
  return oauth.processClientCredentialsResponse(server, { client_id: id }, response);
}

/** What of a request its meaning depends on. */
function meaning(request: RecordedRequest | undefined) {
  if (!request) throw new Error('there was no such request');
  return {
    method: request.method,
    target: request.target,
    accept: headerValue(request, 'accept'),
    client: basicClient(headerValue(request, 'authorization')),
    contentType: headerValue(request, 'content-type')?.split(';')[0],
    parameters: [...new URLSearchParams(request.body.toString('utf8'))].map((parameter) => parameter.join('=')).toSorted(),
  };
}

/** Read as RFC 6749 section 2.3.1 has it; how much of it is percent-encoded is the sender's choice. */
function basicClient(authorization: string | undefined): readonly string[] | undefined {
  if (authorization === undefined) return undefined;
  expect(authorization).toMatch(/^Basic /);
  const pair = Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8').split(':');
  return pair.map((half) => new URLSearchParams(`v=${half}`).get('v') ?? '');
}

const plain = { id: 'acme', secret: 'a-secret-of-letters' };
const special = { id: 'sb-iot!b1|x', secret: 'p+s%w rd:&=' };

describe("part A: beside oauth4webapi's own client", () => {
  it.each([
    ['A16 a plain client by Basic, Raw', { ...plain, authentication: 'ClientSecretBasic' }, 'Raw'],
    ['A17 special characters by Basic, FormURLEncoded', { ...special, authentication: 'ClientSecretBasic' }, 'FormURLEncoded'],
    ['A6 special characters by ClientSecretPost', { ...special, authentication: 'ClientSecretPost' }, 'Raw'],
  ] as const)('%s: both get a token of oidc-provider', async (_name, client, basicEncoding) => {
    await using provider = await startProvider(client);
    const theirs = await askAsOauth4webapi(`${provider.url}/token`, client);
    const ours = await askAsTokenward(`${provider.url}/token`, client, basicEncoding);

    expect(theirs).toMatchObject({ expires_in: 900, scope: 'api:read' });
    expect(ours).toMatchObject({ ok: true, answer: { lifetimeMs: 900_000, tokenType: 'Bearer' } });
    // Two tokens, alike but for what is drawn by lot.
    const claims = [theirs.access_token, ours.ok ? ours.answer.accessToken.reveal() : ''].map(claimsOf);
    expect(claims[0]).toMatchObject({ client_id: client.id, aud: resource, scope: 'api:read' });
    expect(claims[1]).toMatchObject({ client_id: client.id, aud: resource, scope: 'api:read' });
  });

  it.each([
    ['A16 a plain client by Basic, Raw', { ...plain, authentication: 'ClientSecretBasic' }, 'Raw'],
    ['A17 special characters by Basic, FormURLEncoded', { ...special, authentication: 'ClientSecretBasic' }, 'FormURLEncoded'],
    ['A6 special characters by ClientSecretPost', { ...special, authentication: 'ClientSecretPost' }, 'Raw'],
  ] as const)('%s: both requests mean the same', async (_name, client, basicEncoding) => {
    await using server = await startRecordingServer(jsonAnswer({ access_token: 'tok', token_type: 'bearer', expires_in: 900 }));
    await askAsOauth4webapi(`${server.url}/token`, client);
    await askAsTokenward(`${server.url}/token`, client, basicEncoding);

    const [theirs, ours] = server.requests.map(meaning);
    expect(ours).toEqual(theirs);
  });

  it('A16 a wrong secret: oidc-provider answers invalid_client to us too', async () => {
    const client = { ...plain, authentication: 'ClientSecretBasic' } as const;
    await using provider = await startProvider(client);
    const attempt = await askAsTokenward(`${provider.url}/token`, { ...client, secret: 'another' }, 'Raw');
    expect(attempt).toMatchObject({ ok: false, retry: 'never', failure: { tokenEndpoint: { status: 401, error: 'invalid_client' } } });
  });
});

function claimsOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}
