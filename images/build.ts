import { glob, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { replaceFile } from './replace-file.ts';

const root = join(import.meta.dirname, '..');

interface Bundle {
  readonly input: string;
  readonly output: string;
  readonly minify: boolean;
}

/** What is shipped: one file each, with everything it needs inside. */
const bundles = [
  /** The npm package's bins; they must be readable for very old versions of Node. */
  { input: 'cli/launcher/main.ts', output: 'dist/launcher.mjs', minify: false },
  { input: 'cli/launcher/kubectl.ts', output: 'dist/kubectl-launcher.mjs', minify: false },
  { input: 'cli/main.ts', output: 'dist/tokenward.mjs', minify: false },
  { input: 'cli/kubectl/main.ts', output: 'dist/kubectl-tokenward.mjs', minify: true },
  { input: 'sidecar/main.ts', output: 'dist/sidecar.mjs', minify: true },
  /** Runs beside the sidecar, within the same memory. */
  { input: 'doctor/main.ts', output: 'dist/doctor.mjs', minify: true },
  { input: 'operator/main.ts', output: 'dist/operator.mjs', minify: true },
] as const satisfies readonly Bundle[];

/** Where it is written which modules went into which bundle: a path from the repository's root for each. */
export const moduleListFile = join(root, '.cache/bundle-modules.json');

/** Builds the bundles in `dist/` anew. */
export async function build(): Promise<void> {
  const modules: Record<string, readonly string[]> = {};
  for (const bundle of bundles) modules[bundle.output] = await bundleOne(bundle);
  await replaceFile(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), await licencesOf(Object.values(modules).flat()));
  await replaceFile(moduleListFile, JSON.stringify(modules, null, 2));
}

async function bundleOne({ input, output, minify }: Bundle): Promise<readonly string[]> {
  const bundle = await rolldown({
    input: join(root, input),
    platform: 'node',
    tsconfig: false,
    onLog: (level, log) => {
      throw new Error(`${level} while bundling ${input}: ${log.message}`);
    },
  });
  try {
    const { output: chunks } = await bundle.generate({ format: 'esm', minify, codeSplitting: false });
    const [{ code, moduleIds }, ...others] = chunks;
    if (others.length > 0) throw new Error(`${output} is more than one file`);
    await replaceFile(join(root, output), inAscii(code), output.endsWith('launcher.mjs') ? 0o755 : 0o644);
    return moduleIds.filter((id) => id.startsWith(root)).map((id) => relative(root, id));
  } finally {
    await bundle.close();
  }
}

/** One letter beyond Latin-1 makes V8 keep a whole source in two bytes a letter. */
function inAscii(code: string): string {
  return code.replace(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The licences of what is in the bundles: each asks for its text to go with every copy. */
async function licencesOf(modules: readonly string[]): Promise<string> {
  const folders = new Set(modules.flatMap((module) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? []));
  const texts = await Promise.all([...folders].toSorted().map(licenceIn));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenceIn(folder: string): Promise<string> {
  const found = await Array.fromAsync(glob('{LICEN[CS]E,LICEN[CS]E.*,license,license.*}', { cwd: join(root, folder) }));
  const [file] = found.toSorted();
  const manifest = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as Record<'name' | 'version' | 'license', string>;
  // A package without the text says at least under which licence it is.
  if (file === undefined && manifest.license === undefined) throw new Error(`${folder} is bundled and names no licence`);
  const text = file === undefined ? `License: ${manifest.license}` : await readFile(join(root, folder, file), 'utf8');
  return `${manifest.name} ${manifest.version}\n\n${text.trim()}\n`;
}

if (import.meta.main) await build();
