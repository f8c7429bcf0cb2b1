import { readdir, readFile, readlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hasIpv6Loopback } from '../support/has-ipv6-loopback.ts';
import { startSidecarProcess } from '../support/start-sidecar-process.ts';

test('of the machine, only its loopback addresses reach the proxy', async () => {
  await using sidecar = await startSidecarProcess({});
  const port = sidecar.proxyPort;
  const addresses = (await listenersOf(sidecar.pid)).filter((listener) => listener.port === port).map(({ address }) => address);
  expect(addresses.toSorted()).toEqual(hasIpv6Loopback() ? ['127.0.0.1', '::1'] : ['127.0.0.1']);
});

test('nothing else of the sidecar listens but its admin port', async () => {
  await using sidecar = await startSidecarProcess({});
  const ports = new Set((await listenersOf(sidecar.pid)).map(({ port }) => port));
  expect(ports).toEqual(new Set([sidecar.proxyPort, Number(new URL(sidecar.adminUrl).port)]));
});

interface Listener {
  readonly address: string;
  readonly port: number;
}

/** As the kernel has it: the listening sockets (state 0A) among those that the process has open. */
async function listenersOf(pid: number): Promise<Listener[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')));
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && inode !== undefined && inodes.has(inode))
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':');
      return { address: readableAddress(address), port: Number.parseInt(port, 16) };
    });
}

/** The kernel writes words of four bytes, each in the machine's own order, which is little-endian wherever this runs. */
function readableAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].toReversed());
  if (bytes.length === 4) return bytes.join('.');
  return bytes.every((byte, i) => byte === (i === 15 ? 1 : 0)) ? '::1' : Buffer.from(bytes).toString('hex');
}
