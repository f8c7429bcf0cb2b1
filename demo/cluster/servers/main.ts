/**
 * `main.ts ADDRESS`, in a pod: the demo's servers on that address of the pod's, and a port of their own for whoever runs the demo:
 * `GET /counts`, and `POST /learning-secrets` with the secrets that the Learning token server accepts from now on.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream';
import { demoPorts } from '../../ports.ts';
import { startDemoServers } from '../../servers.ts';
import { controlPort, type Counts } from './control.ts';

const [address = ''] = process.argv.slice(2);
process.once('SIGTERM', () => process.exit());

const learningSecrets = new Set(['demo-learning-secret']);
const { learningTokens, learningApi, iotTokens, iotApi } = await startDemoServers(new AsyncDisposableStack(), learningSecrets);

// The servers themselves listen on loopback, as they do without a cluster.
const { learningTokenServer, learningApi: learningPort, iotTokenServer, iotApi: iotPort } = demoPorts;
for (const port of [learningTokenServer, learningPort, iotTokenServer, iotPort]) {
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    pipeline(near, far, near, () => undefined);
  });
  await once(server.listen(port, address), 'listening');
}

async function control(request: IncomingMessage): Promise<Counts> {
  if (request.method === 'POST') {
    const accepted = (await json(request)) as readonly string[];
    learningSecrets.clear();
    for (const secret of accepted) learningSecrets.add(secret);
  }
  return {
    learning: { tokenRequests: learningTokens.tokenRequests, served: learningApi.served, refused: learningApi.refused },
    iot: { tokenRequests: iotTokens.tokenRequests, served: iotApi.served, refused: iotApi.refused },
  };
}

createServer((request, response) => {
  control(request).then(
    (counts) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(counts)),
    () => response.destroy(),
  );
}).listen(controlPort, address);
