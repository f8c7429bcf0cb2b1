import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canarySecret, findTraces } from '../support/canary.ts';
import { type HttpAnswer, httpAnswer } from '../support/http-answer.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { startRecordingServer } from '../support/recording-server.ts';
import { startSidecarProcess } from '../support/start-sidecar-process.ts';
import { unsignedJwt } from '../support/unsigned-jwt.ts';

const { key, certificate } = makeCertificate('acme', { rsaBits: 2048 });
const marked = (name: string): string => canarySecret(name);
const jwt = (name: string): string => unsignedJwt({ sub: marked(name) });
const keyed = { key, keyId: 'k1' };

/** Credentials whose secrets, and the assertions that are made with them, all carry the mark. */
const credentials: Readonly<Record<string, { readonly client?: object; readonly grant?: object }>> = {
  password: { grant: { type: 'Password', password: { username: 'admin', password: marked('password') } } },
  'refresh-token': { grant: { type: 'RefreshToken', refreshToken: { refreshToken: marked('refresh') } } },
  exchange: {
    grant: {
      type: 'TokenExchange',
      tokenExchange: {
        subjectToken: { value: jwt('subject') },
        subjectTokenType: 'urn:x',
        actorToken: { value: marked('actor') },
        actorTokenType: 'urn:y',
      },
    },
  },
  'projected-subject': {
    grant: { type: 'TokenExchange', tokenExchange: { subjectToken: { from: 'ProjectedToken' }, subjectTokenType: 'urn:x' } },
  },
  'jwt-supplied': { grant: { type: 'JWTBearer', jwtBearer: { supplied: jwt('supplied') } } },
  'jwt-signed': { grant: { type: 'JWTBearer', jwtBearer: { assertion: { subject: marked('subject'), ...keyed } } } },
  'saml-supplied': { grant: { type: 'SAML2Bearer', saml2Bearer: { supplied: `<saml:Assertion>${marked('saml')}</saml:Assertion>` } } },
  'saml-signed': {
    grant: {
      type: 'SAML2Bearer',
      saml2Bearer: { profile: 'SuccessFactors', companyId: 'acme', assertion: { nameID: marked('user'), key, certificate } },
    },
  },
  'client-jwt': { client: { authentication: 'ClientAssertion', clientAssertion: { value: jwt('client-jwt') } } },
  'projected-client': { client: { authentication: 'ClientAssertion', clientAssertion: { from: 'ProjectedToken' } } },
  'secret-jwt': { client: { authentication: 'ClientSecretJWT', secret: marked('hmac'), assertionAudience: marked('audience') } },
  'key-jwt': { client: { authentication: 'PrivateKeyJWT', privateKeyJWT: keyed, assertionAudience: marked('audience') } },
};

/** Those that cannot be signed with what is configured. */
const unusable: typeof credentials = {
  'no-key': { client: { authentication: 'PrivateKeyJWT', privateKeyJWT: { key: marked('no-key') } } },
  'damaged-key': {
    grant: { type: 'JWTBearer', jwtBearer: { assertion: { subject: 'u1', key: key.replace(/\n.{9}/, `\n${marked('key')}`) } } },
  },
  'no-saml-key': {
    grant: { type: 'SAML2Bearer', saml2Bearer: { assertion: { nameID: 'u1', key: marked('saml-key'), certificate } } },
  },
};

function xmlOf(value: string): string {
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.startsWith('<') ? text : value;
}

/** How a careless token endpoint quotes the fields that it got. */
const quotes: Readonly<Record<string, (fields: URLSearchParams, body: string) => string>> = {
  'as it came': (_fields, body) => body,
  decoded: (fields) => [...fields.values()].join(' '),
  'as JSON in JSON': (fields) => JSON.stringify(JSON.stringify([...fields])),
  'as the XML that it is': (fields) => [...fields.values()].map(xmlOf).join(' '),
  'in base64': (fields) => [...fields.values()].map((value) => Buffer.from(value).toString('base64')).join(' '),
  'in part': (fields) => [...fields.values()].map((value) => value.slice(5, -5)).join(' '),
};
const answers: readonly ((quote: string) => HttpAnswer)[] = [
  (quote) => ({
    status: 400,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ error: 'invalid_grant', error_description: quote }),
  }),
  (quote) => ({ status: 401, headers: { 'Content-Type': 'text/plain' }, body: `I got ${quote}` }),
];

test.each(Object.entries(quotes))(
  'no secret and no assertion is in a failure or the log where the token endpoint quotes them %s',
  async (_how, quote) => {
    const folder = await mkdtemp(join(tmpdir(), 'projected-'));
    await writeFile(join(folder, 'token'), jwt('projected'));
    const quoted: string[] = [];
    await using tokens = await startRecordingServer(({ target, body }) => {
      const text = quote(new URLSearchParams(body.toString()), body.toString());
      quoted.push(text);
      return httpAnswer(answers[Number(target.slice(1))]?.(text) ?? {});
    });
    const aliases = Object.entries({ ...credentials, ...unusable }).flatMap(([name, { client, grant }]) =>
      answers.map((_answer, index) => {
        const config = {
          version: 1,
          upstream: { url: 'http://127.0.0.1:1' },
          tokenEndpoint: { url: `${tokens.url}/${index}` },
          client: { id: 'acme', authentication: 'None', ...client },
          grant,
        };
        return [`${name}-${index}`, config] as const;
      }),
    );
    await using sidecar = await startSidecarProcess({
      configs: Object.fromEntries(aliases),
      args: ['--log-level', 'trace', '--assertion-file', join(folder, 'token'), '--assertion-host', '127.0.0.1'],
    });

    const keyLines = key.split('\n').filter((line) => !line.startsWith('-') && line !== '');
    const leaks = (text: string): string[] => [...findTraces(text), ...keyLines.filter((line) => text.includes(line))];
    for (const [alias] of aliases) {
      const answer = await call(`${sidecar.proxyUrl}/${alias}/orders`);
      const isUnusable = Object.keys(unusable).some((name) => alias.startsWith(name));
      expect([alias, answer.failure, leaks(JSON.stringify(answer))]).toEqual([
        alias,
        isUnusable ? 'token_not_requested' : 'token_rejected',
        [],
      ]);
    }
    expect(leaks((await call(`${sidecar.proxyUrl}/-/aliases`)).body)).toEqual([]);
    expect(leaks(sidecar.log.map((line) => JSON.stringify(line)).join('\n'))).toEqual([]);
    // It did quote what would have shown; of what is in base64 twice nothing would.
    expect(quoted).toHaveLength(Object.keys(credentials).length * answers.length);
    expect(quoted.filter((text) => findTraces(text).length > 0).length).toBeGreaterThanOrEqual(quoted.length / 4);
    await rm(folder, { recursive: true });
  },
);
