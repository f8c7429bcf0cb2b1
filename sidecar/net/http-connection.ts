import type { Socket } from 'node:net';
import { AnswerReader, type AnswerHead, type AnswerSink } from './answer-reader.ts';
import { ClientError } from './client-error.ts';
import { type OutgoingRequest, requestHead, withBody } from './outgoing-request.ts';
import type { ReadBuffer } from './read-buffer.ts';

/** Who made a request; told in this order, `callFailed` at any point and last. */
export interface ClientCall extends AnswerSink {
  /** It begins to go out; `reused`: on a connection that has served before. False if it is no longer wanted. */
  requestStarted(connection: HttpConnection, reused: boolean): boolean;
  /** All that was there to read has been told. Says whether none of the chunks is needed any longer: they may be overwritten. */
  answerPassed(): boolean;
  callFailed(error: Error): void;
}

/** Who gave the connection its request. */
export interface ConnectionOwner {
  /** It may take another. */
  connectionFree(connection: HttpConnection): void;
  connectionGone(connection: HttpConnection): void;
}

/** How long a connection may be idle if the server does not say: many close theirs after five seconds. */
const idleMs = 4_000;
/** So much earlier than the server. */
const marginMs = 2_000;
const longestIdleMs = 600_000;

/** Takes the bytes of a streamed body. */
export interface BodySink {
  /** Says whether more may follow at once; if not, the body is told when. */
  write(chunk: Buffer): boolean;
  end(): void;
  /** Nothing of what was written is left on this side. */
  readonly flushed: boolean;
}

const lastChunk = '0\r\n\r\n';

/** One connection, one request at a time. */
export class HttpConnection implements AnswerSink, BodySink {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader: AnswerReader;
  /** Undefined where the socket has buffers of its own. */
  readonly #buffer: ReadBuffer | undefined;
  #call: ClientCall | undefined;
  #request: OutgoingRequest | undefined;
  #requests = 0;
  /** The whole request has been written. */
  #sent = true;
  /** Bytes of its body that have to follow; `Infinity` in chunks. */
  #bodyLeft = 0;
  #isChunked = false;
  #last = false;
  #error: Error | undefined;
  #idleMs = idleMs;

