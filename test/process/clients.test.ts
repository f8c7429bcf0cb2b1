import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { env } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installPythonPackage } from '../support/install-python-package.ts';
import { hasIpv6Loopback } from '../support/has-ipv6-loopback.ts';
import { digestOf } from '../support/pseudo-random-bytes.ts';
import { requireTool, skip } from '../support/require-tool.ts';
import { setStage, type Stage } from './stage.ts';

const run = promisify(execFile);
const clients = join(import.meta.dirname, 'clients');
const java = requireTool('java', 'to call the sidecar with java.net.http');
const python = requireTool('python3', "to call the sidecar with Python's requests");
const curl = requireTool('curl', 'to call the sidecar with curl');
const requests = python === undefined ? undefined : await installRequests(python);

const large = Buffer.from(Array.from({ length: 8 * 1024 ** 2 }, (_, i) => i % 251));
const largeDigest = `${large.length} ${createHash('sha1').update(large).digest('hex')}`;
const digestOfText = (body: string): string => `${body.length} ${createHash('sha1').update(body).digest('hex')}`;

let stage: Stage;
/** Names of headers that the API got and that are for one connection only. */
const hopByHop: string[] = [];

beforeAll(async () => {
  stage = await setStage({ respond });
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  hopByHop.length = 0;
});

/** Says what it got. */
async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { length, sha1 } = await digestOf(request);
  hopByHop.push(...Object.keys(request.headers).filter((name) => ['upgrade', 'http2-settings', 'expect', 'te'].includes(name)));
  response.end(`${request.method} ${request.url} ${length} ${sha1}\n`);
}

describe.skipIf(java === undefined)('java.net.http', () => {
  test('is served with HTTP/1.1 though it offers h2c: small and large bodies, with a length and without, and in parallel', async () => {
    const { stdout } = await run(java ?? '', [join(clients, 'JavaClient.java'), stage.url]);
    expect(linesOf(stdout)).toEqual([
      `200 HTTP_1_1 GET /get?a=b%20c ${digestOfText('')}`,
      `200 HTTP_1_1 POST /post ${digestOfText('<envelope/>')}`,
      `200 HTTP_1_1 POST /known-length ${largeDigest}`,
      `200 HTTP_1_1 POST /streamed ${largeDigest}`,
      `200 HTTP_1_1 PUT /expect ${largeDigest}`,
      ...Array.from({ length: 50 }, () => `200 HTTP_1_1 GET /parallel ${digestOfText('')}`),
    ]);
    expect(hopByHop).toEqual([]);
  });
});

describe.skipIf(python === undefined || requests === undefined)("Python's requests", () => {
  test('is served: a query, JSON, bodies with a length and without, and a session that keeps its connection', async () => {
    const { stdout } = await run(python ?? '', [join(clients, 'python-client.py'), stage.url], {
      env: { ...env, PYTHONPATH: requests },
    });
    expect(linesOf(stdout)).toEqual([
      `200 GET /get?a=b+c ${digestOfText('')}`,
      `200 POST /post ${digestOfText('<envelope/>')}`,
      `200 POST /json ${digestOfText('{"a": 1}')}`,
      `200 PUT /known-length ${largeDigest}`,
      `200 PUT /streamed ${largeDigest}`,
      ...Array.from({ length: 20 }, () => `200 GET /kept-alive ${digestOfText('')}`),
    ]);
    expect(hopByHop).toEqual([]);
  });
});

describe.skipIf(curl === undefined)('curl', () => {
  const call = async (...args: string[]): Promise<string> =>
    (await run(curl ?? '', ['--silent', '--show-error', '--fail', ...args])).stdout;

  test('is served: a query and a form', async () => {
    expect(await call(`${stage.url}/get?a=b%20c`)).toBe(`GET /get?a=b%20c ${digestOfText('')}\n`);
    expect(await call('--data', 'a=b', `${stage.url}/form`)).toBe(`POST /form ${digestOfText('a=b')}\n`);
  });

  test('is served a large body for which it wants to hear 100 Continue, with a length and chunked', async () => {
    for (const header of ['Content-Type: text/plain', 'Transfer-Encoding: chunked']) {
      const uploading = run(curl ?? '', [
        '--silent',
        '--show-error',
        '--fail',
        '--verbose',
        '--header',
        'Expect: 100-continue',
        '--header',
        header,
        '--data-binary',
        '@-',
        stage.url,
      ]);
      uploading.child.stdin?.end(large);
      const { stdout, stderr } = await uploading;
      expect(stdout).toBe(`POST / ${largeDigest}\n`);
      expect(stderr).toContain('< HTTP/1.1 100 Continue');
    }
    expect(hopByHop).toEqual([]);
  });

  test('is served by name, and over the IPv6 loopback where there is one', async () => {
    const port = stage.sidecar.proxyPort;
    for (const host of ['127.0.0.1', 'localhost', ...(hasIpv6Loopback() ? ['[::1]'] : [])]) {
      expect(await call(`http://${host}:${port}/a/get`)).toBe(`GET /get ${digestOfText('')}\n`);
    }
  });
});

function linesOf(text: string): string[] {
  return text.split(/\n+/).filter((line) => line !== '');
}

async function installRequests(withPython: string): Promise<string | undefined> {
  try {
    return await installPythonPackage(withPython, 'requests==2.34.2');
  } catch (error) {
    return skip(`Python's requests cannot be installed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
