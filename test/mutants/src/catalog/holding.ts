import type { Mutant } from "../mutant.ts";
import {
  admission,
  belief,
  campaigning,
  doubleBarrier,
  follow,
  grant,
  hold,
  holding,
  leadership,
  leasePeriod,
  observing,
  publication,
  reentrant,
} from "./files.ts";

const followed = `    watch = await calls.watch(path, { kind, initial: true });
`;
const listed = `    const page = await session.childNodes(path);
    watch = await calls.watch(path, { kind });
    const nodes = (page?.children ?? []).map(({ name: id, node }) => ({ path: path + "/" + id, node }));
    yield { type: "snapshot", revision: 0, token: { revision: 0, ordinal: 0 }, reason: "asked", nodes };
`;
const fires = `    this.#controller.abort(error);
    this.#leaving = this.#leave(this.#session, this.#paths, this.#name, { ...known, ...departure });
`;
const armed = `    this.#timer = this.#clock.setTimer(this.#untilSignal(), () => {
      if (this.check()) this.#arm();
    });
`;

/** Locks, elections and registrations: who holds, until when, and what is taken out. */
export const heldThings: readonly Mutant[] = [
  {
    id: "C01",
    severity: 1,
    title: "whoever leaves the line deletes the holder's node, whose ever it is",
    killer: "SingleHolder",
    edits: [
      {
        file: grant,
        find: "    const holder = line.holders.find((waiter) => waiter.name === name);\n",
        replace: "    const [holder] = line.holders;\n",
      },
      {
        file: grant,
        find: 'type: "delete", path: waiterPath(paths, name), mzxid: self.mzxid, ...force',
        replace: 'type: "delete", path: waiterPath(paths, self.name), force: true, mzxid: self.mzxid',
      },
      {
        file: grant,
        find: "preferring(without(line, name), heir)",
        replace: "preferring(without(line, self.name), heir)",
      },
    ],
  },
  {
    id: "C02",
    severity: 1,
    title: "the epoch comes from a counter of the session",
    killer: "EpochMonotone",
    edits: [
      {
        file: holding,
        find: "    this.epoch = epoch;\n",
        replace: "    this.epoch = session.epochs = (session.epochs ?? 0) + 1;\n",
      },
      { file: holding, find: "event.revision < this.epoch", replace: "event.revision < this.fence.mzxid" },
      {
        file: holding,
        find: "node?.stat.mzxid !== this.epoch",
        replace: "node?.stat.mzxid !== this.fence.mzxid",
      },
    ],
  },
  {
    id: "C04",
    severity: 1,
    title: "a wait ends well although the lease lapsed while it lasted",
    killer: "GrantBelieved",
    edits: [
      {
        file: belief,
        find: "return !signal.aborted && expiresIn > 0;",
        replace: "return true;",
      },
    ],
  },
  {
    id: "C05",
    severity: 4,
    title: "everybody in line watches whoever holds",
    killer: "test a long line",
    edits: [
      {
        file: campaigning,
        find: "const watched = index === 0 ? line.holders : line.waiting.slice(index - 1, index);",
        replace: "const watched = [...line.holders, ...line.waiting.slice(0, index === 0 ? 0 : 1)];",
      },
    ],
  },
  {
    id: "C07",
    severity: 3,
    title: "a release counts as done although its write was refused",
    killer: "test whatever people and machines do",
    edits: [
      {
        file: grant,
        find: "    if (await depart(calls, own, [...last, ...others])) return;",
        replace: "    await depart(calls, own, [...last, ...others]);\n    return;",
      },
    ],
  },
  {
    id: "C08",
    severity: 3,
    title: "who gives up waiting stays in line",
    killer: "test whatever people and machines do",
    edits: [
      {
        file: hold,
        find: "      void giveUpForGood(session, paths, applicant.name).catch(() => {});\n",
        replace: "",
      },
    ],
  },
  {
    id: "C09",
    severity: 2,
    title: "what is left of a lease is told by a timer alone, which does not run during a stall",
    killer: "SingleHolder",
    edits: [
      {
        file: leasePeriod,
        find: "return this.#isOver || this.#jumped() ? Math.min(0, left) : left;",
        replace: "return this.#isOver ? Math.min(0, left) : Math.max(1, left);",
      },
    ],
  },
  {
    id: "C10",
    severity: 2,
    title: "a loss is told by servers alone, never by the own deadline",
    killer: "SingleHolder",
    edits: [
      { file: leasePeriod, find: armed, replace: "" },
      {
        file: leasePeriod,
        find: '    if (this.#untilSignal() > 0 && !this.#jumped()) return true;\n    this.end("the lease lapsed");\n    return false;\n',
        replace: "    return true;\n",
      },
    ],
  },
  {
    id: "C11",
    severity: 1,
    title: "a leader that was replaced writes over its successor's record",
    killer: "GrantInLine",
    edits: [
      { file: leadership, find: "        fence: this.fence,\n", replace: "" },
      {
        file: leadership,
        find: 'if (!FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) throw error;',
        replace: 'if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;',
      },
    ],
  },
  {
    id: "C13",
    severity: 2,
    title: "the signal of a holder fires once the next one was granted",
    killer: "SingleHolder",
    edits: [
      {
        file: holding,
        find: fires,
        replace: `    if (this.hasLeft) return;
    this.hasLeft = true;
    this.#leaving = leaveForGood(this.#session, this.#paths, this.#name, { ...known, ...departure });
    const fire = () => this.#controller.abort(error);
    void this.#leaving.then(fire, fire);
`,
      },
    ],
  },
  {
    id: "C14",
    severity: 2,
    title:
      "whoever observes an election goes on with the leader of before when a reconnect tells it everything anew",
    killer: "FollowersTrue",
    edits: [
      {
        file: observing,
        find: "for await (const _ of watch) this.#wake.notify();",
        replace: 'for await (const { type } of watch) if (type !== "snapshot") this.#wake.notify();',
      },
    ],
  },
  {
    id: "C15",
    severity: 1,
    title: "who wants all places does not wait for those that are taken",
    killer: "SingleHolder",
    edits: [
      {
        file: admission,
        find: "    if (waiter.permits > free || found.length === maxAtOnce) break;\n",
        replace:
          "    if ((waiter.permits > free && waiter.permits < places) || found.length === maxAtOnce) break;\n",
      },
    ],
  },
  {
    id: "C16",
    severity: 1,
    title: "a lock that was asked for twice is given back at the first release",
    killer: "LossHasCause",
    edits: [
      {
        file: reentrant,
        find: "if (this.#users === 0) await this.#hold?.release(options);",
        replace: "await this.#hold?.release(options);",
      },
    ],
  },
  {
    id: "C17",
    severity: 2,
    title: "who deregisters takes out whoever is registered under its id",
    killer: "RegistrationOwned",
    edits: [
      {
        file: publication,
        find: "node !== null && isOwn(entry, node) ? node.stat.mzxid : null",
        replace: "node !== null ? node.stat.mzxid : null",
      },
    ],
  },
  {
    id: "C18",
    severity: 2,
    title: "what changes between a list of instances and the watch on them is lost",
    killer: "test whatever people and machines do",
    edits: [{ file: follow, find: followed, replace: listed }],
  },
  {
    id: "C20",
    severity: 2,
    title: "who comes to a barrier last counts itself before its node is there",
    killer: "test whatever people and machines do",
    edits: [
      {
        file: doubleBarrier,
        find: "        await this.#arrive(patient(session, signal), name);\n",
        replace: "",
      },
      {
        file: doubleBarrier,
        find: '      if (!gathering.has(name)) throw this.#lost("its node was taken away");\n',
        replace: `      if (!gathering.has(name)) {
        this.#arrive(calls, name).catch(() => {});
        const here = gathering.waiting.map((party) => party.name);
        if (here.length + 1 < parties) return null;
        return { names: [...here, name], epoch: event.revision };
      }
`,
      },
    ],
  },
];