  constructor(socket: Socket, owner: ConnectionOwner, buffer: ReadBuffer | undefined) {
    this.#socket = socket;
    this.#owner = owner;
    this.#reader = new AnswerReader(this);
    this.#buffer = buffer;
    if (buffer === undefined) socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('drain', () => this.#request?.stream?.drained());
    socket.on('end', () => this.#finish());
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('close', () => this.#close());
    socket.setTimeout(idleMs);
    socket.on('timeout', () => {
      if (this.#call === undefined) socket.destroy();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** `last`: no other follows on this connection. */
  send(request: OutgoingRequest, call: ClientCall, last = false): void {
    const reused = this.#requests > 0;
    if (!call.requestStarted(this, reused)) return this.#owner.connectionFree(this);
    this.#requests++;
    this.#call = call;
    this.#request = request;
    this.#reader.begin(request.method);
    // Some servers send a body after the head that HEAD asks for.
    this.#last = last || request.method === 'HEAD';
    const { body, stream, contentLength } = request;
    const head = requestHead(request, this.#last);
    const socket = this.#socket;
    // A server that expects no body there may take it for the next request.
    if ((stream !== undefined || body.length > 0) && !withBody.has(request.method)) this.#last = true;
    if (stream !== undefined) {
      this.#sent = false;
      this.#isChunked = contentLength === undefined;
      this.#bodyLeft = contentLength ?? Infinity;
      socket.cork();
      socket.write(head, 'latin1');
      stream.flow(this);
      socket.uncork();
    } else if (body.length === 0) {
      this.#sent = true;
      socket.write(head, 'latin1');
    } else {
      this.#sent = true;
      socket.cork();
      socket.write(head, 'latin1');
      for (const part of body) socket.write(part);
      socket.uncork();
    }
  }

  get flushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  write(chunk: Buffer): boolean {
    if (this.#sent || this.#request === undefined) return true;
    const socket = this.#socket;
    if (!this.#isChunked) {
      this.#bodyLeft -= chunk.length;
      if (this.#bodyLeft < 0) return this.#breakOff();
      socket.write(chunk);
      return this.#takesMore;
    }
    if (chunk.length === 0) return true;
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    socket.write('\r\n', 'latin1');
    socket.uncork();
    return this.#takesMore;
  }

  /** What `write` says counts what it has written at once, too. */
  get #takesMore(): boolean {
    return this.#socket.writableLength < this.#socket.writableHighWaterMark;
  }

  end(): void {
    if (this.#sent || this.#request === undefined) return;
    if (this.#isChunked) this.#socket.write(lastChunk, 'latin1');
    else if (this.#bodyLeft > 0) return void this.#breakOff();
    this.#sent = true;
  }

  /** The body is not as long as its request says. */
  #breakOff(): true {
    this.#error ??= new ClientError('REQUEST_INVALID', 'The body is not as long as its Content-Length');
    this.#socket.destroy();
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** None of the chunks until now is needed any longer. An answer that is over has no say: the memory is another's. */
  passed(call: ClientCall): void {
    if (this.#call === call) this.#buffer?.released();
  }

  /** The call is no longer wanted, nor told of anything: with it the connection goes. */
  abort(call: ClientCall): void {
    if (this.#call !== call) return;
    this.#forget();
    this.#reader.stop();
    this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** What was read. */
  read(chunk: Buffer): void {
    const call = this.#call;
    // Nobody asked: whatever it is, it must not be taken for the next answer.
    if (call === undefined) return void this.#socket.destroy();
    try {
      const rest = this.#reader.read(chunk);
      // Given up meanwhile: what has been passed on may be needed still, and nobody says so.
      if (this.#socket.destroyed) return;
      if (call.answerPassed()) this.#buffer?.released();
      if (this.#reader.over) this.#rest(rest);
    } catch (error) {
      this.#error ??= error as Error;
      this.#socket.destroy();
    }
  }

  /** After an answer; it may have been the whole of what was read. */
  #rest(length: number): void {
    this.#buffer?.answerOver();
    if (length > 0 || !this.#sent || this.#last || !this.#reader.keepAlive || !this.isOpen) return void this.#socket.destroy();
    const { keepAliveMs } = this.#reader;
    const mayIdleMs = keepAliveMs === undefined ? idleMs : Math.min(keepAliveMs - marginMs, longestIdleMs);
    if (mayIdleMs <= 0) return void this.#socket.destroy();
    if (mayIdleMs !== this.#idleMs) {
      this.#idleMs = mayIdleMs;
      this.#socket.setTimeout(mayIdleMs);
    }
    // Its end came with what was read before the pause.
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#owner.connectionFree(this);
  }

  answerBegun(): void {
    this.#call?.answerBegun();
  }

  answerInformed(head: AnswerHead): void {
    this.#call?.answerInformed(head);
  }

  answerStarted(head: AnswerHead): void {
    this.#call?.answerStarted(head);
  }

  answerData(chunk: Buffer): void {
    this.#call?.answerData(chunk);
  }

  answerEnded(rawTrailers: readonly string[]): void {
    const call = this.#call;
    this.#forget();
    call?.answerEnded(rawTrailers);
  }

  #forget(): void {
    const stream = this.#request?.stream;
    this.#call = undefined;
    this.#request = undefined;
    // The call that is over needs no more of its body.
    if (!this.#sent) stream?.stop();
  }

  #finish(): void {
    if (this.#call === undefined) return void this.#socket.destroy();
    const call = this.#call;
    try {
      this.#reader.finish();
      call.answerPassed();
    } catch (error) {
      this.#error ??= error as Error;
    }
    this.#socket.destroy();
  }

  #close(): void {
    const call = this.#call;
    this.#forget();
    this.#reader.stop();
    this.#buffer?.close();
    this.#owner.connectionGone(this);
    call?.callFailed(this.#error ?? new ClientError('CONNECTION_CLOSED', 'The connection was closed before the answer was whole'));
  }
}
