import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, makeCertificate } from '../support/make-certificate.ts';

/** Who calls the API server, each with rights of its own: the file its kubeconfig is named after, the user, the groups. */
const callers = [
  { file: 'inside', user: 'admin', groups: ['system:masters'] },
  { file: 'kube-controller-manager', user: 'system:kube-controller-manager', groups: [] },
  { file: 'kube-scheduler', user: 'system:kube-scheduler', groups: [] },
  { file: 'kube-proxy', user: 'system:kube-proxy', groups: [] },
  { file: 'kubelet', user: 'system:node:node1', groups: ['system:nodes'] },
  // Reads what a Role would have to be made for first.
  { file: 'coredns', user: 'coredns', groups: ['system:masters'] },
] as const;

export interface Administrator {
  readonly token: string;
  readonly certificateAuthority: string;
}

/** Writes what boot.sh needs to know into the folder: certificates, tokens, and kubeconfigs with the API server's address inside. */
export async function writeControlPlaneFiles(folder: string, server: string): Promise<Administrator> {
  const authority = makeCertificate('tokenward-test-cluster');
  const hosts = ['127.0.0.1', '10.89.0.1', '10.96.0.1', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const serving = makeCertificate('kube-apiserver', { hosts, issuer: authority });
  const serviceAccounts = makeCertificate('service-accounts');
  const tokens = callers.map((caller) => ({ ...caller, token: randomBytes(16).toString('hex') }));
  await mkdir(folder, { recursive: true });
  const write = (name: string, content: string) => writeFile(join(folder, name), content, { mode: 0o600 });
  await Promise.all([
    write('ca.crt', authority.certificate),
    write('server.crt', serving.certificate),
    write('server.key', serving.key),
    write('service-account.crt', serviceAccounts.certificate),
    write('service-account.key', serviceAccounts.key),
    write('tokens.csv', tokens.map(({ token, user, groups }) => `${token},${user},${user},"${groups.join(',')}"\n`).join('')),
    ...tokens.map(({ file, token }) => write(`${file}.kubeconfig`, kubeconfig(server, authority, token))),
  ]);
  const [administrator] = tokens;
  if (administrator === undefined) throw new Error('nobody may administer the cluster');
  return { token: administrator.token, certificateAuthority: authority.certificate };
}

export function kubeconfig(server: string, { certificate }: Pick<Certificate, 'certificate'>, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'tokenward', cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } }],
    users: [{ name: 'tokenward', user: { token } }],
    contexts: [{ name: 'tokenward', context: { cluster: 'tokenward', user: 'tokenward', namespace: 'default' } }],
    'current-context': 'tokenward',
  });
}
