// The library types its index only.
declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  export default buildConnector;
}
declare module 'undici/lib/core/request.js' {
  import type { Dispatcher } from 'undici';
  /** A request on its way through a client, made from what was dispatched. */
  export default class Request {
    constructor(origin: string, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler);
    /** A flat list, without Host and Content-Length. */
    headers: string[];
    host: string | null;
    contentLength: number | null;
    body: unknown;
    onResponseStart(statusCode: number, headers: Buffer[] | object, resume: () => void, statusText: string): boolean;
  }
}
declare module 'undici/lib/core/symbols.js' {
  const kDispatch: unique symbol;
  const kNeedDrain: unique symbol;
  const kBusy: unique symbol;
  const kQueue: unique symbol;
  const kResume: unique symbol;
  const kResuming: unique symbol;
  const kUrl: unique symbol;
  const symbols: {
    readonly kDispatch: typeof kDispatch;
    readonly kNeedDrain: typeof kNeedDrain;
    readonly kBusy: typeof kBusy;
    readonly kQueue: typeof kQueue;
    readonly kResume: typeof kResume;
    readonly kResuming: typeof kResuming;
    readonly kUrl: typeof kUrl;
  };
  export default symbols;
}
declare module 'undici/lib/dispatcher/client.js' {
  import { Client, type Dispatcher } from 'undici';
  import type Request from 'undici/lib/core/request.js';
  import type symbols from 'undici/lib/core/symbols.js';
  export default class InnerClient extends Client {
    readonly [symbols.kUrl]: URL;
    readonly [symbols.kQueue]: Request[];
    readonly [symbols.kBusy]: boolean;
    [symbols.kNeedDrain]: 0 | 1 | 2;
    [symbols.kResuming]: 0 | 1 | 2;
    [symbols.kResume](sync?: boolean): void;
    [symbols.kDispatch](options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  }
}
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}
declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';
  export default function request(this: Dispatcher, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
}
