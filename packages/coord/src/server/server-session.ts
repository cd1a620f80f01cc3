import type { Applied, Identity, SessionId, WatchToken } from "@flotilla/kv";
import { limits } from "@flotilla/kv";
import type { ErrorCode, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Port, PortHandler } from "../ports/port.ts";
import type {
  Answer,
  AttachMessage,
  ClientMessage,
  Query,
  ReadMessage,
  RenewMessage,
  ServerMessage,
  WatchMessage,
  WatchSpec,
} from "../wire/messages.ts";
import { answerQuery, mayTakeLong, unconfirmed } from "./answers.ts";
import { AttachProposal } from "./attach-proposal.ts";
import { checkWatch } from "./check-watch.ts";
import type { LocalSession, ServerContext, SessionApplied } from "./context.ts";
import { identitiesOf } from "./identities.ts";
import { Outlet } from "./outlet.ts";
import { RequestLane } from "./request-lane.ts";
import { feedFor, historyIdOf, internalError } from "./session-parts.ts";
import { SessionRenewal } from "./session-renewal.ts";
import { WaitQueue } from "./wait-queue.ts";
import type { WatchFeed } from "./watch-feed.ts";

/** How long a channel may stay without an attach, ms. */
const silentMs = 10_000;

type State =
  | { readonly type: "fresh" | "attached" | "ended" }
  | { readonly type: "attaching"; readonly proposal: AttachProposal; readonly watches: readonly WatchSpec[] };

const fresh: State = { type: "fresh" };
const attached: State = { type: "attached" };
const ended: State = { type: "ended" };
const nobody: readonly Identity[] = [];

/**
 * One client: at most one attach of one session. There may be very many that only renew, so what serves anything else
 * is made when it is first asked for.
 */
export class ServerSession implements LocalSession, PortHandler<ClientMessage> {
  readonly renewal: SessionRenewal;
  readonly #context: ServerContext;
  readonly #outlet: Outlet;
  #feed: WatchFeed | null = null;
  #waits: WaitQueue | null = null;
  #lane: RequestLane | null = null;
  readonly #onEnd: (session: ServerSession) => void;
  /** Until the client attaches. */
  #silence: Timer | null;
  #state: State = fresh;
  #id: SessionId = "";
  #attach = 0;
  readonly #remoteAddress: string | undefined;
  #identities = nobody;
  /** Last request of the session that is applied here. */
  #lastSeq = 0;

  /** @param onEnd called once, when the port is done with */
  constructor(port: Port<ServerMessage>, context: ServerContext, onEnd: (session: ServerSession) => void) {
    this.#context = context;
    this.renewal = new SessionRenewal(context);
    this.#onEnd = onEnd;
    this.#remoteAddress = port.remoteAddress;
    this.#outlet = new Outlet(port, context.clock, context.stint);
    this.#silence = context.clock.setTimer(silentMs, () => this.close("no attach"));
  }

  get id(): SessionId {
    return this.#id;
  }

  get attach(): number {
    return this.#attach;
  }

  /** True once the session is attached through this channel. */
  get isAttached(): boolean {
    return this.#state.type === "attached";
  }

