import { ClientError } from './client-error.ts';
import type { Connector } from './connector.ts';
import type { ClientCall, ConnectionOwner, HttpConnection } from './http-connection.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** A call in the queue; one that is no longer wanted says so when its turn comes. */
export interface QueuedCall extends ClientCall {
  readonly isWanted: boolean;
}

/** One of those who share the connections: it has a limit and a queue of its own, so that none keeps the others waiting. */
export class PoolUser {
  readonly limit: number;
  /** Of its calls that have a connection, or wait for one only because it has to be made. */
  admitted = 0;
  readonly waiting: Queued[] = [];

  /** `limit`: of connections at a time. */
  constructor(limit: number) {
    this.limit = limit;
  }
}

interface Queued {
  readonly request: OutgoingRequest;
  readonly call: QueuedCall;
  readonly user: PoolUser;
}

/** Connections of one kind, made when they are needed and kept for the next request. */
export class ConnectionPool implements ConnectionOwner {
  readonly #connector: Connector;
  readonly #open = new Map<HttpConnection, PoolUser | undefined>();
  /** Of these; the last used is the next used, so that what is not needed grows old. */
  readonly #idle: HttpConnection[] = [];
  #queue: Queued[] = [];
  #opening = 0;
  #isLeaving = false;
  #isClosed = false;

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  /**
   * Requests leave together, at the end of this turn of the event loop: by then all has been read that there was to read at its beginning,
   * and an idle connection that has been closed, or on which something came unasked, is not used.
   */
  dispatch(request: OutgoingRequest, call: QueuedCall, user: PoolUser): void {
    const queued = { request, call, user };
    if (user.admitted >= user.limit) return void user.waiting.push(queued);
    user.admitted++;
    this.#queue.push(queued);
    this.#leaveSoon();
  }

  /** On a connection of its own, closed by the answer. */
  dispatchAlone(request: OutgoingRequest, call: QueuedCall, user: PoolUser): void {
    user.admitted++;
    this.#connector.open(this, (error, connection) => {
      if (connection === undefined || !call.isWanted) {
        connection?.destroy();
        this.#over(user);
        return call.callFailed(error ?? gone());
      }
      this.#open.set(connection, user);
      connection.send(request, call, true);
    });
  }

  /** What is in flight or waits for this user fails. */
  drop(user: PoolUser): void {
    for (const [connection, its] of this.#open) if (its === user) connection.destroy();
    const waiting = [...this.#queue.filter((queued) => queued.user === user), ...user.waiting];
    this.#queue = this.#queue.filter((queued) => queued.user !== user);
    user.waiting.length = 0;
    for (const { call } of waiting) call.callFailed(gone());
  }

  /** There are no users any more: a connection that is still being made is not kept. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open.keys()) connection.destroy();
  }

  connectionFree(connection: HttpConnection): void {
    this.#release(connection);
    if (this.#isClosed || !connection.isOpen) return connection.destroy();
    this.#open.set(connection, undefined);
    this.#idle.push(connection);
    if (this.#queue.length > 0) this.#leaveSoon();
  }

  connectionGone(connection: HttpConnection): void {
    this.#release(connection);
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  #release(connection: HttpConnection): void {
    const user = this.#open.get(connection);
    if (user === undefined) return;
    this.#open.set(connection, undefined);
    this.#over(user);
  }

  /** One of its calls needs its connection no longer. */
  #over(user: PoolUser): void {
    user.admitted--;
    const next = user.waiting.shift();
    if (next !== undefined) this.dispatch(next.request, next.call, user);
  }

  #leaveSoon(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    setImmediate(this.#leave);
  }

  readonly #leave = (): void => {
    this.#isLeaving = false;
    const queue = this.#queue;
    this.#queue = [];
    let sent = 0;
    for (const { call, request, user } of queue) {
      if (call.isWanted) {
        const connection = this.#takeIdle();
        if (connection === undefined) break;
        this.#open.set(connection, user);
        connection.send(request, call);
      } else this.#over(user);
      sent++;
    }
    if (sent < queue.length) this.#queue = [...queue.slice(sent), ...this.#queue];
    while (this.#opening < this.#queue.length) this.#openOne();
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
      const queued = this.#firstWanted();
      if (connection === undefined) {
        if (queued === undefined) return;
        this.#over(queued.user);
        return queued.call.callFailed(error ?? gone());
      }
      this.#open.set(connection, queued?.user);
      if (queued === undefined) this.connectionFree(connection);
      else connection.send(queued.request, queued.call);
    });
  }

  #firstWanted(): Queued | undefined {
    for (;;) {
      const queued = this.#queue.shift();
      if (queued === undefined || queued.call.isWanted) return queued;
      this.#over(queued.user);
    }
  }
}

function gone(): ClientError {
  return new ClientError('CONNECTION_CLOSED', 'The connections to this destination have been closed');
}
