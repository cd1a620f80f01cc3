import type { Mutant } from "../mutant.ts";
import {
  attachment,
  leaseKeeper,
  leaseTimes,
  memberNode,
  pipeline,
  snapshotRead,
  treeOps,
  requestTurn,
  writeWindow,
} from "./files.ts";

const leads = 'const term = status.role === "leader" && status.established ? status.term : null;';
const proposed = "await this.#raft.propose(command, { ifTerm: term, isReserved: true });";
const anew = "for (const { id, ttlMs } of this.#leases.leases()) this.start(id, ttlMs);";
const ended =
  "  for (const path of paths.toSorted()) {\n    const node = x.tree.get(path);\n    if (node !== undefined) erase(x, node);\n  }";
const restart = "    this.#cursor = lastApplied;\n    this.flush();";
const ttlOf = 'ttlMs: items.uint("ttl", limits.maxTtlMs),';

/** What sessions and leases promise. */
export const sessions: readonly Mutant[] = [
  {
    id: "L01",
    severity: 2,
    title: "any member proposes the end of a lease by its own clock",
    killer: "LeaseBound",
    edits: [
      { file: leaseKeeper, find: leads, replace: "const term = status.term;" },
      { file: leaseKeeper, find: ", { ifTerm: term, isReserved: true }", replace: "" },
    ],
  },
  {
    id: "L02",
    severity: 2,
    title: "the leader ends leases by the wall clock",
    killer: "LeaseBound",
    edits: [
      {
        file: leaseKeeper,
        find: "return this.#clock.now() - this.#stalledMs;",
        replace: "return this.#clock.wallNow() - this.#stalledMs;",
      },
    ],
  },
  {
    id: "L03",
    severity: 2,
    title: "the end that a leader proposed before it was deposed takes effect under the next one",
    killer: "LeaseBound",
    edits: [
      {
        file: leaseKeeper,
        find: proposed,
        replace: `const payload = Uint8Array.from(encodeCommand({ type: "expire", leases }));
    const again = () => this.#clock.setTimer(100, () => void this.#raft.propose(payload).catch(again));
    await this.#raft.propose(payload).catch(again);`,
      },
    ],
  },
  {
    id: "L04",
    severity: 2,
    title: "a renewal is acknowledged although the end of the lease is proposed",
    killer: "LeaseBound",
    edits: [{ file: leaseTimes, find: "!timed.isEnding && timed.isGood;", replace: "timed.isGood;" }],
  },
  {
    id: "L05",
    severity: 2,
    title: "the nodes of a lease are deleted by separate commands after its end",
    killer: "EphemeralOwned",
    edits: [
      {
        file: treeOps,
        find: ended,
        replace: `  const all = [...(x.tree.left ?? []), ...paths.toSorted()];
  x.tree.left = all.splice(1);
  for (const path of all) {
    const node = x.tree.get(path);
    if (node !== undefined) erase(x, node);
  }`,
      },
    ],
  },
  {
    id: "L06",
    severity: 1,
    title: "whether a lease lives is not looked at when an ephemeral node is made",
    killer: "EphemeralOwned",
    edits: [
      {
        file: treeOps,
        find: '    if (lease === undefined || lease.session !== x.session) return "ERR_FLOTILLA_LOST";',
        replace: '    if (lease !== undefined && lease.session !== x.session) return "ERR_FLOTILLA_LOST";',
      },
    ],
  },
  {
    id: "L07",
    severity: 1,
    title: "the ids of sessions begin anew with every process",
    killer: "SessionFifo",
    edits: [
      {
        file: attachment,
        find: "  return { session: hex(random.bytes(16)), secret: random.bytes(16) };",
        replace: `  const session = hex(new Uint8Array(16).fill((random.opened = (random.opened ?? 0) + 1)));
  return { session, secret: new Uint8Array(16) };`,
      },
    ],
  },
  {
    id: "L08",
    severity: 2,
    title: "a leader acknowledges renewals without a quorum",
    killer: "LeaseBound",
    edits: [{ file: leaseKeeper, find: "    await this.#raft.read({ leaderOnly: true });\n", replace: "" }],
  },
  {
    id: "L09",
    severity: 2,
    title: "requests of an older attach take effect",
    killer: "the golden model",
    edits: [
      { file: requestTurn, find: "if (attach !== session.attach)", replace: "if (attach > session.attach)" },
    ],
  },
  {
    id: "L10",
    severity: 2,
    title: "a session that ended is opened again, and nobody is told",
    killer: "LeaseBound",
    edits: [
      {
        file: attachment,
        find: "const ttlMs = this.isOpen ? null : times.ttlMs;",
        replace: "const { ttlMs } = times;",
      },
      {
        file: attachment,
        find: 'if (message.code === "ERR_FLOTILLA_SESSION_EXPIRED" && this.isOpen) {',
        replace: 'if (message.code === "") {',
      },
      {
        file: pipeline,
        find: "    return this.#writes.isPossible(lastApplied);",
        replace: "    return lastApplied >= 0;",
      },
      {
        file: writeWindow,
        find: restart,
        replace: `    if (lastApplied < this.#ack) {
      this.#lastSeq = lastApplied;
      this.#ack = lastApplied;
      for (const write of this.#numbered) write.seq = this.#lastSeq += 1;
    }\n${restart}`,
      },
    ],
  },
  {
    id: "L11",
    severity: 2,
    title: "a new leader gives no lease its full time before it ends it",
    killer: "LeaseBound",
    edits: [{ file: leaseTimes, find: anew, replace: anew.replace("(id, ttlMs)", "(id, ttlMs / 2)") }],
  },
  {
    id: "L12",
    severity: 3,
    title: "a snapshot gives milliseconds back as seconds",
    killer: "the golden model",
    edits: [
      {
        file: snapshotRead,
        find: `session: items.hex("session", idDigits),\n    ${ttlOf}`,
        replace: `session: items.hex("session", idDigits),\n    ttlMs: items.uint("ttl", limits.maxTtlMs) / 1000,`,
      },
    ],
  },
  {
    id: "L13",
    severity: 2,
    title: "an attach that comes late opens a session again that was closed",
    killer: "SessionOpenedOnce",
    edits: [
      {
        file: attachment,
        find: "if (this.#attach > 0) this.#identity = newIdentity(this.#options.host.random);\n    this.#attach = 0;\n",
        replace: "",
      },
    ],
  },
  {
    id: "L14",
    severity: 2,
    title: "a member's own session takes another id for each attach, and what was asked before is another's",
    killer: "EarlyKept",
    edits: [
      {
        file: memberNode,
        find: "const session = this.#newSession({}, true);",
        replace: "const session = this.#newSession({}, false);",
      },
    ],
  },
];
