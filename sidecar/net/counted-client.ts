import type { Dispatcher } from 'undici';
import { type PassedOptions, PassedRequest } from './passed-request.ts';
import { Client, symbols } from './undici-client.ts';

/** What a handler may carry to learn on which connection its request went out. */
export interface ConnectionAware {
  connection?: CountedClient | undefined;
}

/**
 * A `Client` (one connection at a time) that counts the requests of its current connection: a request that is not the first
 * may have met a connection that the server was just closing.
 */
export class CountedClient extends Client {
  requests = 0;

  constructor(origin: string | URL, options: object) {
    super(origin, options);
    this.on('connect', () => {
      this.requests = 0;
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler & ConnectionAware): boolean {
    handler.connection = this;
    return super.dispatch(options, handler);
  }

  /** As undici's own, but for the kind of request that it makes of what is `passed`. */
  override [symbols.kDispatch](options: PassedOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { passed } = options;
    if (passed === undefined) return super[symbols.kDispatch](options, handler);
    const request = new PassedRequest(this[symbols.kUrl].origin, options, passed, handler);
    this[symbols.kQueue].push(request);
    if (this[symbols.kResuming] === 0) {
      if (request.body === null || Buffer.isBuffer(request.body)) this[symbols.kResume](true);
      else {
        // It may end within this tick, and is then sent with its length.
        this[symbols.kResuming] = 1;
        queueMicrotask(() => this[symbols.kResume]());
      }
    }
    if (this[symbols.kResuming] !== 0 && this[symbols.kNeedDrain] !== 2 && this[symbols.kBusy]) this[symbols.kNeedDrain] = 2;
    return this[symbols.kNeedDrain] < 2;
  }
}
