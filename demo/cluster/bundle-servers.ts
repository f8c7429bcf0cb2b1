import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** The demo's servers as one file that any Node runs. */
export async function bundleServers(): Promise<string> {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'servers/main.ts'),
    platform: 'node',
    tsconfig: false,
    // A library uses eval, and means to.
    onLog: () => undefined,
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}
