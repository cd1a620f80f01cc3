import type { Session } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import { longestWaitMs, within } from "../bounded.ts";
import { nodesAtOnce } from "../children.ts";
import { endable } from "../endable.ts";
import { followChildren } from "../follow.ts";
import { ensureContainer, segment, uniqueName } from "../names.ts";
import { requireStaying } from "../parting.ts";
import { type Entry, taken, withdraw } from "../publication.ts";
import { withParent } from "../with-parent.ts";
import type { Group, GroupChange, GroupMember, GroupMembership, GroupMeta, JoinOptions } from "./api.ts";
import { checkedMeta, memberRecord, readMember } from "./member.ts";
import { SessionMembership } from "./membership.ts";

/**
 * A group, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createGroup(session: Session, name: string): Group {
  return new SessionGroup(session, segment(name, "name"));
}

class SessionGroup implements Group {
  readonly name: string;
  readonly #session: Session;
  readonly #path: string;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
    this.#path = `/group/${name}`;
  }

  async join(meta: GroupMeta = {}, options: JoinOptions = {}): Promise<GroupMembership> {
    requireOptions(options);
    const session = this.#session;
    const { id = uniqueName(session), timeoutMs = longestWaitMs, ...others } = options;
    const bounds = { ...others, timeoutMs };
    const entry: Entry = { path: `${this.#path}/${segment(id, "id")}`, key: uniqueName(session) };
    const told = checkedMeta(meta);
    requireStaying(session);
    try {
      const member = await this.#create(entry, { id, meta: told }, bounds);
      return new SessionMembership(session, entry, member);
    } catch (error) {
      // Given up on, it must not come to stand later.
      if (FlotillaError.is(error) && error.ambiguous) void withdraw(session, entry).catch(() => {});
      throw FlotillaError.is(error, "ERR_FLOTILLA_EXISTS") ? taken(entry, error) : error;
    }
  }

  async members(options: ReadOptions = {}): Promise<readonly GroupMember[]> {
    const path = this.#path;
    const nodes = await within(this.#session, options, `members of ${path}`, (bounds) =>
      nodesAtOnce(this.#session, path, bounds),
    );
    return nodes.flatMap(({ name, node }) => readMember(name, node) ?? []);
  }

  watch(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<GroupChange, void, undefined> {
    requireOptions(options);
    return endable(options.signal, (signal) => this.#changes(signal));
  }

  async *#changes(signal: AbortSignal): AsyncGenerator<GroupChange, void, undefined> {
    const followed = { path: this.#path, read: readMember, isSame: isSameJoin, signal };
    for await (const change of followChildren(this.#session, followed)) {
      const { revision, all, added, changed, removed } = change;
      yield { revision, members: all, joined: added, left: removed, changed };
    }
  }

  async #create(
    { path, key }: Entry,
    { id, meta }: Pick<GroupMember, "id" | "meta">,
    options: CallOptions,
  ): Promise<GroupMember> {
    const session = this.#session;
    const { stat } = await withParent(
      session.clock,
      options,
      (bounds) => ensureContainer(session, this.#path, bounds),
      (bounds) =>
        session.create(path, memberRecord(meta, key), { ...bounds, ephemeral: true, guarded: true }),
    );
    const { czxid: joined, ctimeMs: sinceMs, mzxid: revision } = stat;
    return { id, meta, joined, sinceMs, revision };
  }
}

function isSameJoin(later: GroupMember, earlier: GroupMember): boolean {
  return later.joined === earlier.joined;
}
