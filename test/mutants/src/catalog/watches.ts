import type { Mutant } from "../mutant.ts";
import {
  answers,
  coordStateMachine,
  perform,
  sessionHub,
  triggerTable,
  watchFeed,
  watchStream,
  watchTable,
} from "./files.ts";

const told = "const events = watch.batch.filter((event) => compareTokens(event, watch.token) > 0);";

/** What watches promise. */
export const watches: readonly Mutant[] = [
  {
    id: "W01",
    severity: 2,
    title: "an event is told before reads show its change",
    killer: "LinearizableHistory",
    edits: [
      {
        file: answers,
        find: 'return { type: "node", node: machine.get(query.path) };',
        replace: `{
        const kept = (machine.kept ??= new Map());
        const last = kept.get(query.path);
        const { revision } = machine;
        const isLate = last !== undefined && last.revision < revision && last.revision >= revision - 3;
        const node = isLate ? last.node : machine.get(query.path);
        if (!isLate) kept.set(query.path, { revision, node: node && { ...node, value: node.value.slice() } });
        return { type: "node", node };
      }`,
      },
    ],
  },
  {
    id: "W02",
    severity: 1,
    title: "an event is told when its change is appended, not when it is committed",
    killer: "WatchComplete",
    edits: [
      {
        file: coordStateMachine,
        find: "decodeCommand(payload, this.#options.machine.newestLevel);\n      return true;",
        replace: `const { operation } = decodeCommand(payload, this.#options.machine.newestLevel);
      const { machine, hub } = this.#options;
      const before = operation?.type === "set" ? machine.get(operation.path) : null;
      if (before !== null) {
        const { path, value } = operation;
        const place = { revision: machine.revision + 1, ordinal: 0 };
        const event = { ...place, type: "changed", path, node: { ...before, value }, previous: before };
        hub.watches.match(event, (watch) => {
          watch.batch.push(event);
          watch.feed.deliver(watch);
        });
      }
      return true;`,
      },
    ],
  },
  {
    id: "W03",
    severity: 2,
    title: "a watch sees changes only some time after the moment it is said to stand",
    killer: "WatchComplete",
    edits: [
      {
        file: watchFeed,
        find: "this.#options.table.add(watch, path, kind);",
        replace: "this.#options.clock.setTimer(20, () => this.#options.table.add(watch, path, kind));",
      },
    ],
  },
  {
    id: "W04",
    severity: 2,
    title: "watches are not armed again after a reconnect",
    killer: "WatchComplete",
    edits: [
      {
        file: watchTable,
        find: "const specs = streams.map((stream) => this.#stand(stream));",
        replace: "const specs = streams.map((stream) => this.#stand(stream)).slice(0, 0);",
      },
    ],
  },
  {
    id: "W05",
    severity: 2,
    title: "a watch is armed again from now on, not from where it stood",
    killer: "WatchComplete",
    edits: [
      {
        file: watchStream,
        find: "return { id, path, kind, from: this.#head, wants };",
        replace: "return { id, path, kind, from: null, wants };",
      },
    ],
  },
  {
    id: "W06",
    severity: 4,
    title: "a watch for one trigger that is told of a difference on another connection is armed again",
    killer: "test every registered kind",
    onlySuites: true,
    edits: [
      {
        file: triggerTable,
        find: "        if (trigger === null) this.#arm(owner, path, kind);\n        else tell(owner, trigger);",
        replace: "        this.#arm(owner, path, kind);\n        if (trigger !== null) tell(owner, trigger);",
      },
    ],
  },
  {
    id: "W07",
    severity: 2,
    title: "changes of values and of children are told from queues of their own",
    killer: "WatchComplete",
    edits: [
      {
        file: watchFeed,
        find: told,
        replace: `const isValue = (event) => Number(event.type === "changed");
    ${told.replace(" > 0);", " > 0).toSorted((a, b) => isValue(a) - isValue(b));")}`,
      },
    ],
  },
  {
    id: "W08",
    severity: 2,
    title: "what ends with a session that expired is deleted without an event",
    killer: "WatchComplete",
    edits: [
      {
        file: sessionHub,
        find: "if (events.length > 0) this.#tell(events);",
        replace: 'if (events.length > 0 && applied.type !== "expired") this.#tell(events);',
      },
    ],
  },
  {
    id: "W09",
    severity: 2,
    title: "the events of one revision are told among those of the next",
    killer: "WatchComplete",
    edits: [
      {
        file: watchFeed,
        find: told,
        replace: `${told.replace("const events", "const own")}
    const events = [...own.slice(0, 1), ...(watch.held ?? [])];
    watch.held = own.slice(1);`,
      },
    ],
  },
  {
    id: "W10",
    severity: 2,
    title: "what a slow client cannot take is dropped without a word",
    killer: "test watches tell",
    onlySuites: true,
    edits: [
      {
        file: watchFeed,
        find: "    watch.token = later(watch.token, before(first));\n    this.#fallBehind(watch);\n",
        replace: "",
      },
    ],
  },
  {
    id: "W11",
    severity: 4,
    title: "an operation of a multi that fails has its event told",
    killer: "WatchComplete",
    edits: [{ file: perform, find: "      x.events.length = 0;\n", replace: "" }],
  },
  {
    id: "W12",
    severity: 2,
    title: "a recursive watch misses a child that is made together with its parent",
    killer: "WatchComplete",
    edits: [
      {
        file: sessionHub,
        find: "if (!isWanted(watch, event)) return;",
        replace: `const parent = event.path.slice(0, event.path.lastIndexOf("/"));
        const isNew = events.some(({ type, path }) => type === "created" && path === parent);
        if (!isWanted(watch, event) || (watch.kind === "recursive" && isNew)) return;`,
      },
    ],
  },
  {
    id: "W13",
    severity: 2,
    title: "of the watches that one message is for only the first is told",
    killer: "test watches tell",
    onlySuites: true,
    edits: [
      {
        file: watchTable,
        find: "for (const id of message.ids) {",
        replace: "for (const id of message.ids.slice(0, 1)) {",
      },
    ],
  },
  {
    id: "W14",
    severity: 2,
    title: "watches are told the same that want different parts of an event",
    killer: "test watches tell",
    onlySuites: true,
    edits: [
      {
        file: watchFeed,
        find: "return a.events.every((event, position) => event === b.events[position]);",
        replace: "return a.events.every(({ path }, position) => path === b.events[position]?.path);",
      },
    ],
  },
];
