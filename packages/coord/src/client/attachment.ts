import type { SessionId } from "@flotilla/kv";
import type { ClientHost, Random, Timer } from "@flotilla/runtime";
import { FlotillaError, publishNothing } from "@flotilla/runtime";
import type {
  Answer,
  AttachedMessage,
  Credential,
  EndedMessage,
  Query,
  RenewedMessage,
  ServerMessage,
} from "../wire/messages.ts";
import { Belief } from "./belief.ts";
import type { Dialer } from "./dialer.ts";
import { hex } from "./hex.ts";
import type { LeaseTimes, Moment } from "./lease-period.ts";
import { LeasePeriod, momentOf, renewalMs } from "./lease-period.ts";
import type { HeldLease } from "./held-lease.ts";
import { LeaseSet } from "./lease-set.ts";
import { Link } from "./link.ts";
import { Pipeline } from "./pipeline.ts";
import { StateCell } from "./state.ts";
import { Vigil } from "./vigil.ts";

export interface AttachmentOptions {
  readonly host: ClientHost;
  readonly dialer: Dialer;
  readonly times: LeaseTimes;
  /**
   * What is asked before it is open names it already, so that all attaches that may open it name the same. All must go
   * through one member, whose log keeps them in order: none takes effect behind the one that is answered. Default false:
   * each names another, and may go through any.
   */
  readonly isUsedUnopened?: boolean;
  /** Default: nobody in particular. */
  readonly auth?: readonly Credential[];
}

export interface AttachmentHandler {
  /** The session ended in the tree: nothing more will come of it. */
  expired(error: FlotillaError): void;
  /** An attempt to attach failed. `final`: trying again would not help. */
  failed(error: FlotillaError, final: boolean): void;
}

/** What one session is known by. */
interface Identity {
  readonly session: SessionId;
  /** 16 bytes: proves to every server that it is the same client. */
  readonly secret: Uint8Array;
}

/** Codes that no other attempt will change while the options stay the same. */
const finalCodes: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_BAD_ARGUMENT",
  "ERR_FLOTILLA_UNSUPPORTED",
  "ERR_FLOTILLA_WRONG_CLUSTER",
  "ERR_FLOTILLA_WRONG_SECRET",
]);

const maxBackoffMs = 2_000;

/** Keeps one session attached to some server, and renews its lease. */
export class Attachment {
  readonly pipeline: Pipeline;
  readonly state: StateCell;
  readonly #options: AttachmentOptions;
  readonly #handler: AttachmentHandler;
  readonly #link: Link;
  readonly #vigil: Vigil;
  #identity: Identity;
  #attach = 0;
  #opened: Moment | undefined;
  #belief: Belief | undefined;
  #server: string | null = null;
  #historyId = "";
  #reached = false;
  #finalError: FlotillaError | undefined;
  #refusal: FlotillaError | undefined;
  readonly #leases = new LeaseSet();
  #renewal: Timer | undefined;
  #renewalDueMs = 0;
  #suspension: Timer | undefined;

