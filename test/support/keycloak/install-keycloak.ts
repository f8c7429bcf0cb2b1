import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fillCache } from '../fill-cache.ts';
import { requireTool } from '../require-tool.ts';

const version = '26.7.3';

/** What Keycloak wants to know before it starts, lest each start takes three times as long. The features are previews. */
const buildOptions = [
  '--db=dev-mem',
  '--cache=local',
  '--https-client-auth=request',
  '--features=client-auth-federated,jwt-authorization-grant,kubernetes-service-accounts',
];

/**
 * Keycloak from Maven Central, prepared outside the tree, once. Resolves to its folder, or to undefined where the machine has neither
 * Java nor Maven.
 */
export async function installKeycloak(): Promise<string | undefined> {
  const java = requireTool('java', 'to run Keycloak');
  const maven = requireTool('mvn', 'to fetch Keycloak');
  if (java === undefined || maven === undefined) return undefined;
  const run = promisify(execFile);
  const digest = createHash('sha256').update(buildOptions.join(' ')).digest('hex').slice(0, 8);
  const folder = await fillCache(`keycloak-${version}-${digest}`, async (unfinished) => {
    const artifact = `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip`;
    await run(maven, ['--quiet', '--batch-mode', 'dependency:unpack', artifact, `-DoutputDirectory=${unfinished}`], { cwd: unfinished });
    await run('bash', [join(unfinished, `keycloak-${version}/bin/kc.sh`), 'build', ...buildOptions]);
  });
  return join(folder, `keycloak-${version}`);
}
