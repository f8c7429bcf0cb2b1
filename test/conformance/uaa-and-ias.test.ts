import { describe, expect, it } from 'vitest';
import { canarySecret } from '../support/canary.ts';
import { check, credentialManifest, secretManifest } from '../support/manifest.ts';
import { startIas, startUaa, type BasicClient } from '../support/sap-token-servers.ts';
import { setProviderStage, type Outcome } from './provider-stage.ts';

/** How a client may be declared. */
const encodings = {
  Raw: { client: { basicEncoding: 'Raw' }, tokenEndpoint: {} },
  FormURLEncoded: { client: { basicEncoding: 'FormURLEncoded' }, tokenEndpoint: {} },
  'FormURLEncoded, and UAA is told': {
    client: { basicEncoding: 'FormURLEncoded' },
    tokenEndpoint: { parameters: [{ name: 'X-CF-ENCODED-CREDENTIALS', value: 'true', in: 'Header' }] },
  },
} as const;

type Encoding = keyof typeof encodings;

const servers = {
  UAA: (client: BasicClient) => startUaa(client),
  'UAA without its compatibility mode': (client: BasicClient) => startUaa(client, { compatible: false }),
  IAS: startIas,
} as const;

type Server = keyof typeof servers;

async function outcomeAt(server: Server, encoding: Encoding, { id, secret }: BasicClient): Promise<Outcome> {
  await using endpoint = await servers[server]({ id, secret });
  const { client, tokenEndpoint } = encodings[encoding];
  await using stage = await setProviderStage({
    verifyToken: (token) => endpoint.verifyToken(token),
    tokenEndpoint: { url: endpoint.url, ...tokenEndpoint },
    client: { id, ...client },
    secrets: { 'client-secret': secret },
  });
  return stage.callApi();
}

const ends = (secret: string): string => canarySecret(secret);

/** What stands in id or secret, and what a server that decodes makes of it if it is not encoded. */
const clients: readonly (readonly [what: string, client: BasicClient, survivesDecoding: boolean])[] = [
  ['! and |, as XSUAA gives them', { id: 'sb-iot!b1|acme!b2', secret: ends('s!e|c') }, true],
  ['a space', { id: 'acme job', secret: ends('a b') }, true],
  ['letters beyond ASCII', { id: 'müller', secret: ends('pä€\u{1f511}') }, true],
  ['a colon in the secret', { id: 'acme', secret: ends('a:b') }, true],
  ['a plus', { id: 'acme+job', secret: ends('a+b') }, false],
  ['a percent sign', { id: 'acme', secret: ends('100%w') }, false],
  ['a percent sign before two digits', { id: 'acme', secret: ends('a%41') }, false],
];

const gotToken = ({ id }: BasicClient) => ({ status: 200, claims: { clientId: id } });
const refused = (hint: string) => ({ code: 'token_rejected', hint: expect.stringContaining(hint) as unknown });

describe('part A: special characters by Basic, at UAA and at IAS', () => {
  it.each(clients)('A16 %s: UAA takes them Raw; form-encoded it has to be told, which the hint says', async (_what, client) => {
    expect(await outcomeAt('UAA', 'Raw', client)).toMatchObject(gotToken(client));
    expect(await outcomeAt('UAA', 'FormURLEncoded', client)).toMatchObject(refused('X-CF-ENCODED-CREDENTIALS'));
    expect(await outcomeAt('UAA', 'FormURLEncoded, and UAA is told', client)).toMatchObject(gotToken(client));
  });

  it.each(clients)('A17 %s: IAS decodes them', async (_what, client, survivesDecoding) => {
    expect(await outcomeAt('IAS', 'FormURLEncoded', client)).toMatchObject(gotToken(client));
    const raw = survivesDecoding ? gotToken(client) : refused('client.basicEncoding: FormURLEncoded');
    expect(await outcomeAt('IAS', 'Raw', client)).toMatchObject(raw);
  });

  it.each(clients)('A17 %s: form-encoded and told, a UAA of either mode takes them', async (_what, client, survivesDecoding) => {
    const told = 'FormURLEncoded, and UAA is told';
    expect(await outcomeAt('UAA without its compatibility mode', told, client)).toMatchObject(gotToken(client));
    const raw = survivesDecoding ? gotToken(client) : refused('client.basicEncoding: FormURLEncoded');
    expect(await outcomeAt('UAA without its compatibility mode', 'Raw', client)).toMatchObject(raw);
  });

  it('A17 a colon in the id: Raw is refused before anything is sent, and form-encoded it works', async () => {
    const client = { id: 'acme:job', secret: canarySecret('colon') };
    const spec = { tokenEndpoint: { url: 'https://idp.acme.example/token' }, client: { id: client.id } };
    const { problems } = check(credentialManifest(spec), secretManifest({ 'client-secret': client.secret }));
    expect(problems).toMatchObject([{ message: expect.stringContaining('set spec.client.basicEncoding: FormURLEncoded') }]);

    expect(await outcomeAt('IAS', 'FormURLEncoded', client)).toMatchObject(gotToken(client));
    expect(await outcomeAt('UAA', 'FormURLEncoded, and UAA is told', client)).toMatchObject(gotToken(client));
  });

  it.each(Object.keys(servers) as Server[])('A16 A17 letters and digits alone: %s takes them by any encoding', async (server) => {
    const client = { id: 'acme', secret: canarySecret('plain') };
    for (const encoding of Object.keys(encodings) as Encoding[]) {
      expect(await outcomeAt(server, encoding, client)).toMatchObject(gotToken(client));
    }
  });
});