  constructor(options: AttachmentOptions, handler: AttachmentHandler) {
    const { host, dialer, times } = options;
    this.#options = options;
    this.#handler = handler;
    this.#identity = newIdentity(host.random);
    const tell = host.publish ?? publishNothing;
    this.state = new StateCell(host.logger, (state) =>
      tell("session", { session: this.session, state, server: this.#server }),
    );
    this.#link = new Link(host, dialer, Math.min(maxBackoffMs, times.ttlMs / 5), {
      opened: () => this.#say(),
      message: (message) => this.#hear(message),
      closed: () => this.#detached(),
      failed: (error, roundOver) => this.#failed(error, roundOver),
    });
    this.pipeline = new Pipeline(host.clock, (message) => this.#link.send(message));
    this.#vigil = new Vigil(host.clock, times.ttlMs, {
      ping: () => this.#link.send({ type: "ping", number: this.#attach }),
      isSendingMuch: () => this.pipeline.isSendingMuch,
      receivedBytes: () => this.#link.receivedBytes,
      isAwaited: () => this.pipeline.isWaiting || (this.#belief?.unansweredMs ?? 0) > 0,
      unansweredMs: () => (dialer.choices > 1 ? (this.#belief?.unansweredMs ?? 0) : 0),
      silent: (why) => this.#silent(why),
    });
  }

  /** Never changes once the session is open, or when it is used before. */
  get session(): SessionId {
    return this.#identity.session;
  }

  /** The current period of belief; one that is over while the session never attached. */
  get lease(): LeasePeriod {
    const { host, times } = this.#options;
    return (
      this.#belief?.period ?? new LeasePeriod(host.clock, times, { now: Number.NEGATIVE_INFINITY, wall: 0 })
    );
  }

  /** Id of the server at hand; null while there is none. */
  get server(): string | null {
    return this.#server;
  }

  /** The history that the server at hand counts in; empty before the first. */
  get historyId(): string {
    return this.#historyId;
  }

  /** Whether any server was talked to. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Whether the session exists in the tree, as far as is known. */
  get isOpen(): boolean {
    return this.#belief !== undefined;
  }

  /**
   * What the server within this process answers to a local read at once: nothing is under way, neither of a write nor
   * of an event. Undefined when it has to be asked.
   */
  answerNow(query: Query): Answer | undefined {
    return this.pipeline.isSettled ? this.#link.answerNow(query) : undefined;
  }

  start(): void {
    this.#link.start();
  }

  /** Renews a lease from now on, with the session's own, until it ends. */
  hold(lease: HeldLease): void {
    this.#leases.add(lease, (this.#belief?.lastNumber ?? 0) + 1);
    const { clock } = this.#options.host;
    if (clock.now() + lease.renewMs < this.#renewalDueMs) this.#armRenewal();
  }

  /** Ends the belief: everything held is let go of before anybody is told. */
  endBelief(why: string): void {
    this.#leases.end(why);
    this.#belief?.end(why);
  }

  /** Ends it for good. */
  stop(why: string): void {
    this.endBelief(why);
    this.#renewal?.cancel();
    this.#suspension?.cancel();
    this.#vigil.end();
    this.#server = null;
    this.#link.stop();
  }

  #say(): void {
    const { times, auth = [] } = this.#options;
    this.#reached = true;
    this.#refusal = undefined;
    if (!this.isOpen && this.#options.isUsedUnopened !== true) this.#beginAnew();
    this.#opened ??= momentOf(this.#options.host.clock);
    const { session, secret } = this.#identity;
    this.#attach += 1;
    const ttlMs = this.isOpen ? null : times.ttlMs;
    const watches = this.pipeline.watchSpecs();
    this.#link.send({ type: "attach", session, secret, attach: this.#attach, ttlMs, watches, auth });
    this.#vigil.attaching();
  }

  /**
   * The attach before may be in the log still, and would open a session again that was closed meanwhile: no two attaches
   * open the same one. What it opens is nobody's, and expires.
   */
  #beginAnew(): void {
    if (this.#attach > 0) this.#identity = newIdentity(this.#options.host.random);
    this.#attach = 0;
    this.#opened = undefined;
  }

  #hear(message: ServerMessage): void {
    this.#vigil.heard();
    switch (message.type) {
      case "attached":
        this.#attached(message);
        return;
      case "ended":
        this.#ended(message);
        return;
      case "renewed":
        this.#renewed(message);
        return;
      case "pong":
        return;
      default:
        this.pipeline.take(message);
    }
  }

  #attached(message: AttachedMessage): void {
    if (message.attach !== this.#attach || this.#server !== null) return;
    const loss = this.#lossIn(message);
    if (loss !== null) {
      this.#options.host.logger.error({ lastSeq: message.lastSeq, server: message.node }, loss);
      this.#handler.expired(new FlotillaError("ERR_FLOTILLA_SESSION_EXPIRED", loss));
      return;
    }
    const { host, dialer, times } = this.#options;
    this.#belief ??= new Belief(host.clock, times, this.#opened ?? momentOf(host.clock));
    this.#server = message.node;
    this.#historyId = message.historyId;
    dialer.learn(message.endpoints);
    this.#link.settled();
    this.#vigil.attached();
    this.#renew();
    this.pipeline.attached(message.lastSeq);
    this.#judge();
  }

  /** What the cluster must have lost for a server to say this; null when it may be right. */
  #lossIn({ historyId, lastSeq }: AttachedMessage): string | null {
    if (!this.pipeline.isPossible(lastSeq)) return "the cluster does not know what it acknowledged";
    const isOther = this.#historyId !== "" && this.#historyId !== historyId;
    return isOther ? "the cluster began another history, which may lack what this session has seen" : null;
  }

  #ended(message: EndedMessage): void {
    const error = new FlotillaError(message.code, message.message);
    if (message.code === "ERR_FLOTILLA_SESSION_EXPIRED" && this.isOpen) {
      this.#handler.expired(error);
      return;
    }
    this.#refusal = error;
    this.#link.drop(error);
  }

  #detached(): void {
    this.#server = null;
    this.#vigil.end();
    this.#belief?.forget();
    this.pipeline.interrupted();
  }

  #silent(why: string): void {
    this.#options.host.probe("client.silence");
    this.#link.drop(new FlotillaError("ERR_FLOTILLA_NO_QUORUM", why));
  }

  #failed(error: FlotillaError, roundOver: boolean): void {
    const cause = this.#refusal ?? error;
    this.#refusal = undefined;
    if (finalCodes.has(cause.code)) this.#finalError = cause;
    const final = roundOver ? this.#finalError : undefined;
    if (roundOver) this.#finalError = undefined;
    this.#handler.failed(final ?? cause, final !== undefined);
  }

  #armRenewal(): void {
    const { host, times } = this.#options;
    const delayMs = Math.min(renewalMs(times), this.#leases.renewMs);
    this.#renewal?.cancel();
    this.#renewalDueMs = host.clock.now() + delayMs;
    this.#renewal = host.clock.setTimer(delayMs, () => this.#renew());
  }

  #renew(): void {
    this.#armRenewal();
    if (this.#belief === undefined) return;
    if (this.#server === null) {
      this.#belief.period.check();
      return;
    }
    const number = this.#belief.renewing();
    const leases = this.#leases.renewable(this.session);
    this.#link.send({ type: "renew", number, leases });
  }

  #renewed({ number, refused }: RenewedMessage): void {
    // Nothing outlives the session: where its own lease is not vouched for, no other is believed in for longer.
    if (refused.includes(this.session)) {
      this.#belief?.refuse(number);
    } else {
      const moment = this.#belief?.confirm(number) ?? null;
      if (moment !== null) this.#leases.confirm(number, moment, refused);
    }
    this.#judge();
  }

  /** Connected or suspended, by the age of the last confirmation. */
  #judge(): void {
    if (this.#belief === undefined) return;
    const { host, times } = this.#options;
    this.#suspension?.cancel();
    const left = times.ttlMs / 2 - this.#belief.unconfirmedMs;
    if (left > 0) {
      this.#suspension = host.clock.setTimer(left, () => this.#judge());
      this.state.move("connected");
    } else if (this.state.value === "connected") {
      this.state.move("suspended");
    }
  }
}

function newIdentity(random: Random): Identity {
  return { session: hex(random.bytes(16)), secret: random.bytes(16) };
}
