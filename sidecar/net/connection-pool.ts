import type { Connector } from './connector.ts';
import { ClientError } from './client-error.ts';
import type { ClientCall, ConnectionOwner, HttpConnection } from './http-connection.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** A call in the queue; one that is no longer wanted says so when its turn comes. */
export interface QueuedCall extends ClientCall {
  readonly isWanted: boolean;
}

interface Queued {
  readonly request: OutgoingRequest;
  readonly call: QueuedCall;
}

/** Connections of one kind, made when they are needed and kept for the next request. */
export class ConnectionPool implements ConnectionOwner {
  readonly #connector: Connector;
  readonly #limit: number;
  readonly #open = new Set<HttpConnection>();
  /** Of these; the last used is the next used, so that what is not needed becomes old. */
  readonly #idle: HttpConnection[] = [];
  #queue: Queued[] = [];
  #opening = 0;
  #isLeaving = false;
  #closed = false;

  constructor(connector: Connector, limit: number) {
    this.#connector = connector;
    this.#limit = limit;
  }

  /**
   * Requests leave together, at the end of this turn of the event loop: by then all has been read that idle connections had to say, and one
   * that has been closed, or on which something came unasked, is not used.
   */
  dispatch(request: OutgoingRequest, call: QueuedCall): void {
    this.#queue.push({ request, call });
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    setImmediate(this.#leave);
  }

  /** On a connection of its own, closed by the answer. */
  dispatchAlone(request: OutgoingRequest, call: QueuedCall): void {
    this.#connector.open(this, (error, connection) => {
      if (connection === undefined) return call.callFailed(error ?? gone());
      this.#open.add(connection);
      if (this.#closed || !call.isWanted) return connection.destroy();
      connection.send(request, call, true);
    });
  }

  /** Whatever is in flight fails. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.destroy();
    const queue = this.#queue;
    this.#queue = [];
    for (const { call } of queue) call.callFailed(gone());
  }

  connectionFree(connection: HttpConnection): void {
    if (this.#closed || !connection.isOpen) return connection.destroy();
    this.#idle.push(connection);
    if (this.#queue.length > 0 && !this.#isLeaving) {
      this.#isLeaving = true;
      setImmediate(this.#leave);
    }
  }

  connectionGone(connection: HttpConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    if (this.#queue.length > 0) this.#leave();
  }

  readonly #leave = (): void => {
    this.#isLeaving = false;
    let sent = 0;
    for (const queued of this.#queue) {
      if (queued.call.isWanted) {
        const connection = this.#takeIdle();
        if (connection === undefined) break;
        connection.send(queued.request, queued.call);
      }
      sent++;
    }
    this.#queue = sent === this.#queue.length ? [] : this.#queue.slice(sent).filter(({ call }) => call.isWanted);
    while (this.#opening < this.#queue.length && this.#open.size + this.#opening < this.#limit) this.#openOne();
  };

  #takeIdle(): HttpConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.isOpen) return connection;
    }
  }

  #openOne(): void {
    this.#opening++;
    this.#connector.open(this, (error, connection) => {
      this.#opening--;
      const queued = this.#shift();
      if (connection === undefined) return queued?.call.callFailed(error ?? gone());
      this.#open.add(connection);
      if (this.#closed || queued === undefined) this.connectionFree(connection);
      else connection.send(queued.request, queued.call);
    });
  }

  /** The first that is still wanted. */
  #shift(): Queued | undefined {
    const first = this.#queue.findIndex(({ call }) => call.isWanted);
    return this.#queue.splice(0, first === -1 ? this.#queue.length : first + 1)[first];
  }
}

function gone(): ClientError {
  return new ClientError('CONNECTION_CLOSED', 'The connections to this destination have been closed');
}
