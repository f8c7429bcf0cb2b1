import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { samlAssertion, type SamlAssertionInput } from '../../sidecar/token/saml-assertion.ts';
import { askForToken } from '../support/ask-for-token.ts';
import { canarySecret } from '../support/canary.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { headerValue } from '../support/read-requests.ts';
import { requireTool } from '../support/require-tool.ts';
import { AssertionVerifier } from '../support/saml/assertion-verifier.ts';
import { startBtpTokenServer } from '../support/saml/btp-token-server.ts';
import { startSuccessFactorsTokenServer } from '../support/saml/successfactors-token-server.ts';
import type { SamlTokenServer } from '../support/saml/token-server.ts';
import { idp, keyPair, secretData, setSamlStage } from './saml-stage.ts';

const java = requireTool('java', 'to verify SAML assertions with javax.xml.crypto.dsig before a token is issued');

let verifier: AssertionVerifier;
beforeAll(() => {
  verifier = new AssertionVerifier(java ?? '');
});
afterAll(() => verifier[Symbol.asyncDispose]());

const apiKey = 'NTg4MDZkYmE';
const client = { id: apiKey, authentication: 'None' };
const successFactors = { profile: 'SuccessFactors', companyId: 'acme' };

const users = [
  { userId: 'sfadmin', userName: 'admin.user', email: 'admin@acme.example' },
  { userId: 'jöhn<&>"', userName: 'j ö' },
  { userId: 'learner', external: true },
];

const startSuccessFactors = (nowMs?: () => number): Promise<SamlTokenServer> =>
  startSuccessFactorsTokenServer({
    verifier,
    certificate: idp.certificate,
    clientId: apiKey,
    companyId: 'acme',
    users,
    ...(nowMs && { nowMs }),
  });

const grantWith = (assertion: Readonly<Record<string, unknown>>, profile: object = successFactors): Readonly<Record<string, unknown>> => ({
  type: 'SAML2Bearer',
  saml2Bearer: { ...profile, assertion: { ...keyPair, ...assertion } },
});

const admin = grantWith({ nameID: 'sfadmin' });

const refusedWith = (status: number): Buffer =>
  jsonAnswer({ error: { code: 'LGN0022', message: { lang: 'en-US', value: '[LGN0022]Authentication failed' } } }, { status });

function assertionMadeElsewhere(tokenUrl: string): string {
  const assertion: SamlAssertionInput['assertion'] = {
    nameID: 'sfadmin',
    nameIDType: 'UserID',
    attributes: [],
    lifetimeSeconds: 600,
    key: new Sensitive(idp.key),
    certificate: idp.certificate,
  };
  return samlAssertion({ profile: 'SuccessFactors', clientId: apiKey, tokenUrl, assertion }, { nowMs: Date.now(), id: 'elsewhere' });
}

