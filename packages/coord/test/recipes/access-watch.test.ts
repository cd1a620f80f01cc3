import { isWithin, parentOf } from "@flotilla/kv";
import type { TreeEvent, WatchKind } from "@flotilla/kv";
import { keyedRandom } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { Acl, Session, WatchEvent } from "../../src/client/index.ts";
import { digestId, FlotillaError, openAcl, permissions } from "../../src/client/index.ts";
import { collect, World } from "./world.ts";

const ann = { user: "ann", password: "a" };
const closed: Acl = [{ scheme: "digest", id: digestId("ann", "a"), permissions: permissions.all }];
const places = ["/t", "/t/a", "/t/a/x", "/t/a/y", "/t/b", "/t/a-b", "/u"];
const tops = ["/", "/t", "/t/a"];
const kinds: readonly WatchKind[] = ["data", "children", "recursive"];

interface Known {
  readonly czxid: number;
  readonly isOpen: boolean;
}

interface Change extends Known {
  readonly type: TreeEvent["type"];
  readonly path: string;
}

function sees(kind: WatchKind, top: string, { type, path }: Pick<Change, "type" | "path">): boolean {
  if (path === top) return kind !== "children" || type !== "changed";
  if (kind === "recursive") return isWithin(path, top);
  return kind === "children" && type !== "changed" && path !== "/" && parentOf(path) === top;
}

/** Whoever owns all nodes, some of them closed to others, and what is known of them. */
class Owner {
  readonly nodes = new Map<string, Known>([["/", { czxid: 0, isOpen: true }]]);
  readonly changes: Change[] = [];
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Does one thing, or nothing where it cannot be done. */
  async act(what: number, path: string, isOpen: boolean): Promise<void> {
    const acl = isOpen ? openAcl : closed;
    const known = this.nodes.get(path);
    try {
      if (what < 2) {
        const { revision } = await this.#session.create(path, "v", { acl });
        this.#note("created", path, { czxid: revision, isOpen });
      } else if (known === undefined) return;
      else if (what === 2) {
        await this.#session.set(path, "w");
        this.#note("changed", path, known);
      } else if (what === 3) await this.#remove(path);
      else {
        await this.#session.setAcl(path, acl);
        this.nodes.set(path, { ...known, isOpen });
      }
    } catch (error) {
      if (
        !FlotillaError.is(error, "ERR_FLOTILLA_EXISTS") &&
        !FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")
      )
        throw error;
    }
  }

  async #remove(top: string): Promise<void> {
    await this.#session.delete(top, { recursive: true });
    const gone = [...this.nodes]
      .filter(([path]) => isWithin(path, top))
      .toSorted(([a], [b]) => (a < b ? 1 : -1));
    for (const [path, known] of gone) this.#note("deleted", path, known);
  }

  #note(type: Change["type"], path: string, known: Known): void {
    this.changes.push({ type, path, ...known });
    if (type === "deleted") this.nodes.delete(path);
    else this.nodes.set(path, known);
  }

  /** The node of a change is still there, and was closed since. */
  isClosedNow({ type, path, czxid }: Change): boolean {
    const now = this.nodes.get(path);
    return type !== "deleted" && now?.czxid === czxid && !now.isOpen;
  }
}

function shown(events: readonly WatchEvent[]): readonly string[] {
  return events.map((event) =>
    event.type === "snapshot" ? event.nodes.map(({ path }) => path).join(" ") : `${event.type} ${event.path}`,
  );
}

test.each([1, 2, 3])(
  "a watch tells what its session may read, of any kind, from wherever it begins: %d",
  async (seed) => {
    const random = keyedRandom(seed, "access");
    const world = await World.start(1, String(seed));
    const owner = new Owner((await world.client({ auth: [ann] })).session);
    const { session } = await world.client({ auth: [{ user: "bob", password: "b" }] });
    const scopes = kinds.flatMap((kind) => tops.map((top) => ({ kind, top })));
    const begin = async (options: { from?: number; initial?: boolean }) => {
      const begun = [];
      for (const { kind, top } of scopes)
        begun.push(collect(await world.until(session.watch(top, { kind, ...options }))));
      return begun;
    };
    const live = await begin({});
    for (let step = 0; step < 100; step += 1) {
      const path = places[random.below(places.length)] ?? "/t";
      await world.until(owner.act(random.below(5), path, random.chance(0.5)));
    }
    await world.until(session.sync());
    const [resumed, initial] = [await begin({ from: 0 }), await begin({ initial: true })];
    await world.pass(500);
    for (const [at, { kind, top }] of scopes.entries()) {
      const told = owner.changes.filter((change) => change.isOpen && sees(kind, top, change));
      const text = ({ type, path }: Change): string => `${type} ${path}`;
      expect(shown(live[at]?.items ?? [])).toEqual(told.map(text));
      const still = told.filter((change) => !owner.isClosedNow(change));
      expect(shown(resumed[at]?.items ?? [])).toEqual(still.map(text));
      const there = [...owner.nodes].filter(
        ([path, { isOpen }]) => isOpen && sees(kind, top, { type: "created", path }),
      );
      const paths = owner.nodes.has(top) ? there.map(([path]) => path).toSorted() : [];
      expect(shown(initial[at]?.items ?? [])).toEqual([paths.join(" ")]);
    }
  },
  60_000,
);
