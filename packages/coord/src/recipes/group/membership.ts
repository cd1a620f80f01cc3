import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch, WatchEvent } from "../../client/api.ts";
import { checkedLimits } from "../../client/call.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { bounded, listen, longestWaitMs, orAborted } from "../bounded.ts";
import { nodeIn } from "../node-in.ts";
import { untilRoom } from "../no-room.ts";
import { OwnWatches } from "../own-watches.ts";
import { patient } from "../patient.ts";
import { type Entry, Publication } from "../publication.ts";
import type { GroupMember, GroupMembership, GroupMeta } from "./api.ts";
import { checkedMeta, memberRecord } from "./member.ts";

export class SessionMembership implements GroupMembership {
  readonly #session: Session;
  readonly #entry: Entry;
  readonly #publication: Publication<GroupMeta>;
  readonly #controller = sharedController();
  #stopListening: () => void = () => {};
  #member: GroupMember;
  #watch: Watch | null = null;
  #leaving: Promise<void> | null = null;

  /** @param member as it stands in the tree by now */
  constructor(session: Session, entry: Entry, member: GroupMember) {
    this.#session = session;
    this.#entry = entry;
    this.#member = member;
    const onWritten = (meta: GroupMeta, revision: number): void => {
      this.#member = { ...this.#member, meta, revision };
    };
    const mzxid = member.revision;
    this.#publication = new Publication(session, { entry, mzxid, record: memberRecord, onWritten });
    this.#stopListening = listen(session.signal, (cause) => this.#end("its session ended", cause));
    void this.#endWhenGone();
  }

  get member(): GroupMember {
    return this.#member;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async update(meta: GroupMeta, options: CallOptions = {}): Promise<void> {
    const wanted = checkedMeta(meta);
    this.#publication.requireRoom(wanted);
    checkedLimits(options, longestWaitMs);
    this.signal.throwIfAborted();
    const writing = this.#publish(wanted);
    writing.catch(() => {});
    await this.#bounded(`change of ${this.#entry.path}`, writing, options, () => true);
  }

  async leave(options: CallOptions = {}): Promise<void> {
    checkedLimits(options, longestWaitMs);
    this.#end("it left");
    this.#leaving ??= this.#withdraw();
    // Whoever leaves is told.
    this.#leaving.catch(() => {});
    await this.#bounded(`leaving ${this.#entry.path}`, this.#leaving, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  #bounded(
    what: string,
    work: Promise<void>,
    options: CallOptions,
    goesOn: () => boolean = () => false,
  ): Promise<void> {
    const bounds = { clock: this.#session.clock, options, fallbackMs: longestWaitMs, what, goesOn };
    return bounded(bounds, (signal) => orAborted(work, signal));
  }

  async #publish(meta: GroupMeta): Promise<void> {
    try {
      await this.#publication.want(meta);
    } catch (error) {
      this.#end("it was taken away", error);
      throw error;
    }
  }

  async #withdraw(): Promise<void> {
    try {
      await this.#publication.want(null);
    } catch (error) {
      if (!this.#session.signal.aborted) throw error;
    }
  }

  #end(why: string, cause?: unknown): void {
    if (this.signal.aborted) return;
    const message = `${this.#entry.path} is no member any more: ${why}`;
    this.#controller.abort(new FlotillaError("ERR_FLOTILLA_LOST", message, { cause }));
    this.#stopListening();
    void this.#watch?.close();
  }

  /** Told of everything since the join, also of what happened before the watch was armed. */
  async #endWhenGone(): Promise<void> {
    const { joined } = this.#member;
    const watches = OwnWatches.of(this.#session);
    try {
      const calls = patient(this.#session, this.signal);
      // In its turn, where the session has many; while there is no room it takes no other's.
      const arm = async (): Promise<Watch> => {
        await watches.begin(this.signal);
        try {
          return await calls.watch(this.#entry.path, { from: joined });
        } catch (error) {
          watches.end();
          throw error;
        }
      };
      this.#watch = await untilRoom(calls.clock, this.signal, arm);
      try {
        if (this.signal.aborted) void this.#watch.close();
        for await (const event of this.#watch) if (isGone(event, joined)) this.#end("somebody took it out");
      } finally {
        watches.end();
      }
    } catch (cause) {
      if (this.signal.aborted) return;
      // It would not hear of its end.
      this.#end("its node cannot be watched", cause);
      this.#leaving ??= this.#withdraw();
      this.#leaving.catch(() => {});
    }
  }
}

/** Whether the node that was made at a revision is not there any more. */
function isGone(event: WatchEvent, joined: number): boolean {
  if (event.revision < joined) return false;
  return nodeIn(event)?.stat.czxid !== joined;
}
