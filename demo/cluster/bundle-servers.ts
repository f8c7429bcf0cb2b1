import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** Servers, the demo's unless told otherwise, as one file that any Node runs. */
export async function bundleServers(input = join(import.meta.dirname, 'servers/main.ts')): Promise<string> {
  const bundle = await rolldown({
    input,
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
