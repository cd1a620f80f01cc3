import type { WatchEvent, WatchOptions } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me } from "../me.ts";
import type { Process } from "../process.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

const root = "/x";

/** A part of the tree as a watch tells it: paths and the revisions of their last changes. */
class Fold {
  readonly nodes: Map<string, number> = new Map();
  readonly #book: Book;
  #revision = 0;

  constructor(book: Book) {
    this.#book = book;
  }

  take(event: WatchEvent): void {
    if (event.revision < this.#revision) this.#broken("InOrder", event);
    this.#revision = event.revision;
    if (event.type === "snapshot") {
      if (event.reason !== "asked") this.#broken("NothingIsLeftOut", event);
      this.nodes.clear();
      for (const { path, node } of event.nodes) this.nodes.set(path, node.stat.mzxid);
      return;
    }
    const before = event.previous?.stat.mzxid;
    if (before !== this.nodes.get(event.path)) this.#broken("EachChangeOnce", event);
    if ((event.type === "created") !== (before === undefined)) this.#broken("EachChangeOnce", event);
    if (event.node === null) this.nodes.delete(event.path);
    else this.nodes.set(event.path, event.node.stat.mzxid);
  }

  #broken(invariant: string, { type, revision }: WatchEvent): void {
    this.#book.broken(invariant, { type, revision, told: this.#revision });
  }
}

/** Makes, changes and deletes nodes, the next before the one before is answered. */
const changes: Script = async (me) => {
  const { session } = me.coord;
  await Promise.all([session.create(`${root}/1`, "1"), session.put(`${root}/2`, me.id)]);
  await me.step();
  await Promise.all([session.set(`${root}/1`, "2"), session.create(`${root}/1/deep`, "")]);
  await me.step();
  await session.delete(`${root}/1`, { recursive: true });
};

const others: Script = async (me) => {
  const { session } = me.coord;
  await session.multi([
    { type: "create", path: `${root}/3`, value: "", ephemeral: true },
    { type: "put", path: `${root}/2`, value: me.id },
  ]);
  await me.step();
  await session.delete(`${root}/2`);
};

const asked: WatchOptions = { kind: "recursive", previous: true, values: false };

/** In the end it was told all that became of the tree. */
async function judge(book: Book, { coord: { session } }: Process, fold: Fold): Promise<void> {
  const here = new Fold(book);
  for await (const event of await session.watch(root, { ...asked, initial: true, once: true }))
    here.take(event);
  const differ = [...new Set([...here.nodes.keys(), ...fold.nodes.keys()])].filter(
    (path) => here.nodes.get(path) !== fold.nodes.get(path),
  );
  if (differ.length > 0) book.broken("EveryChangeIsTold", { differ });
}

function watched(follow: (me: Me, fold: Fold, signal: AbortSignal) => Promise<void>): (book: Book) => Play {
  return (book) => {
    const fold = new Fold(book);
    const state = { follower: null as Me | null };
    const follows: Script = async (me) => {
      state.follower = me;
      await me.trying((signal) => follow(me, fold, signal));
    };
    return {
      scripts: [changes, others, follows],
      before: async ({ coord }) => coord.session.create(root),
      mayWait: (waiting) => waiting.join() === "c",
      after: async (last) => {
        const suffered = state.follower?.process.suffered;
        if (suffered?.has("end") === true && !suffered.has("abort")) await judge(book, last, fold);
      },
    };
  };
}

/** One stream for all of it. */
const streams = watched(async (me, fold, signal) => {
  const watch = await me.coord.session.watch(root, { ...asked, initial: true, signal });
  for await (const event of watch) fold.take(event);
});

/** A stream for each change, which goes on from where the one before it stood. */
const resumes = watched(async (me, fold, signal) => {
  const first = await me.coord.session.watch(root, { ...asked, initial: true, once: true, signal });
  for await (const event of first) fold.take(event);
  let { token } = first;
  while (!signal.aborted) {
    const watch = await me.coord.session.watch(root, { ...asked, from: token, once: true, signal });
    for await (const event of watch) fold.take(event);
    token = watch.token;
  }
});

/** A session that writes without waiting, and reads what it wrote; another one that reads. */
function writes(book: Book): Play {
  const last = 4;
  const writing: Script = async (me) => {
    const { session } = me.coord;
    const done: number[] = [];
    const write = async (k: number): Promise<void> => {
      await (k === 0 ? session.create(root, "0") : session.set(root, String(k)));
      done.push(k);
    };
    const look = async (least: number): Promise<void> => {
      const version = (await session.get(root, { level: "local" }))?.stat.version ?? -1;
      if (version < least) book.broken("ReadsOwnWrites", { version, least });
    };
    await Promise.all([write(0), write(1), look(1), write(2), look(2), write(3), write(last), look(last)]);
    if (done.join() !== done.toSorted((a, b) => a - b).join()) book.broken("FirstInFirstOut", { done });
  };
  const reading: Script = async (me) => {
    let seen = -1;
    for (let round = 0; round < 2 * last; round += 1) {
      const node = await me.coord.session.get(root, { level: "local" });
      const version = node?.stat.version ?? -1;
      const value = node === null ? -1 : Number(new TextDecoder().decode(node.value));
      if (version < seen) book.broken("NeverBack", { version, seen });
      if (version !== value) book.broken("EachWriteOnce", { version, value });
      seen = version;
      await me.step();
    }
  };
  return {
    scripts: [reading, writing],
    after: async ({ coord }) => {
      const node = await coord.session.get(root);
      const value = node === null ? -1 : Number(new TextDecoder().decode(node.value));
      if ((node?.stat.version ?? -1) !== value) book.broken("EachWriteOnce", { value });
    },
  };
}

/** A lease of its own: its nodes are not gone before its holder knows. */
function leases(book: Book): Play {
  const state = { lease: null as { readonly signal: AbortSignal } | null, holder: null as Me | null };
  const holds: Script = async (me) => {
    state.holder = me;
    const lease = await me.trying((signal) => me.coord.session.grant(3_000, { signal }));
    if (lease === null) return;
    await me.step();
    state.lease = lease;
    await me.coord.session.create(`${root}/held`, "", { lease });
    if (lease.signal.aborted) return;
    await me.step();
    await lease.revoke();
  };
  const watches: Script = async (me) => {
    await me.trying(async (signal) => {
      const watch = await me.coord.session.watch(root, { kind: "children", signal });
      for await (const { type } of watch)
        if (
          type === "deleted" &&
          state.holder?.process.isDead === false &&
          state.lease?.signal.aborted === false
        )
          book.broken("HeldUntilGivenBack", { who: state.holder.id });
    });
  };
  return {
    scripts: [holds, watches],
    before: async ({ coord }) => coord.session.create(root),
    mayWait: (waiting) => waiting.join() === "b",
    after: async ({ coord }) => {
      const page = await coord.session.children(root);
      if ((page?.names.length ?? 0) > 0) book.broken("NothingIsLeft", { names: page?.names });
    },
  };
}

/** Sessions by themselves. */
export const watches: readonly Scope[] = [
  ...everywhere({ name: "watch", title: "two who change a tree, and one who follows it", begin: streams }),
  ...everywhere({ name: "watch-resume", title: "the same, a stream for each change", begin: resumes }),
  ...everywhere({ name: "writes", title: "one who writes without waiting, one who reads", begin: writes }),
  ...everywhere({ name: "lease", title: "a lease of its own, and one who watches its node", begin: leases }),
];
