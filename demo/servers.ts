import { randomBytes } from 'node:crypto';
import type { ResourceServer } from '../test/support/resource-server.ts';
import { startIotApi } from './iot-api.ts';
import { startIotTokenServer, type IotTokenServer } from './iot-token-server.ts';
import { startLearningApi } from './learning-api.ts';
import { startLearningTokenServer, type LearningTokenServer } from './learning-token-server.ts';
import { demoPorts } from './ports.ts';

export interface DemoServers {
  readonly learningTokens: LearningTokenServer;
  readonly learningApi: ResourceServer;
  readonly iotTokens: IotTokenServer;
  readonly iotApi: ResourceServer;
}

/** Starts both token servers and the APIs behind them, with the clients that the manifests in examples/ name. */
export async function startDemoServers(
  stack: AsyncDisposableStack,
  learningSecrets: ReadonlySet<string> = new Set(['demo-learning-secret']),
): Promise<DemoServers> {
  const keep = <S extends { close(): Promise<void> }>(server: S) => stack.adopt(server, (started) => started.close());
  const learningTokens = keep(
    await startLearningTokenServer({
      port: demoPorts.learningTokenServer,
      companyId: 'acme',
      clientSecrets: learningSecrets,
      newToken: () => randomBytes(24).toString('base64url'),
      nowMs: () => Date.now(),
    }),
  );
  const learningApi = keep(await startLearningApi({ port: demoPorts.learningApi, verifyToken: learningTokens.verifyToken }));
  const iotTokens = keep(
    await startIotTokenServer({ port: demoPorts.iotTokenServer, clientId: 'sb-iot!b1', clientSecret: 'demo-iot-secret' }),
  );
  const iotApi = keep(await startIotApi({ port: demoPorts.iotApi, verifyToken: iotTokens.verifyToken }));
  return { learningTokens, learningApi, iotTokens, iotApi };
}
