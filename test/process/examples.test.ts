import { generateKeyPairSync } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { type Cast, serviceAccount } from '../support/examples/cast.ts';
import { casts } from '../support/examples/casts.ts';
import { Example } from '../support/examples/example.ts';
import { signJwt } from '../support/examples/verify-jwt.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { requireTool } from '../support/require-tool.ts';
import { AssertionVerifier } from '../support/saml/assertion-verifier.ts';
import { XmlReader } from '../support/soap/xml-reader.ts';
import { ServingTokenward } from '../support/tokenward-process.ts';

const examples = join(import.meta.dirname, '../../examples');
/** `make demo` runs the first two, the suite of the cluster the others. */
const runElsewhere = ['successfactors-learning.yaml', 'leonardo-iot.yaml', 'grants/successfactors-odata-cronjob.yaml'];

test('every example has servers that it is run against', () => {
  const files = globSync('**/*.yaml', { cwd: examples });
  expect(files.toSorted()).toEqual([...Object.keys(casts), ...runElsewhere].toSorted());
});

const java = requireTool('java', 'to verify SAML assertions before a token is issued');
const python = requireTool('python3', 'to read with expat what the SOAP service is sent');
const openssl = requireTool('openssl', 'to make the key pairs as the examples say');
const tools = java !== undefined && python !== undefined && openssl !== undefined;

describe.skipIf(!tools)('the examples, served as they stand but for the addresses', () => {
  const stack = new AsyncDisposableStack();
  let tokenward: ServingTokenward;

  beforeAll(async () => {
    if (!tools) return;
    const folder = mkdtempSync(join(tmpdir(), 'tokenward-examples-'));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const manifests = join(folder, 'manifests');
    mkdirSync(manifests);
    const cluster = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const authority = makeCertificate('the authority of the examples');
    const circumstances = {
      stack,
      verifier: stack.use(new AssertionVerifier(java)),
      xml: stack.use(new XmlReader(python)),
      serverCertificate: makeCertificate('login', { hosts: ['127.0.0.1'], issuer: authority }),
      clusterKey: cluster.publicKey.export({ type: 'spki', format: 'pem' }),
    };
    for (const [file, { start, mistake }] of Object.entries(casts)) {
      const name = basename(file, '.yaml');
      const example = new Example(join(examples, file), join(folder, name));
      const servers = await start(example, circumstances);
      writeFileSync(join(manifests, `${name}.yaml`), example.manifests(servers));
      writeFileSync(join(manifests, `${name}-mistaken.yaml`), example.mistaken(servers, `${name}-mistaken`, mistake));
    }
    const assertionFile = join(folder, 'service-account-token');
    writeFileSync(assertionFile, signJwt(serviceAccount, cluster.privateKey.export({ type: 'pkcs8', format: 'pem' })));
    const authorities = join(folder, 'authority.pem');
    writeFileSync(authorities, authority.certificate);
    tokenward = stack.use(
      new ServingTokenward(['-f', manifests, '--assertion-file', assertionFile, '--assertion-host', '127.0.0.1'], {
        env: { NODE_EXTRA_CA_CERTS: authorities },
      }),
    );
  });

  afterAll(() => stack.disposeAsync());

  async function callApi(
    alias: string,
    { call: line, body }: Cast,
  ): Promise<{ status: number; failure: string | undefined; body: string }> {
    const [method = '', path = ''] = line.split(' ');
    const options = body === undefined ? { method } : { method, body, headers: { 'Content-Type': 'text/xml; charset=utf-8' } };
    return call((await tokenward.urlOf(alias)) + path, options);
  }

  test.each(Object.entries(casts))('%s brings a token that its API takes', async (file, cast) => {
    expect(await callApi(basename(file, '.yaml'), cast)).toMatchObject({ status: 200, body: cast.answer });
  });

  test.each(Object.entries(casts))('%s with one word changed is refused, so its token server is strict', async (file, cast) => {
    const answer = await callApi(`${basename(file, '.yaml')}-mistaken`, cast);
    expect({ status: answer.status, failure: answer.failure }).toEqual({ status: 502, failure: 'token_rejected' });
  });
});
