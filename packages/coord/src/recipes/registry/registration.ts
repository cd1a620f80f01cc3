import type { Prober, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import { checkedLimits } from "../../client/call.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { isBelieved } from "../belief.ts";
import { bounded, listen, longestWaitMs, orAborted } from "../bounded.ts";
import { nodeIn } from "../node-in.ts";
import { beforeClose, partingMs } from "../parting.ts";
import { type Entry, Publication } from "../publication.ts";
import type { Check, Health, Instance, InstanceState, Registration, ServiceTraits } from "./api.ts";
import { checkedTraits } from "./checked.ts";
import { AskingCheckup, type Checkup, ReportedCheckup } from "./checkup.ts";
import { isHealth } from "./health.ts";
import { asLongest, type InstanceFacts, instanceRecord } from "./instance.ts";
import { followOwn } from "./own-node.ts";
import { isTold, questionOf } from "./question.ts";

export interface RegistrationParts {
  readonly session: Session;
  readonly prober: Prober;
  readonly entry: Entry;
  /** As it stands in the tree by now. */
  readonly instance: Instance;
  readonly check: Check | undefined;
  readonly drainMs: number;
}

/** What overrules the health of an instance. */
type Override = "draining" | "maintenance" | null;

export class SessionRegistration implements Registration {
  readonly #parts: RegistrationParts;
  readonly #publication: Publication<InstanceFacts>;
  readonly #checkup: Checkup;
  readonly #controller = sharedController();
  #stopListening: () => void = () => {};
  readonly #forget: () => void;
  #instance: Instance;
  #facts: InstanceFacts;
  #health: Health;
  #override: Override = null;
  #removal: Timer | undefined;
  #isRemoved = false;
  #leaving: Promise<void> | null = null;

  constructor(parts: RegistrationParts) {
    const { session, entry, instance, check } = parts;
    this.#parts = parts;
    this.#instance = instance;
    this.#facts = instance;
    this.#health = check === undefined ? "passing" : "critical";
    const { id, name, revision: mzxid } = instance;
    const onWritten = (facts: InstanceFacts, revision: number): void => {
      this.#instance = { ...facts, id, name, revision };
    };
    this.#publication = new Publication(session, { entry, mzxid, record: instanceRecord, onWritten });
    this.#forget = beforeClose(session, () => this.deregister({ timeoutMs: partingMs + parts.drainMs }));
    this.#checkup = this.#begin(check);
    // The session may have ended as it was registered.
    this.#stopListening = listen(session.signal, (cause) => this.#end("its session ended", cause));
    if (!this.signal.aborted) void this.#endWhenGone();
  }

  get instance(): Instance {
    return this.#instance;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isListed(): boolean {
    return this.#isThere && isBelieved(this.#parts.session.lease);
  }

  get failure(): unknown {
    return this.#checkup.failure;
  }

  report(health: Health): void {
    if (!isHealth(health))
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "expected passing, warning or critical");
    if (this.#checkup.report === undefined)
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "its check says how it is");
    if (!this.signal.aborted) this.#checkup.report(health);
  }

  async update(traits: ServiceTraits, options?: CallOptions): Promise<void> {
    const changed = { ...this.#facts, ...checkedTraits(traits) };
    this.#publication.requireRoom(asLongest(changed));
    checkedLimits(options, longestWaitMs);
    this.#facts = changed;
    await this.#write(options);
  }

  drain(options?: CallOptions): Promise<void> {
    return this.#overrule("draining", options);
  }

  maintain(options?: CallOptions): Promise<void> {
    return this.#overrule("maintenance", options);
  }

  resume(options?: CallOptions): Promise<void> {
    return this.#overrule(null, options);
  }

  async deregister(options: CallOptions = {}): Promise<void> {
    checkedLimits(options, longestWaitMs);
    const { session, entry, drainMs } = this.#parts;
    const fallbackMs = longestWaitMs + drainMs;
    const bounds = { clock: session.clock, options, fallbackMs, what: `deregistration of ${entry.path}` };
    this.#leaving ??= this.#leave();
    // Whoever deregisters is told.
    this.#leaving.catch(() => {});
    const leaving = this.#leaving;
    await bounded(bounds, (signal) => orAborted(leaving, signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deregister();
  }

  /** As far as a server has told. */
  get #isThere(): boolean {
    return !this.#isRemoved && !this.signal.aborted;
  }

  #begin(check: Check | undefined): Checkup {
    const { session, prober, instance } = this.#parts;
    const onHealth = (health: Health): void => this.#heard(health);
    if (check === undefined) return new ReportedCheckup(session.clock, Number.POSITIVE_INFINITY, onHealth);
    this.#armRemoval();
    if (isTold(check)) return new ReportedCheckup(session.clock, check.ttlMs, onHealth);
    return new AskingCheckup(session.clock, questionOf(check, prober, instance), check, onHealth);
  }

  #heard(health: Health): void {
    if (health === this.#health || this.signal.aborted) return;
    this.#health = health;
    this.#armRemoval();
    const { session, entry } = this.#parts;
    session.publish("health", { session: session.id, path: entry.path, health, error: this.failure });
    // What overrules it is shown in its place.
    if (this.#override === null) this.#write().catch(() => {});
  }

  /** It has been critical for too long once the time is over, which begins anew when it is shown as critical. */
  #armRemoval(): void {
    const { session, check } = this.#parts;
    this.#removal?.cancel();
    this.#isRemoved = false;
    if (check?.removeAfterMs === undefined || this.#health !== "critical" || this.#override !== null) return;
    this.#removal = session.clock.setTimer(check.removeAfterMs, () => {
      this.#isRemoved = true;
      this.#write().catch(() => {});
    });
  }

  async #overrule(override: Override, options?: CallOptions): Promise<void> {
    checkedLimits(options, longestWaitMs);
    if (this.#leaving === null && this.#override !== override) {
      this.#override = override;
      this.#armRemoval();
    }
    await this.#write(options);
  }

  /** @throws FlotillaError `ERR_FLOTILLA_LOST` when it is gone */
  async #write(options: CallOptions = {}): Promise<void> {
    this.signal.throwIfAborted();
    const { session, entry } = this.#parts;
    const state: InstanceState = this.#override ?? this.#health;
    this.#facts = { ...this.#facts, state };
    const writing = this.#publish(this.#isRemoved ? null : this.#facts);
    writing.catch(() => {});
    const bounds = {
      clock: session.clock,
      options,
      fallbackMs: longestWaitMs,
      what: `change of ${entry.path}`,
      goesOn: () => true,
    };
    await bounded(bounds, (signal) => orAborted(writing, signal));
  }

  async #publish(facts: InstanceFacts | null): Promise<void> {
    try {
      await this.#publication.want(facts);
    } catch (error) {
      this.#end("it was taken away", error);
      throw error;
    }
  }

  async #leave(): Promise<void> {
    const { session, drainMs } = this.#parts;
    if (this.#isThere && drainMs > 0) await this.#drain(drainMs);
    this.#end("it was deregistered");
    try {
      await this.#publication.want(null);
    } catch (error) {
      if (!session.signal.aborted) throw error;
    }
  }

  /** For as long from when others are told, or from now where they cannot be. */
  async #drain(drainMs: number): Promise<void> {
    const { clock } = this.#parts.session;
    const begunMs = clock.now();
    this.#override = "draining";
    this.#armRemoval();
    const isTold = await this.#write().then(
      () => true,
      () => false,
    );
    await this.#drained(isTold ? drainMs : drainMs - (clock.now() - begunMs));
  }

  /** Ends early when it is gone. */
  #drained(drainMs: number): Promise<void> {
    if (drainMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#parts.session.clock.setTimer(drainMs, () => {
        stopListening();
        resolve();
      });
      const stopListening = listen(this.signal, () => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Told of everything since it was made, also of what happened before the watch was armed. */
  async #endWhenGone(): Promise<void> {
    const { session, entry, instance } = this.#parts;
    const own = { path: entry.path, from: instance.revision, signal: this.signal };
    try {
      for await (const event of followOwn(session, own))
        if (await this.#publication.isLost(event.revision, nodeIn(event))) this.#end("somebody took it out");
    } catch {
      // Where there is no room for a watch, it hears of its end with its next write.
    }
  }

  #end(why: string, cause?: unknown): void {
    if (this.signal.aborted) return;
    const message = `${this.#parts.entry.path} is not registered any more: ${why}`;
    this.#controller.abort(new FlotillaError("ERR_FLOTILLA_LOST", message, { cause }));
    this.#removal?.cancel();
    this.#checkup.stop();
    this.#stopListening();
    this.#forget();
  }
}