  message(message: ClientMessage): void {
    if (this.#state.type === "ended") return;
    try {
      this.#handle(message);
    } catch (error) {
      this.garbled(error);
    }
  }

  garbled(error: unknown): void {
    if (this.#state.type === "ended") return;
    this.#refuse(FlotillaError.is(error) ? error : internalError(error));
  }

  /**
   * The answer to a local read, for a client that has heard everything sent to it, and whose writes are all applied.
   * Undefined when it has to wait its turn.
   */
  answerNow(query: Query): Answer | undefined {
    const { stint } = this.#context;
    if (this.#state.type !== "attached" || !this.#outlet.isClear) return undefined;
    if (!stint.take(mayTakeLong(query))) return undefined;
    return answerQuery(this.#context, query, this.#identities);
  }

  end(): void {
    this.close("");
  }

  close(reason: string): void {
    const state = this.#state;
    if (state.type === "ended") return;
    this.#state = ended;
    this.#silence?.cancel();
    if (state.type === "attaching") state.proposal.stop();
    this.#lane?.stop();
    this.#feed?.disarmAll();
    if (state.type !== "fresh") this.#context.sessions.remove(this);
    this.renewal.end();
    this.#outlet.close(reason);
    this.#onEnd(this);
  }

  bookmark(): void {
    this.#feed?.bookmark();
  }

  leaderChanged(): void {
    if (this.#state.type === "attaching") this.#state.proposal.leaderChanged();
    if (this.#state.type === "attached") this.#lane?.leaderChanged();
  }

  applied(applied: SessionApplied, secret: Uint8Array | null): void {
    switch (applied.type) {
      case "attached":
        if (applied.attach > this.#attach) this.#moved();
        else if (this.#isOwn(applied, secret)) this.#attached(applied.lastSeq, applied.ttlMs);
        return;
      case "attach-refused":
        if (this.#isOwn(applied, secret)) this.#finish(applied.code, "the attach was refused");
        return;
      case "answered":
        this.#answered(applied);
        return;
      case "refused":
        this.#requestRefused(applied);
        return;
      case "expired":
        this.#checkAlive();
    }
  }

  restored(told: WatchToken): void {
    this.#feed?.restored(told);
    const info = this.#context.machine.session(this.#id);
    if (this.#state.type === "attaching") {
      const isOwn = info?.attach === this.#attach && this.#state.proposal.isOfSession;
      if (isOwn) this.#attached(info.lastSeq, info.ttlMs);
      else if (info !== null && info.attach > this.#attach) this.#moved();
      return;
    }
    if (!this.#checkAlive() || this.#state.type !== "attached" || info === null) return;
    if (info.attach !== this.#attach) {
      this.#moved();
      return;
    }
    this.#lastSeq = info.lastSeq;
    for (const [seq, result] of this.#context.machine.pendingResults(this.#id, 1))
      this.#lane?.answered(seq, result);
    this.#waits?.applied(info.lastSeq);
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case "ping":
        this.#outlet.send({ type: "pong", number: message.number });
        return;
      case "attach":
        this.#startAttach(message);
        return;
      case "read":
        this.#read(message);
        return;
      default:
        this.#handleAttached(message);
    }
  }

  #handleAttached(message: Exclude<ClientMessage, { type: "ping" | "attach" | "read" }>): void {
    this.#requireAttached();
    switch (message.type) {
      case "request":
        this.#lane ??= this.#newLane();
        this.#lane.accept(message);
        return;
      case "watch":
        this.#watch(message);
        return;
      case "unwatch":
        this.#ownFeed().disarm(message.id);
        return;
      case "renew":
        this.#renew(message);
    }
  }

  #requireAttached(): void {
    if (this.#state.type === "attached") return;
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "nothing may be asked before the attach is answered");
  }

  #startAttach(message: AttachMessage): void {
    if (this.#state.type !== "fresh")
      throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "a channel attaches once");
    message.watches.forEach(checkWatch);
    this.#silence?.cancel();
    this.#silence = null;
    this.#id = message.session;
    this.#attach = message.attach;
    this.#identities = identitiesOf(message.auth, this.#remoteAddress, this.#context.superDigest);
    const { clock, raft, machine } = this.#context;
    const giveUp = (why: string): void => this.#finish("ERR_FLOTILLA_NO_QUORUM", why);
    const proposal = new AttachProposal({ clock, raft, machine, message, giveUp });
    this.#state = { type: "attaching", proposal, watches: message.watches };
    this.#context.sessions.add(this);
    proposal.start();
  }

  /** An attach that was applied is the one under way here. */
  #isOwn({ attach }: { readonly attach: number }, secret: Uint8Array | null): boolean {
    return this.#state.type === "attaching" && attach === this.#attach && this.#state.proposal.isBy(secret);
  }

  #attached(lastSeq: number, ttlMs: number): void {
    if (this.#state.type !== "attaching") return;
    const { proposal, watches } = this.#state;
    proposal.stop();
    this.#lastSeq = lastSeq;
    this.#state = attached;
    const { raft, machine, nodeId } = this.#context;
    this.#outlet.send({
      type: "attached",
      attach: this.#attach,
      lastSeq,
      ttlMs,
      node: nodeId,
      historyId: historyIdOf(this.#context),
      revision: machine.revision,
      endpoints: raft.status().configuration.voters.map((voter) => voter.address),
    });
    for (const watch of watches) this.#ownFeed().arm(watch);
    for (const [seq, result] of machine.pendingResults(this.#id, 1)) {
      this.#outlet.answer({ type: "result", seq, result });
    }
  }

  #ownFeed(): WatchFeed {
    this.#feed ??= feedFor(this.#context, this.#outlet, () => this.#identities);
    return this.#feed;
  }

  #ownWaits(): WaitQueue {
    const { clock, stint } = this.#context;
    this.#waits ??= new WaitQueue(clock, stint);
    return this.#waits;
  }

  #newLane(): RequestLane {
    const { clock, raft, probe } = this.#context;
    return new RequestLane({
      clock,
      raft,
      session: this.#id,
      attach: this.#attach,
      identities: this.#identities,
      lastSeq: () => this.#lastSeq,
      featureLevel: () => this.#context.machine.featureLevel,
      sendResult: (seq, result) => this.#outlet.answer({ type: "result", seq, result }),
      sendResend: (from) => this.#outlet.send({ type: "resend", from }),
      refuse: (error) => this.#refuse(error),
      probe,
    });
  }

  #answered(answered: Extract<Applied, { type: "answered" }>): void {
    const { attach, seq } = answered;
    if (attach !== this.#attach || this.#state.type !== "attached") return;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#lane?.answered(seq, answered.result);
    this.#waits?.applied(seq);
    this.#checkAlive();
  }

  #requestRefused({ attach, seq, why }: Extract<Applied, { type: "refused" }>): void {
    if (attach !== this.#attach || this.#state.type !== "attached") return;
    switch (why) {
      case "no-session":
        this.#checkAlive();
        return;
      case "moved":
        this.#moved();
        return;
      case "gap":
        this.#lane?.missing();
        return;
      case "forgotten":
        this.#lane?.forget(seq);
        return;
      case "full":
        this.#refuse(new FlotillaError("ERR_FLOTILLA_LIMIT", "the request window of the session is full"));
    }
  }

  #checkAlive(): boolean {
    if (this.#state.type !== "attached" || this.#context.machine.session(this.#id) !== null) return true;
    this.#finish("ERR_FLOTILLA_SESSION_EXPIRED", "the session ended");
    return false;
  }

  #read(message: ReadMessage): void {
    const { id, query } = message;
    if (query.type === "status") {
      this.#outlet.send({
        type: "read-result",
        id,
        revision: this.#context.machine.revision,
        answer: { type: "status", status: this.#context.status() },
      });
      return;
    }
    this.#requireAttached();
    this.#admitRead();
    const mustConfirm = message.linearizable || query.type === "sync";
    let confirmed = true;
    const waiting = this.#ownWaits().add(message.after, this.#lastSeq, mustConfirm, () =>
      this.#answerRead(message, confirmed),
    );
    if (!mustConfirm) return;
    this.#context.reads.confirm((isConfirmed) => {
      confirmed = isConfirmed;
      waiting.confirm();
    });
  }

  #admitRead(): void {
    if ((this.#waits?.size ?? 0) - (this.#feed?.awaited ?? 0) < limits.windowRequests) return;
    throw new FlotillaError("ERR_FLOTILLA_LIMIT", `more than ${limits.windowRequests} reads are waiting`);
  }

  #answerRead({ id, query }: ReadMessage, confirmed: boolean): void {
    if (this.#state.type !== "attached") return;
    const { revision } = this.#context.machine;
    const answer = confirmed ? answerQuery(this.#context, query, this.#identities) : unconfirmed;
    this.#outlet.answer({ type: "read-result", id, revision, answer });
  }

  #watch({ after, watch }: WatchMessage): void {
    checkWatch(watch);
    const feed = this.#ownFeed();
    feed.expect(watch.id);
    const waiting = this.#ownWaits().add(after, this.#lastSeq, false, () => {
      if (this.#state.type === "attached" && feed.expected(watch.id)) feed.admit(watch);
    });
    feed.onGivenUp(watch.id, () => waiting.drop());
  }

  #renew(message: RenewMessage): void {
    this.renewal.renew(this.#id, message, (refused) => {
      if (this.#state.type !== "attached") return;
      this.#outlet.send({ type: "renewed", number: message.number, refused });
    });
  }

  #moved(): void {
    this.#context.probe("session-moved");
    this.#finish("ERR_FLOTILLA_MOVED", "the session was attached elsewhere");
  }

  #refuse(error: FlotillaError): void {
    const { logger } = this.#context;
    const fields = { err: error, session: this.#id };
    if (error.code === "ERR_FLOTILLA_INTERNAL")
      logger.error(fields, "a client's message could not be served");
    else logger.warn(fields, "a client was refused");
    this.#finish(error.code, error.message.slice(0, 1_000));
  }

  /** Says why, then ends the channel. */
  #finish(code: ErrorCode, message: string): void {
    if (this.#state.type === "ended") return;
    this.#outlet.send({ type: "ended", code, message });
    this.close(code);
  }
}
