import type { Mutant } from "../mutant.ts";
import {
  conditions,
  coordStateMachine,
  machine,
  parts,
  kvPaths,
  perform,
  serverSession,
  treeOps,
} from "./files.ts";

const acceptRequest = "        this.#lane.accept(message);\n";
const isTaken = 'if (x.tree.get(path) !== undefined) return "ERR_FLOTILLA_EXISTS";';
const unmetOfSet = `  const code = unmetFor(x, node, op.if);
  if (code !== null) return code;
  if (node !== undefined) return update(x, node, op.value);`;
const parentOfCreate = `  if (parent.owner !== null) return "ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS";
  if (op.lease !== null && x.session`;
const suffix = 'String(parent.created).padStart(10, "0")';
const erased = '  x.tree.delete(node);\n  return emit(x, "deleted", node, changeParent';
/** What nodes and operations on them promise. */
export const treeRules: readonly Mutant[] = [
  {
    id: "K01",
    severity: 1,
    title: "create looks whether the node exists when it is proposed, not when it is applied",
    killer: "LinearizableHistory",
    edits: [
      {
        file: serverSession,
        find: acceptRequest,
        replace: `        if (message.operation.type === "create" && this.#context.machine.exists(message.operation.path) === null)
          (globalThis.judged ??= new Set()).add(this.#id + message.seq + message.operation.path);
        this.#lane.accept(message);\n`,
      },
      {
        file: treeOps,
        find: isTaken,
        replace: `const taken = x.tree.get(path);
  const seq = (x.session === null ? 0 : (x.sessions.get(x.session)?.window.lastSeq ?? 0)) + 1;
  if (taken !== undefined)
    return globalThis.judged?.has(x.session + seq + path) ? update(x, taken, op.value) : "ERR_FLOTILLA_EXISTS";`,
      },
    ],
  },
  {
    id: "K02",
    severity: 1,
    title: "set compares the version when it is proposed, not when it is applied",
    killer: "LinearizableHistory",
    edits: [
      {
        file: serverSession,
        find: acceptRequest,
        replace: `        const { operation: op } = message;
        const version = op.type === "set" ? this.#context.machine.exists(op.path)?.version : undefined;
        if (version !== undefined && version === op.if.version)
          (globalThis.judged ??= new Set()).add(this.#id + message.seq + op.path);
        this.#lane.accept(message);\n`,
      },
      {
        file: treeOps,
        find: unmetOfSet,
        replace: `  const code = unmetFor(x, node, op.if);
  const seq = (x.session === null ? 0 : (x.sessions.get(x.session)?.window.lastSeq ?? 0)) + 1;
  const isJudged = code === "ERR_FLOTILLA_BAD_VERSION" && globalThis.judged?.has(x.session + seq + op.path);
  if (code !== null && !isJudged) return code;
  if (node !== undefined) return update(x, node, op.value);`,
      },
    ],
  },
  {
    id: "K03",
    severity: 2,
    title: "a node that has the value of the wanted version again counts as that version",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: treeOps,
        find: "  x.tree.edit(node);\n  node.mzxid = x.revision;",
        replace: `  const past = (node.chunk.past ??= new Map());
  past.set(node.path + node.version, bytesAt(node).join());
  x.tree.edit(node);
  node.mzxid = x.revision;`,
      },
      {
        file: conditions,
        find: "if (version !== undefined && node.version !== version)",
        replace:
          "if (version !== undefined && node.version !== version && node.chunk.past?.get(node.path + version) !== bytesAt(node).join())",
      },
    ],
  },
  {
    id: "K04",
    severity: 2,
    title: "delete takes a node that has children, and leaves those",
    killer: "the golden model",
    edits: [
      {
        file: treeOps,
        find: 'return op.recursive === true ? eraseAll(x, node, op) : "ERR_FLOTILLA_HAS_CHILDREN";',
        replace: "return op.recursive === true ? eraseAll(x, node, op) : erase(x, node);",
      },
    ],
  },
  {
    id: "K05",
    severity: 2,
    title: "an ephemeral node may have children",
    killer: "the golden model",
    edits: [
      {
        file: treeOps,
        find: parentOfCreate,
        replace: "  if (op.lease !== null && x.session",
      },
    ],
  },
  {
    id: "K06",
    severity: 2,
    title: "the version of a node goes on after it was deleted and made again",
    killer: "LinearizableHistory",
    edits: [
      {
        file: treeOps,
        find: erased,
        replace: `  (x.tree.graves ??= new Map()).set(node.path, node.version);\n${erased}`,
      },
      {
        file: treeOps,
        find: "    version: 0,",
        replace: "    version: x.tree.graves?.get(path) ?? 0,",
      },
    ],
  },
  {
    id: "K07",
    severity: 1,
    title: "the suffix of a sequential node is the number of children",
    killer: "SequenceUnique",
    edits: [{ file: treeOps, find: suffix, replace: suffix.replace("created", "numChildren") }],
  },
  {
    id: "K08",
    severity: 1,
    title: "the counter of sequential nodes goes back when the last child is deleted",
    killer: "SequenceUnique",
    edits: [
      {
        file: treeOps,
        find: "  parent.created += born;",
        replace: "  parent.created += born === 0 && parent.numChildren === 1 ? -1 : born;",
      },
    ],
  },
  {
    id: "K09",
    severity: 1,
    title: "a multi keeps what it did before the operation that failed",
    killer: "ExactlyOnce",
    edits: [
      {
        file: perform,
        find: "      x.tree.rollback();\n      x.events.length = 0;\n",
        replace: "      x.tree.commit();\n",
      },
    ],
  },
  {
    id: "K10",
    severity: 1,
    title: "a multi does its later operations in later turns",
    killer: "MultiAtomic",
    edits: [
      {
        file: perform,
        find: "    const outcome = applyTreeOp(x, op);\n    if (isRefusal(outcome)) {\n      x.tree.rollback",
        replace: `    if (index > 0) {
      Promise.resolve().then(() => applyTreeOp(x, op));
      results.push({ ok: true, path: op.path, stat: null });
      continue;
    }
    const outcome = applyTreeOp(x, op);
    if (isRefusal(outcome)) {
      x.tree.rollback`,
      },
    ],
  },
  {
    id: "K11",
    severity: 2,
    title: "times of nodes are by the clock of whoever applies",
    killer: "DeterministicApply",
    edits: [
      {
        file: coordStateMachine,
        find: "this.#options.machine.apply(payload, { index, timeMs })",
        replace:
          "this.#options.machine.apply(payload, { index, timeMs: Math.max(timeMs, this.#options.clock.wallNow()) })",
      },
      {
        file: parts,
        find: "new CoordStateMachine({ machine,",
        replace: "new CoordStateMachine({ clock, machine,",
      },
    ],
  },
  {
    id: "K12",
    severity: 1,
    title: "the suffix of a sequential node comes from a counter of the process",
    killer: "DeterministicApply",
    edits: [
      {
        file: treeOps,
        find: suffix,
        replace: suffix.replace(
          "parent.created",
          "(x.tree.serial = Math.max(x.tree.serial ?? -1, parent.created - 1) + 1)",
        ),
      },
    ],
  },
  {
    id: "K13",
    severity: 2,
    title: "the nodes of a lease are deleted in the order in which a set holds them",
    killer: "the golden model",
    edits: [
      {
        file: treeOps,
        find: "  for (const path of paths.toSorted()) {\n    const node = x.tree.get(path);\n    if (node !== undefined) erase",
        replace:
          "  for (const path of paths) {\n    const node = x.tree.get(path);\n    if (node !== undefined) erase",
      },
    ],
  },
  {
    id: "K14",
    severity: 2,
    title: "a page of children is a view of those there are when it is read",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: machine,
        find: "    return this.#state.tree.children(path, page.after ?? null, page.limit ?? limits.childrenPage);",
        replace: `    const { tree } = this.#state;
    const ask = () => tree.children(path, page.after ?? null, page.limit ?? limits.childrenPage);
    const found = ask();
    if (found === null) return null;
    return { get names() { return ask()?.names ?? []; }, next: found.next };`,
      },
    ],
  },
  {
    id: "K15",
    severity: 4,
    title: "paths that say the same in several ways are different nodes",
    killer: "the golden model",
    onlySuites: true,
    edits: [{ file: kvPaths, find: "  if (!hasShape(path)) return false;\n", replace: "" }],
  },
];
