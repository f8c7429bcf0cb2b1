import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Examination } from '../../doctor/examination.ts';
import { canaryToken, findTraces } from '../support/canary.ts';
import { freePort } from '../support/free-port.ts';
import { startResourceServer } from '../support/resource-server.ts';
import { runDoctor } from '../support/run-doctor.ts';
import { serve } from '../support/serve.ts';
import { testConfig } from '../support/sidecar-config.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';

describe('the doctor in the sidecar', () => {
  it('goes the way of a call, with the configuration that the kubelet has laid out, and shows no secret', async () => {
    await using issuer = await startTokenIssuer();
    await using api = await startResourceServer({
      verifyToken: (token) => (issuer.isValid(token) ? { clientId: 'acme' } : undefined),
      respond: (_request, response) => void response.end(),
    });
    const configs = { lms: testConfig({ upstream: api.url, tokenEndpoint: issuer.url }) };
    const { code, stdout, stderr } = await runDoctor('lms', { configs, args: ['--path', '/users'] });
    expect(stdout.split('\n').filter((line) => /^\w/.test(line))).toEqual([
      'Credential',
      'Token endpoint',
      'API',
      expect.stringMatching(/^Verdict: The API 127\.0\.0\.1:\d+ took the token/),
    ]);
    expect([code, stderr, api.served]).toEqual([0, '', 1]);
    expect(findTraces(stdout)).toEqual([]);

    const asJson = await runDoctor('lms', { configs, args: ['--json'] });
    expect(JSON.parse(asJson.stdout) as Examination).toMatchObject({ version: 1, alias: 'lms', verdict: { code: 'works' } });
    const lines = (await runDoctor('lms', { configs, args: ['--json-lines'] })).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines.slice(0, -1).every((line) => 'step' in line)).toBe(true);
    expect(lines.at(-1)).toMatchObject({ examination: { verdict: { code: 'works' } } });
  });

  it('says by its exit code who said no', async () => {
    await using issuer = await startTokenIssuer();
    await using refusing = await serve((_request, response) => void response.writeHead(401).end());
    const closed = `http://127.0.0.1:${await freePort()}`;
    const configs = {
      credential: { version: 1, invalid: 'spec.grant.scope: is no JSON' },
      allow: testConfig({ upstream: { url: refusing.url, allow: [{ paths: ['/users'] }] }, tokenEndpoint: issuer.url }),
      network: testConfig({ upstream: refusing.url, tokenEndpoint: closed }),
      api: testConfig({ upstream: refusing.url, tokenEndpoint: issuer.url }),
      endpoint: testConfig({
        upstream: refusing.url,
        tokenEndpoint: refusing.url,
        client: { id: 'acme', authentication: 'None', secret: undefined },
      }),
    };
    const codes = await Promise.all(
      Object.keys(configs).map(async (alias) => (await runDoctor(alias, { configs, args: ['--path', '/x', '--no-probe'] })).code),
    );
    expect(codes).toEqual([1, 1, 3, 5, 4]);
    expect((await runDoctor('none', { configs })).code).toBe(1);
  });

  it('answers a mistake in the arguments with exit code 2 and its usage', async () => {
    const { code, stdout, stderr } = await runDoctor('a', { args: ['--path', 'https://api.example'] });
    expect(stderr).toMatch(/^error: --path is what follows upstream\.url.*\n\nUsage: doctor ALIAS/s);
    expect([code, stdout]).toEqual([2, '']);
    expect(await runDoctor('a', { args: ['--help'] })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: doctor ALIAS/) });
  });

  it('needs little memory, however much it is sent', async () => {
    await using flood = await serve((_request, response) => pour(response, 64));
    await using endless = await serve((request, response) => {
      if (request.url === '/token') {
        response.end(JSON.stringify({ access_token: canaryToken('flood'), expires_in: 60, more: 'x'.repeat(900_000) }));
        return;
      }
      response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${'x'.repeat(8000)}"` });
      pour(response, 64);
    });
    const configs = {
      flood: testConfig({ upstream: flood.url, tokenEndpoint: flood.url }),
      endless: testConfig({ upstream: endless.url, tokenEndpoint: `${endless.url}/token` }),
    };
    const nodeArgs = ['--max-old-space-size=24', '--max-semi-space-size=1'];
    const [token, api] = await Promise.all(Object.keys(configs).map((alias) => runDoctor(alias, { configs, nodeArgs })));
    expect([token?.code, token?.stderr]).toEqual([4, '']);
    expect([api?.code, api?.stderr]).toEqual([5, '']);
    expect(api?.stdout).toMatch(/Verdict: The API .* refused the token/);
    expect(findTraces(`${token?.stdout}${api?.stdout}`)).toEqual([]);
  });
});

/** So many megabytes, unless the other side has enough before. */
function pour(response: ServerResponse, megabytes: number): void {
  if (megabytes === 0 || response.destroyed) return void response.end();
  response.write(Buffer.alloc(1024 * 1024, 'y'), () => pour(response, megabytes - 1));
}
