/**
 * `node forward.ts FROM TO`: passes connections on, until its input ends. An address is `host:port`, or the path of a Unix socket: the one kind
 * that can be reached from another network namespace. Says where it listens.
 */
import { createServer, connect } from 'node:net';
import { pipeline } from 'node:stream';

const [from = '', to = ''] = process.argv.slice(2);

const address = (text: string) => {
  if (text.startsWith('/')) return { path: text };
  const { hostname, port } = new URL(`tcp://${text}`);
  return { host: hostname, port: Number(port) };
};

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ ...address(to), allowHalfOpen: true });
  // Whichever end breaks, the other one is told; which it was is of no interest here.
  pipeline(near, far, () => undefined);
  pipeline(far, near, () => undefined);
});
server.listen(address(from), () => {
  const listening = server.address();
  process.stdout.write(`${typeof listening === 'object' ? `${listening?.address}:${listening?.port}` : listening}\n`);
});
process.stdin.resume().once('end', () => process.exit());
