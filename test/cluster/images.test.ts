import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../crds/version.ts';
import { type BuiltImage, buildImages } from '../../images/build-images.ts';
import { moduleListFile } from '../../images/build.ts';
import type { SpdxDocument } from '../../images/describe-image.ts';
import { requireTool } from '../support/require-tool.ts';

const run = promisify(execFile);
const tools = [
  requireTool('buildah', 'to build the images'),
  requireTool('unshare', 'to run an image'),
  requireTool('chroot', 'to run an image'),
];

interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly digest: string;
}

interface Unpacked extends BuiltImage {
  readonly name: string;
  readonly rootFolder: string;
  readonly digest: string;
  readonly config: ImageConfig;
}

describe.skipIf(tools.includes(undefined))('the images', () => {
  let folder = '';
  let images: readonly Unpacked[] = [];
  const lines: string[] = [];
  const sidecar = (): Unpacked => images.find(({ name }) => name === 'sidecar') ?? expect.fail('there is no image of the sidecar');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tokenward-images-'));
    images = await Promise.all((await buildImages((line) => lines.push(line))).map((image) => unpack(image, folder)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('tell their size, and are small', () => {
    expect(images.map(({ name }) => name)).toEqual(['sidecar', 'operator']);
    for (const { reference } of images)
      expect(lines.join('\n')).toMatch(new RegExp(`^${reference} sha256:[0-9a-f]{64} .* MB packed$`, 'm'));
    const packed = lines.map((line) => Number(/([\d.]+) MB packed/.exec(line)?.[1]));
    for (const megabytes of packed) expect(megabytes).toBeLessThan(60);
  });

  it('are labelled with their version and the revision that they were built from', async () => {
    for (const { name, config } of images) {
      expect(config.Labels).toMatchObject({
        'org.opencontainers.image.title': `tokenward-${name}`,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      });
      const revision = config.Labels['org.opencontainers.image.revision'] ?? '';
      const { stdout } = await run('git', ['cat-file', '-t', revision], { cwd: import.meta.dirname });
      expect(stdout).toBe('commit\n');
    }
  });

  it('run as a user that is not root and that they do not share', () => {
    const users = images.map(({ config }) => config.User);
    expect(users).toContain('14080:14080');
    expect(new Set(users).size).toBe(users.length);
    for (const user of users) expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('hold one program and no shell, no package manager, nothing set-uid and nothing that a user may write', async () => {
    for (const { rootFolder, config } of images) {
      const programs = (await executables(rootFolder)).filter((path) => !/^lib.*\.so[.\d]*$/.test(path));
      expect(programs).toEqual(['usr/bin/node']);
      expect(config.Entrypoint[0]).toBe('/usr/bin/node');
      const { stdout } = await run('find', [
        rootFolder,
        '-mindepth',
        '1',
        '(',
        '-perm',
        '/6000',
        '-o',
        '-perm',
        '/0022',
        '!',
        '-type',
        'l',
        ')',
        '-printf',
        '%P\n',
      ]);
      expect(stdout.trim()).toBe('tmp');
    }
  });

  it('the sidecar starts on a read-only root as an id that no passwd names, and answers', async () => {
    const { rootFolder, config } = sidecar();
    const [program = '', ...flags] = config.Entrypoint;
    const args = [...flags, '--config-dir', '/etc/tokenward', '--alias', 'lms', '--proxy-port', '0', '--admin-port', '0'];
    const child = spawn(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', readOnlyRoot, 'sh', rootFolder, program, ...args],
      { env: {} },
    );
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    try {
      const { admin, proxy } = await firstLine(child.stdout, () => stderr);
      expect(await (await fetch(`${admin}/healthz`)).text()).toBe('ok\n');
      expect((await fetch(`${admin}/readyz`)).status).toBe(200);
      const answer = await fetch(`${proxy}/lms/anything`);
      expect([answer.status, answer.headers.get('tokenward-error')]).toEqual([503, 'credential_pending']);
    } finally {
      // Not unshare itself: what runs under it has changed its user, and so forgotten that it was to die with its parent.
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
      for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    }
    await ended;
  });

  it('each comes with a sound SPDX document that describes it and all that is in it', async () => {
    const modules = JSON.parse(await readFile(moduleListFile, 'utf8')) as Readonly<Record<string, readonly string[]>>;
    for (const { name, sbom, digest, rootFolder } of images) {
      const document = JSON.parse(await readFile(sbom, 'utf8')) as SpdxDocument;
      expect(document).toMatchObject({ spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT' });
      expect(document.documentNamespace).toMatch(/^https:\/\/[^#\s]+$/);
      expect(document.creationInfo.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

      const ids = document.packages.map(({ SPDXID }) => SPDXID);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
      // All are reached from the document, each once.
      const described = document.relationships.map(({ relatedSpdxElement }) => relatedSpdxElement);
      expect(described.toSorted()).toEqual(ids.toSorted());
      for (const { spdxElementId } of document.relationships) expect(['SPDXRef-DOCUMENT', ...ids]).toContain(spdxElementId);

      const purls = document.packages.flatMap(({ externalRefs }) => externalRefs.map(({ referenceLocator }) => referenceLocator));
      expect(purls).toContain(`pkg:oci/${name}@${encodeURIComponent(digest)}?arch=${architecture}&tag=${version}`);
      expect(purls).toContain(`pkg:generic/node@${process.versions.node}`);
      expect(purls).toContain(`pkg:generic/openssl@${process.versions.openssl}`);
      const bundled = (modules[`dist/${name}.mjs`] ?? []).flatMap(
        (module) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? [],
      );
      expect(bundled.length).toBeGreaterThan(0);
      for (const dependency of bundled) expect(purls.join('\n')).toContain(`pkg:npm/${dependency.replace('@', '%40')}@`);
      const debian = await readdir(join(rootFolder, 'usr/share/doc'));
      for (const library of debian.filter((each) => each !== 'tokenward')) {
        expect(purls.join('\n')).toContain(`pkg:deb/debian/${encodeURIComponent(library)}@`);
      }
    }
  });
});

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** As a kubelet does it with `readOnlyRootFilesystem` on OpenShift: an id of the namespace's range, in group 0. */
const readOnlyRoot = `
  root=$1; shift
  mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && exec chroot --userspec=1000680000:0 --groups=0 "$root" "$@"`;

/** Lays an archive's layers over each other, as a container runtime does, and checks every blob against its digest. */
async function unpack(image: BuiltImage, folder: string): Promise<Unpacked> {
  const name = basename(image.archive, '.tar');
  const layout = join(folder, `${name}-layout`);
  const rootFolder = join(folder, name);
  for (const directory of [layout, rootFolder]) await mkdir(directory);
  await run('tar', ['--extract', '--file', image.archive, '--directory', layout]);
  const fileOf = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'));
  const read = async <T>(digest: string): Promise<T> => {
    const bytes = await readFile(fileOf(digest));
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    return JSON.parse(bytes.toString()) as T;
  };
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: readonly Descriptor[] };
  const [{ digest } = { digest: '' }] = index.manifests;
  const manifest = await read<{ config: Descriptor; layers: readonly Descriptor[] }>(digest);
  for (const layer of manifest.layers) await run('tar', ['--extract', '--gzip', '--file', fileOf(layer.digest), '--directory', rootFolder]);
  const { config } = await read<{ config: ImageConfig }>(manifest.config.digest);
  return { ...image, name, rootFolder, digest, config };
}

async function executables(rootFolder: string): Promise<readonly string[]> {
  const { stdout } = await run('find', [rootFolder, '-type', 'f', '-perm', '/0111', '-printf', '%P\n']);
  return stdout.trim().split('\n').toSorted();
}

async function firstLine(stream: Readable, stderr: () => string): Promise<{ readonly proxy: string; readonly admin: string }> {
  for await (const line of createInterface({ input: stream })) {
    const entry = JSON.parse(line) as { readonly msg: string; readonly proxy: string; readonly admin: string };
    if (entry.msg === 'Listening') return entry;
  }
  throw new Error(`the sidecar ended before it listened: ${stderr()}`);
}
