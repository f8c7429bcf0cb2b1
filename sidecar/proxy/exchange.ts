import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../failure.ts';
import type { AnswerHead } from '../net/answer-reader.ts';
import type { Token } from '../token/token.ts';
import { isExpired } from '../token/token-age.ts';
import type { TokenOutcome } from '../token/token-source.ts';
import type { CallerBody } from './caller-body.ts';
import type { Expiring } from './deadlines.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { doubtMs, HeldAnswer } from './held-answer.ts';
import { PassedAnswer } from './passed-answer.ts';
import { answerProblem } from './problem.ts';
import { appendRequestHeaders } from './request-headers.ts';
import type { Member } from './roster.ts';
import type { Route } from './route.ts';
import type { RequestHead } from './scan-head.ts';
import { takeBody } from './take-body.ts';
import { type Awaited, idleTimeoutMs, timeoutFailure, tokenExpired } from './timeout-failure.ts';
import { type CallOwner, UpstreamCall } from './upstream-call.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** How long a request may queue for one of the connections to its API. */
const queueTimeoutMs = 30_000;

/** One call of the workload from its token to the end of the API's answer. */
export class Exchange implements CallOwner, Expiring, Member {
  deadline = Infinity;
  place = -1;
  readonly #context: ExchangeContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #route: Route;
  readonly #head: RequestHead;
  /** Path and query as the API gets them. */
  readonly #path: string;
  readonly #body: CallerBody;
  readonly #answer: PassedAnswer;
  readonly #startedMs: number;
  #token: Token | undefined;
  #authorization = '';
  #call: UpstreamCall | undefined;
  #retried = false;
  #replayed = false;
  #held: HeldAnswer | undefined;
  #waiting: AbortController | undefined;
  #closed = false;
  /** The API's answer waits until the caller has taken what there is. */
  #awaitsCaller = false;

