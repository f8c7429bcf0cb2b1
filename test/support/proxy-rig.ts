import { expect } from 'vitest';
import { type RecordingServer, type Script, startRecordingServer } from './recording-server.ts';
import { startTestProxy, type TestProxy } from './start-test-proxy.ts';

export interface ProxyRig extends AsyncDisposable {
  readonly proxy: TestProxy;
  readonly api: RecordingServer;
}

/** A proxy and an API. At its end nothing may be left: no exchange, no deadline, no timer. */
export async function setRig(api: Script | readonly Script[], upstream: object = {}): Promise<ProxyRig> {
  const server = await startRecordingServer(api);
  const proxy = await startTestProxy({ url: server.url, ...upstream });
  return {
    proxy,
    api: server,
    [Symbol.asyncDispose]: async () => {
      await proxy.idle();
      proxy.clock.pass(250);
      expect(proxy.clock.pending, 'timers that nobody waits for any more').toBe(0);
      await proxy[Symbol.asyncDispose]();
      await server.close();
    },
  };
}
