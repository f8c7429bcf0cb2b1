import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf, credentialManifest, secretManifest } from '../../test/support/manifest.ts';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { readProjectedToken } from './projected-token.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'projected-token-'));
  await mkdir(join(folder, 'folder'));
});
afterAll(() => rm(folder, { recursive: true }));

const jwt = unsignedJwt({ sub: 'system:serviceaccount:hr:job' });
const hosts = ['login.example', '*.idp.example'];

async function read(text: string, tokenEndpoint: object = {}): ReturnType<typeof readProjectedToken> {
  const file = join(folder, 'token');
  await writeFile(file, text);
  return readProjectedToken({ file, hosts }, endpoint(tokenEndpoint));
}

function endpoint(fields: object): Parameters<typeof readProjectedToken>[1] {
  const spec = { tokenEndpoint: { url: 'https://login.example/token', ...fields } };
  return configOf(credentialManifest(spec), secretManifest({ 'client-secret': 's3cr3t' })).tokenEndpoint;
}

describe('readProjectedToken', () => {
  it('reads it afresh each time, without the line break at its end', async () => {
    const revealed = [];
    for (const text of [jwt, `${jwt}x\n`]) {
      const read_ = await read(text);
      revealed.push(read_.ok && read_.value.reveal());
    }
    expect(revealed).toEqual([jwt, `${jwt}x`]);
  });

  it.each(['https://login.example/token', 'https://LOGIN.example.:8443/token', 'https://eu.idp.example/token'])(
    'gives it to %s',
    async (url) => {
      expect(await read(jwt, { url })).toMatchObject({ ok: true });
    },
  );

  it.each([
    ['a host that is not named', { url: 'https://login.example.evil.example/token' }, 'login.example.evil.example'],
    ['the parent of a wildcard', { url: 'https://idp.example/token' }, 'idp.example'],
    ['a proxy that is not named', { proxy: { url: 'http://evil.example:3128' } }, 'evil.example'],
    ['a server of another name', { tls: { serverName: 'evil.example' } }, 'evil.example'],
  ])('refuses it to %s, and says which', async (_name, tokenEndpoint, host) => {
    expect(await read(jwt, tokenEndpoint)).toEqual({
      ok: false,
      failure: {
        code: 'token_not_requested',
        detail: `The projected service account token may not be sent to ${host}.`,
        hint: expect.stringContaining('tokenward.dev/assertion-hosts'),
      },
    });
  });

  it.each([
    ['an empty file', '\n', 'the file is empty'],
    ['a file that is too large', 'x'.repeat(64 * 1024 + 1), 'larger than 64 KiB'],
    ['a file that is something else', '-----BEGIN PRIVATE KEY-----', 'what the file holds is no token'],
    ['two tokens', `${jwt} ${jwt}`, 'what the file holds is no token'],
  ])('sends nothing of %s', async (_name, text, why) => {
    expect(await read(text)).toMatchObject({
      ok: false,
      failure: { detail: expect.stringContaining(why), hint: expect.stringContaining('tokenward.dev/assertion-audience') },
    });
  });

  it.each([
    ['no file', 'missing', 'there is no such file'],
    ['a folder', 'folder', 'it is no regular file'],
  ])('says that there is %s', async (_name, name, why) => {
    const result = await readProjectedToken({ file: join(folder, name), hosts }, endpoint({}));
    expect(result).toMatchObject({ ok: false, failure: { code: 'token_not_requested', detail: expect.stringContaining(why) } });
    expect(JSON.stringify(result)).not.toContain(folder);
  });

  it('says what to do where there is none at all', async () => {
    expect(await readProjectedToken(undefined, endpoint({}))).toMatchObject({
      ok: false,
      failure: { code: 'token_not_requested', hint: expect.stringMatching(/assertion-audience.*assertion-hosts.*--assertion-file/u) },
    });
  });
});