describe.skipIf(java === undefined)('part B: SAML 2.0 bearer assertions', () => {
  test('B28 SuccessFactors: the form has client_id, company_id, grant_type and the assertion; no secret and no Authorization', async () => {
    const { request } = await askForToken({ path: '/oauth/token', client, grant: admin, secretData });
    const body = request.body.toString('latin1');
    expect(body.replace(/assertion=[\w%]+$/, 'assertion=…')).toBe(
      `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-bearer&client_id=${apiKey}&company_id=acme&assertion=…`,
    );
    expect(headerValue(request, 'authorization')).toBeUndefined();
    expect(headerValue(request, 'content-type')).toBe('application/x-www-form-urlencoded');
  });

  test('B28 SuccessFactors: a token server that verifies the assertion by another program issues a token, which the API takes', async () => {
    await using tokenServer = await startSuccessFactors();
    await using stage = await setSamlStage({ tokenServer, client, grant: admin });
    expect(await stage.callApi()).toBe('sfadmin');
    expect(await stage.callApi()).toBe('sfadmin');
    expect(tokenServer.forms).toHaveLength(1);
  });

  test.each([
    ['for another company', grantWith({ nameID: 'sfadmin' }, { ...successFactors, companyId: 'other' }), {}],
    ['for another audience', grantWith({ nameID: 'sfadmin', audience: 'api.other.example' }), {}],
    ['for another recipient', grantWith({ nameID: 'sfadmin', recipient: 'https://other.example/oauth/token' }), {}],
    ['for a user whom nobody knows', grantWith({ nameID: 'nobody' }), {}],
    ['of a client that nobody knows', admin, { id: 'other' }],
  ])('B28 SuccessFactors: an assertion %s gets no token, and the API is not called', async (_name, grant, other) => {
    await using tokenServer = await startSuccessFactors();
    await using stage = await setSamlStage({ tokenServer, client: { ...client, ...other }, grant });
    expect(await stage.callApi()).toBe('502 token_rejected');
    expect(tokenServer.refusals).toHaveLength(1);
    expect(stage.api.requests).toHaveLength(0);
  });

  test.each([
    ['a user id', { nameID: 'sfadmin' }, 'sfadmin'],
    ['a user id with what XML escapes', { nameID: 'jöhn<&>"' }, 'jöhn<&>"'],
    ['a user name', { nameID: 'admin.user', nameIDType: 'UserName' }, 'sfadmin'],
    ['an e-mail address', { nameID: 'admin@acme.example', nameIDType: 'EmailAddress' }, 'sfadmin'],
    ['a user whom only Learning knows', { nameID: 'learner', nameIDType: 'ExternalLearningUser' }, 'learner'],
  ])('B29 SuccessFactors: the subject is %s', async (_name, assertion, user) => {
    await using tokenServer = await startSuccessFactors();
    await using stage = await setSamlStage({ tokenServer, client, grant: grantWith(assertion) });
    expect(await stage.callApi()).toBe(user);
  });

  test('B30 SuccessFactors: another pod gets the same token, with the rest of its life', async () => {
    let nowMs = Date.now();
    await using tokenServer = await startSuccessFactors(() => nowMs);
    await using one = await setSamlStage({ tokenServer, client, grant: admin });
    expect(await one.callApi()).toBe('sfadmin');
    nowMs += 451_000;
    await using other = await setSamlStage({ tokenServer, client, grant: grantWith({ nameID: 'sfadmin', lifetimeSeconds: 1200 }) });
    expect(await other.callApi()).toBe('sfadmin');

    expect(headerValue(other.api.request, 'authorization')).toBe(headerValue(one.api.request, 'authorization'));
    const endsAtSeconds = await other.sidecar.metric('tokenward_token_expiry_timestamp_seconds{alias="api"}');
    expect(Math.abs(endsAtSeconds - Date.now() / 1000 - 85_949)).toBeLessThan(10);
  });

  test('B30 SuccessFactors: no call fails when the token that it gives again and again comes to its end, and it is asked seldom', async () => {
    const time = { aheadMs: 0 };
    await using tokenServer = await startSuccessFactors(() => Date.now() + time.aheadMs);
    // A token request that is under way in the background must not time out because the clocks jump ahead.
    const tokenEndpoint = { timeoutSeconds: 300 };
    await using stage = await setSamlStage({ tokenServer, tokenEndpoint, client, grant: admin });
    const pass = (ms: number): void => {
      time.aheadMs += ms;
      stage.sidecar.clock.pass(ms);
    };
    expect(await stage.callApi()).toBe('sfadmin');
    pass(86_400_000 - 330_000);
    for (let second = -330; second < 60; second += 2) {
      pass(2_000);
      expect(await stage.callApi(), `${second} s after its end`).toBe('sfadmin');
    }
    expect(tokenServer.forms.length).toBeLessThan(30);
  });

  test.each([
    ['a 401', httpAnswer({ status: 401 })],
    ['a 403 with LGN0022', refusedWith(403)],
    ['a 400 with LGN0022', refusedWith(400)],
  ])('B30 SuccessFactors: after %s of the API a fresh assertion asks for a new token', async (_name, refusal) => {
    await using tokenServer = await startSuccessFactors();
    const revoked = new Set<string>();
    await using stage = await setSamlStage({ tokenServer, client, grant: admin, revoked, refusal });
    expect(await stage.callApi()).toBe('sfadmin');
    revoked.add(headerValue(stage.api.request, 'authorization')?.slice('Bearer '.length) ?? '');

    expect(await stage.callApi()).toBe('sfadmin');
    expect(tokenServer.forms.map((form) => form.get('new_token'))).toEqual([null, 'true']);
    expect(new Set(tokenServer.assertions.map(({ id }) => id)).size).toBe(2);
    expect(stage.api.requests).toHaveLength(3);
  });

  test.each([
    ['XML', (xml: string) => xml],
    ['base64', (xml: string) => Buffer.from(xml).toString('base64')],
    ['base64url', (xml: string) => Buffer.from(xml).toString('base64url')],
  ])('B28 SuccessFactors: an assertion from a Secret, as %s', async (_form, write) => {
    await using tokenServer = await startSuccessFactors();
    const assertion = assertionMadeElsewhere(tokenServer.url);
    const grant = { type: 'SAML2Bearer', saml2Bearer: { ...successFactors, assertionRef: { name: 'acme-secret', key: 'assertion' } } };
    await using stage = await setSamlStage({ tokenServer, client, grant, secrets: { assertion: write(assertion) } });
    expect(await stage.callApi()).toBe('sfadmin');
  });

  const btp = { issuer: 'acme.idp.example', audience: 'https://acme.authentication.eu10.example' };
  const startBtp = (): Promise<SamlTokenServer> =>
    startBtpTokenServer({
      verifier,
      certificate: idp.certificate,
      clientId: 'sb-acme!t1|xsuaa',
      clientSecret: canarySecret('p+s%w:rd'),
      ...btp,
    });
  const btpClient = { id: 'sb-acme!t1|xsuaa' };

  test('B31 BTP: Basic of the token service user, base64url, and the attributes that were asked for', async () => {
    await using tokenServer = await startBtp();
    const attributes = [
      { name: 'Groups', value: 'a&b' },
      { name: 'mail', value: 'tech@acme.example' },
    ];
    const grant = grantWith({ nameID: 'tech@acme.example', nameIDType: 'EmailAddress', attributes, ...btp }, {});
    await using stage = await setSamlStage({ tokenServer, client: btpClient, grant });
    expect(await stage.callApi()).toBe('tech@acme.example');
    expect(tokenServer.assertions[0]?.attributes).toEqual(attributes.map(({ name, value }) => [name, value]));
  });

  test.each([
    ['with another issuer', { issuer: 'other.example' }],
    ['with the audience of SuccessFactors', { audience: 'www.successfactors.com' }],
  ])('B31 BTP: an assertion %s gets no token', async (_name, other) => {
    await using tokenServer = await startBtp();
    const grant = grantWith({ nameID: 'tech', ...btp, ...other }, {});
    await using stage = await setSamlStage({ tokenServer, client: btpClient, grant });
    expect(await stage.callApi()).toBe('502 token_rejected');
  });

  const key = createPrivateKey(idp.key);
  const pkcs8Body = key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
  test.each([
    ['PKCS#8', idp.key],
    ['PKCS#1', key.export({ type: 'pkcs1', format: 'pem' })],
    ['PEM whose line breaks are a backslash and an n', idp.key.replaceAll('\n', '\\n')],
    ['as SuccessFactors generates it', Buffer.from(`${pkcs8Body}###NTg4MDZkYmE`).toString('base64')],
    ['as SuccessFactors generates it, with a line break at its end', `${Buffer.from(`${pkcs8Body}###NTg4MDZkYmE`).toString('base64')}\n`],
  ])('B32 a private key: %s', async (_name, privateKey) => {
    await using tokenServer = await startSuccessFactors();
    await using stage = await setSamlStage({ tokenServer, client, grant: admin, secrets: { 'tls.key': privateKey } });
    expect(await stage.callApi()).toBe('sfadmin');
  });
});
