import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A package of Debian's of which files are in the images. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The package's source, by which vulnerabilities are filed. */
  readonly source: string;
  /** Paths in the image. */
  readonly files: readonly string[];
}

/** Users of the images by name, for tools that show one; a pod may as well run as any other id. */
const passwd = 'tokenward:x:14080:14080::/:\ntokenward-operator:x:14090:14090::/:\n';
const group = 'tokenward:x:14080:\ntokenward-operator:x:14090:\n';

/**
 * Writes what a Node process needs and nothing else to `directory`: the runtime without its debugging symbols, the libraries that it
 * names, and the files in which glibc looks up users and hosts. Needs `strip`, `ldd` and `dpkg`.
 */
export async function stageRuntime(directory: string, node: string): Promise<readonly DebianPackage[]> {
  await writeAll(directory, {
    'etc/passwd': passwd,
    'etc/group': group,
    // Without it glibc asks DNS before /etc/hosts, where a pod's host aliases are.
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  });
  // Where a container runtime mounts; with a read-only root it cannot make them.
  for (const mountPoint of ['proc', 'sys', 'dev', 'tmp', 'etc/tokenward']) await mkdir(join(directory, mountPoint), { recursive: true });
  await chmod(join(directory, 'tmp'), 0o1777);

  await mkdir(join(directory, 'usr/bin'), { recursive: true });
  await run('strip', ['--strip-all', '-o', join(directory, 'usr/bin/node'), node]);
  await chmod(join(directory, 'usr/bin/node'), 0o755);

  const { stdout } = await run('ldd', [node]);
  const libraries = parseLdd(stdout);
  for (const library of libraries) await copyInto(directory, library);
  return packagesOf(directory, libraries);
}

/** The files that `ldd` names: each library's, and the dynamic loader's. Throws if one is missing on this machine. */
export function parseLdd(output: string): readonly string[] {
  const missing = /^\s*(\S+) => not found/m.exec(output);
  if (missing !== null) throw new Error(`${missing[1]} is not installed: the images need it`);
  return [...output.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].flatMap(([, path = '']) => path);
}

async function packagesOf(directory: string, libraries: readonly string[]): Promise<readonly DebianPackage[]> {
  const files = Map.groupBy(await Promise.all(libraries.map(async (path) => ({ path, owner: await ownerOf(path) }))), ({ owner }) => owner);
  const packages: DebianPackage[] = [];
  for (const [owner, paths] of files) {
    const format = '${Package}\t${Version}\t${Architecture}\t${source:Package}';
    const { stdout } = await run('dpkg-query', ['--show', '--showformat', format, owner]);
    const [name = '', version = '', architecture = '', source = ''] = stdout.split('\t');
    await copyInto(directory, `/usr/share/doc/${name}/copyright`);
    packages.push({ name, version, architecture, source, files: paths.map(({ path }) => path) });
  }
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** dpkg knows a file by the path that its package gave it, which a link from /lib to /usr/lib may hide. */
async function ownerOf(path: string): Promise<string> {
  const real = await realpath(path);
  for (const candidate of [path, real, real.replace(/^\/usr(?=\/lib)/, '')]) {
    const found = await run('dpkg-query', ['--search', candidate]).catch(() => undefined);
    const owner = found?.stdout.split(': ', 1)[0];
    if (owner !== undefined) return owner;
  }
  throw new Error(
    `${path} belongs to no Debian package: the images are built on Debian or Ubuntu, of whose packages they take the libraries`,
  );
}

async function copyInto(directory: string, path: string): Promise<void> {
  const target = join(directory, path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(path, target);
}

async function writeAll(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}