  constructor(context: ExchangeContext, request: IncomingMessage, response: ServerResponse, route: Route, head: RequestHead, path: string) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#route = route;
    this.#head = head;
    this.#path = path;
    this.#body = takeBody(request, head, route, context.budget, () => this.#uploadProgressed());
    this.#answer = new PassedAnswer(response, route, head.host ?? '');
    this.#startedMs = context.clock.monotonicMs();
  }

  /** The caller's connection. */
  get socket(): Socket {
    return this.#request.socket;
  }

  start(): void {
    this.#route.enter();
    this.#context.live.add(this);
    this.#context.deadlines.watch();
    this.#response.on('close', () => this.#close());
    if (this.#route.soapHeader !== undefined && this.#body.kind === 'none') this.#send();
    else this.#authorize();
  }

  #authorize(): void {
    const token = this.#route.tokenAtHand();
    if (token !== undefined) return this.#useToken(token);
    this.deadline = Infinity;
    void this.#awaitToken(this.#route.source.obtain(this.#route.refreshBeforeMs, this.#leaving()));
  }

  /** Aborted once this ends: nobody may wait for a token whom nobody waits for. */
  #leaving(): AbortSignal {
    this.#waiting ??= new AbortController();
    return this.#waiting.signal;
  }

  async #awaitToken(outcome: Promise<TokenOutcome>): Promise<void> {
    const result = await outcome;
    if (this.#closed) return;
    if (result.ok) this.#useToken(result.token);
    else this.#fail(result.failure);
  }

  #useToken(token: Token): void {
    const authorization = this.#route.authorization(token);
    if (!authorization.ok) return this.#fail(authorization.failure);
    this.#token = token;
    this.#authorization = authorization.value;
    if (this.#body.kind === 'whole' && !this.#body.complete) this.#readBody();
    else this.#send();
  }

  /** The caller may take long, and its token must not expire meanwhile. */
  #readBody(): void {
    this.#inviteBody();
    this.deadline = this.#context.deadlines.in(idleTimeoutMs);
    this.#body.read(
      () => {
        if (this.#closed) return;
        if (this.#tokenExpired()) this.#authorize();
        else this.#send();
      },
      (failure) => this.#fail(failure),
    );
  }

  /** Since it was chosen. One that never had any life left goes out nevertheless: it was fetched for those who waited for it. */
  #tokenExpired(): boolean {
    const token = this.#token;
    return token !== undefined && token.lifetimeMs > 0 && isExpired(token, this.#context.clock);
  }

  #inviteBody(): void {
    if (this.#head.expectsContinue && this.#request.httpVersion !== '1.0') this.#response.writeContinue();
  }

  #send(onFreshConnection = false): void {
    const { pool, host, headers, injectionHeader, soapHeader, droppedHeaders, connectTimeoutMs, metrics } = this.#route;
    const outgoing = [...headers];
    const hadAuthorization = appendRequestHeaders(outgoing, this.#request.rawHeaders, droppedHeaders, this.#head.connection);
    if (hadAuthorization && this.#call === undefined) metrics.authorizationsDropped++;
    if (this.#body.kind === 'stream' && this.#call === undefined) this.#inviteBody();
    const { body, stream, contentLength } = this.#body.content(this.#authorization);
    if (soapHeader === undefined) outgoing.push(injectionHeader, this.#authorization);
    const call = new UpstreamCall(this);
    this.#call = call;
    this.deadline = this.#context.deadlines.in(connectTimeoutMs + queueTimeoutMs);
    const method = this.#request.method as string;
    pool.dispatch({ method, path: this.#path, host, headers: outgoing, body, stream, contentLength }, call, onFreshConnection);
  }

  requestStarted(): void {
    if (this.#tokenExpired()) this.#fail(tokenExpired);
    else this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    this.deadline = this.#context.deadlines.in(this.#body.complete ? this.#route.responseTimeoutMs : idleTimeoutMs);
  }

  /** An answer that is kept back has a deadline of its own. */
  #uploadProgressed(): void {
    if (this.#held !== undefined) return;
    if (this.#call === undefined || this.#response.headersSent) this.deadline = this.#context.deadlines.in(idleTimeoutMs);
    else this.#awaitAnswer();
  }

  informed(head: AnswerHead): void {
    this.#answer.inform(head);
  }

  answerStarted(head: AnswerHead): void {
    if (head.status === 401 || (head.status === 403 && this.#route.refreshOn403)) {
      if (this.#tokenRefused(new HeldAnswer(head))) return;
    } else if (head.status >= 400 && this.#route.refusesInBody) {
      this.#held = new HeldAnswer(head, (held) => this.#judge(held));
      this.deadline = this.#context.deadlines.in(doubtMs);
      return;
    } else this.#tokenAccepted();
    this.#pass(head);
  }

  #judge(held: HeldAnswer): void {
    if (held.refusesToken) {
      if (this.#tokenRefused(held)) return;
    } else this.#tokenAccepted();
    this.#release(held);
  }

  #tokenAccepted(): void {
    if (this.#replayed) this.#route.rejections.accepted(this.#token as Token);
  }

  /** Says whether the answer is kept back, because the call may be worth another try with a fresh token. */
  #tokenRefused(held: HeldAnswer): boolean {
    const { rejections, source } = this.#route;
    const token = this.#token;
    if (token === undefined) return false;
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#replayed) rejections.refused(token, nowMs);
    if (this.#replayed || !rejections.mayEvict(token, nowMs)) return false;
    if (!this.#body.replayable) {
      void source.replace(token);
      return false;
    }
    this.#held = held;
    this.deadline = Infinity;
    this.#call?.pause();
    void source.replace(token, this.#leaving()).then((outcome) => this.#decideHeld(outcome));
    return true;
  }

  #decideHeld(outcome: TokenOutcome): void {
    const held = this.#held;
    if (this.#closed || held === undefined) return;
    if (outcome.ok) {
      this.#held = undefined;
      this.#replayed = true;
      this.#route.metrics.replays++;
      this.#call?.discard(this.#context.deadlines);
      return this.#useToken(outcome.token);
    }
    this.#release(held);
  }

  #release(held: HeldAnswer): void {
    this.#held = undefined;
    if (held.failure !== undefined) return this.#fail(held.failure);
    this.#pass(held.head);
    for (const chunk of held.chunks) this.answerData(chunk);
    if (held.trailers !== undefined) this.answerEnded(held.trailers);
    else {
      this.#call?.resume();
      this.answerPassed();
    }
  }

  #pass(head: AnswerHead): void {
    this.deadline = this.#context.deadlines.in(idleTimeoutMs);
    this.#answer.begin(head);
  }

  answerData(chunk: Buffer): void {
    if (this.#held !== undefined) return this.#held.add(chunk);
    this.deadline = this.#context.deadlines.in(idleTimeoutMs);
    this.#answer.write(chunk);
  }

  answerEnded(rawTrailers: readonly string[]): void {
    if (this.#held !== undefined) return this.#held.end(rawTrailers);
    const sentOnce = this.#call?.sent === true && !this.#retried && !this.#replayed;
    this.#call = undefined;
    this.#answer.end(rawTrailers);
    if (sentOnce) this.#body.done();
    else this.#body.destroy();
  }

  answerPassed(): boolean {
    if (this.#held !== undefined || this.#answer.flush()) return true;
    if (this.#call !== undefined && this.#answer.isFull) this.#awaitCaller(this.#call);
    return false;
  }

  #awaitCaller(call: UpstreamCall): void {
    call.pause();
    // What TLS had deciphered already still comes.
    if (this.#awaitsCaller) return;
    this.#awaitsCaller = true;
    this.#response.once('drain', () => {
      this.#awaitsCaller = false;
      this.deadline = this.#context.deadlines.in(idleTimeoutMs);
      if (this.#answer.flush()) call.passed();
      call.resume();
    });
  }

  callFailed(error: Error): void {
    const call = this.#call;
    if (call === undefined || this.#closed) return;
    const failure = upstreamFailure(error, this.#route.api, call.answered);
    if (this.#held !== undefined) return this.#held.fail(failure);
    if (!this.#retried && this.#body.replayable && call.isRepeatable(error, this.#request.method)) {
      this.#retried = true;
      return this.#send(true);
    }
    this.#call = undefined;
    this.#fail(failure);
  }

  expire(): void {
    if (this.#held !== undefined) return this.#held.decide();
    this.#fail(timeoutFailure(this.#awaited(), this.#route.api.host));
  }

  #awaited(): Awaited {
    if (this.#body.callerIsSlow || this.#response.writableNeedDrain) return 'caller';
    if (this.#response.headersSent) return 'rest of the answer';
    if (this.#call?.started === false) return 'connection';
    return this.#body.complete ? 'answer' : 'upload';
  }

  #fail(failure: Failure): void {
    this.#call?.abort();
    this.#call = undefined;
    this.#body.destroy();
    this.deadline = Infinity;
    this.#route.metrics.failed(failure.code);
    this.#context.failures.write(failure, this.#route.alias, this.#request.headers);
    if (this.#response.headersSent) this.#response.destroy();
    else answerProblem(this.#response, failure, this.#route.alias);
  }

  /** The caller has its answer, or has gone: whatever still runs for it stops. */
  #close(): void {
    this.#closed = true;
    this.#call?.abort();
    this.#call = undefined;
    this.#waiting?.abort();
    this.#body.destroy();
    this.#context.live.delete(this);
    const { clock, noteAnswer } = this.#context;
    const status = this.#response.headersSent ? this.#response.statusCode : 499;
    const durationMs = clock.monotonicMs() - this.#startedMs;
    this.#route.metrics.answered(status, durationMs / 1000);
    noteAnswer?.({ alias: this.#route.alias, method: this.#request.method, status, durationMs, headers: this.#request.headers });
    this.#route.leave();
  }
}
