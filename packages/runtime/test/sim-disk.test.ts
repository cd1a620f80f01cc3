import { describe, expect, test } from "vitest";
import type { Host } from "@flotilla/runtime";
import type { Kernel } from "@flotilla/runtime/sim";
import { code, list, name, outcomes, put, reopen, world } from "./sim-disk-world.ts";
import { text, untext } from "./sim-world.ts";

describe("a crash", () => {
  test("keeps what was synced and drops or keeps the batch on its way as a whole", async () => {
    const seen = await outcomes(async (seed) => {
      const at = await world(seed, 3);
      void put(at.store, "x", "1", "y", "2");
      await reopen(at);
      return (await list(at)).slice(3).join();
    });
    expect([...seen].toSorted()).toEqual(["", "x,y"]);
  });

  test("of the process leaves the first of several batches on their way, or none", async () => {
    const seen = await outcomes(async (seed) => {
      const at = await world(seed, 1);
      for (const key of ["x", "y"]) void put(at.store, key, "1");
      at.node.stop();
      await reopen(at);
      return (await list(at)).slice(1).join();
    });
    expect([...seen].toSorted()).toEqual(["", "x"]);
  });

  test("undoes any tail of an unsynced clear, never its beginning alone", async () => {
    const seen = await outcomes(async (seed) => {
      const at = await world(seed, 4);
      await at.kernel.until(at.store.clear({ to: text(name(3)) }));
      expect(await list(at)).toEqual([name(3)]);
      expect(at.node.disk.durableStore("log").entries()).toHaveLength(4);
      await reopen(at);
      return (await list(at)).join();
    });
    const keys = [0, 1, 2, 3].map(name);
    expect([...seen].toSorted()).toEqual([0, 1, 2, 3].map((from) => keys.slice(from).join()));
  });

  test("makes a clear durable with a later batch, but for a log rotation", async () => {
    let undone = 0;
    for (let seed = 0; seed < 60; seed += 1) {
      const at = await world(seed, 4);
      await at.kernel.until(at.store.clear({}));
      await at.kernel.until(put(at.store, name(1), "anew"));
      await reopen(at);
      expect(untext(at.store.getSync(text(name(1))))).toBe("anew");
      if ((await list(at)).length > 1) undone += 1;
    }
    expect(undone).toBeGreaterThan(0);
    expect(undone).toBeLessThan(30);
  });

  test("is survived by exactly what the durable view shows", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const at = await world(seed, 5);
      const shown = at.node.disk
        .durableStore("log")
        .entries()
        .map(([key]) => untext(key));
      await reopen(at);
      expect(await list(at)).toEqual(shown);
    }
  });

  test("a batch is not in the durable view before it is durable, and is when it resolves", async () => {
    const { kernel, node, store } = await world();
    const stages: string[] = [];
    node.disk.onWrite((stage, about) => {
      stages.push(`${stage} ${about} ${untext(node.disk.durableStore("log").get(text("x")))}`);
    });
    const writing = put(store, "x", "1");
    expect(stages).toEqual(["begin log undefined"]);
    await kernel.until(writing);
    expect(stages[1]).toBe("durable log 1");
  });

  test("an orderly exit loses nothing that was unsynced", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const at = await world(seed, 3);
      await at.kernel.until(at.store.clear({}));
      await at.kernel.until(at.host.disk.files.append("f", text("hello")));
      at.node.stop();
      await reopen(at);
      expect(await list(at)).toEqual([]);
      expect(untext(await at.kernel.until(at.host.disk.files.read("f")))).toBe("hello");
    }
  });
});

describe("a failing disk", () => {
  test("a slow disk takes longer, a stuck one until it is let go, and reading goes on", async () => {
    const { kernel, node, store } = await world(1, 1);
    node.disk.slow(5000);
    const before = kernel.nowMs;
    await kernel.until(put(store, "x", "1"));
    expect(kernel.nowMs - before).toBeGreaterThanOrEqual(5000);
    node.disk.slow(0);
    node.disk.stick();
    let done = false;
    void put(store, "y", "1").then(() => (done = true));
    await kernel.run({ untilMs: kernel.nowMs + 60_000 });
    expect([done, node.disk.durableStore("log").get(text("y"))]).toEqual([false, undefined]);
    expect(untext(await kernel.until(store.get(text("x"))))).toBe("1");
    node.disk.heal();
    await kernel.run({ untilMs: kernel.nowMs + 100 });
    expect(done).toBe(true);
  });

  test.each(["write", "sync"] as const)(
    "a failed %s poisons the store, and its data is there afterwards or not",
    async (cost) => {
      const seen = await outcomes(async (seed) => {
        const at = await world(seed, 1);
        at.node.disk.failNext(cost);
        expect(await code(at.kernel.until(put(at.store, "x", "1")))).toBe("ERR_FLOTILLA_STORAGE");
        expect(await code(at.kernel.until(put(at.store, "y", "1")))).toBe("ERR_FLOTILLA_STORAGE");
        await reopen(at);
        return (await list(at)).slice(1).join();
      });
      expect([...seen].toSorted()).toEqual(["", "x"]);
    },
  );

  test("a full disk refuses writes and opening until there is space", async () => {
    const at = await world(1, 1);
    at.node.disk.setFull(true);
    expect(await code(at.kernel.until(put(at.store, "x", "1")))).toBe("ERR_FLOTILLA_STORAGE");
    expect(await code(at.kernel.until(at.host.disk.files.append("f", text("1"))))).toBe(
      "ERR_FLOTILLA_STORAGE",
    );
    expect(await code(reopen(at))).toBe("ERR_FLOTILLA_STORAGE");
    at.node.disk.setFull(false);
    await reopen(at);
    expect((await list(at))[0]).toBe(name(0));
  });

  test("a store is locked while its process has it open", async () => {
    const at = await world();
    expect(await code(at.kernel.until(at.host.disk.openStore("log")))).toBe("ERR_FLOTILLA_LOCKED");
    expect(() => at.node.disk.emptyStore("log")).toThrow("StoreClosed");
    expect(() => at.node.disk.wipe()).toThrow("DiskClosed");
    await at.kernel.until(at.store.close());
    expect(await code(at.kernel.until(at.host.disk.openStore("log")))).toBe("none");
  });
});

describe("a damaged store opens as if nothing were wrong", () => {
  test("with a run of batches gone and later ones present", async () => {
    const at = await world(1, 20);
    at.node.crash();
    expect(at.node.disk.loseBatches("log", 5, 3)).toBe(5);
    await reopen(at);
    const left = [...Array.from({ length: 12 }, (_, i) => i), 17, 18, 19].map(name);
    expect(await list(at)).toEqual(left);
  });

  test("with what the lost batches had overwritten or deleted back again", async () => {
    const at = await world(1, 1);
    await at.kernel.until(put(at.store, name(0), "newer"));
    await at.kernel.until(at.store.write([{ type: "delete", key: text(name(0)) }]));
    await at.kernel.until(put(at.store, "last", "1"));
    at.node.crash();
    at.node.disk.loseBatches("log", 1, 1);
    expect(untext(at.node.disk.durableStore("log").get(text(name(0))))).toBe("newer");
    at.node.disk.loseBatches("log", 1, 1);
    expect(untext(at.node.disk.durableStore("log").get(text(name(0))))).toBe("v");
  });

  test("cut to an earlier moment, or empty", async () => {
    const at = await world(1, 10);
    at.node.crash();
    expect(at.node.disk.cutStore("log", 4)).toBe(4);
    await reopen(at);
    expect(await list(at)).toEqual([0, 1, 2, 3, 4, 5].map(name));
    at.node.crash();
    at.node.disk.emptyStore("log");
    await reopen(at);
    expect(await list(at)).toEqual([]);
  });

  test("with values flipped or missing; unreadable ones fail when read", async () => {
    const at = await world(1, 10);
    at.node.crash();
    const [flipped] = at.node.disk.rotValues("log", 1, "flip");
    await reopen(at);
    expect(at.store.getSync(flipped ?? text(""))).toHaveLength(1);
    expect(untext(at.store.getSync(flipped ?? text("")))).not.toBe("v");
    at.node.crash();
    const lost = at.node.disk.rotValues("log", 3, "lose");
    await reopen(at);
    expect(await list(at)).toHaveLength(7);
    expect(lost.map((key) => at.store.getSync(key))).toEqual([undefined, undefined, undefined]);
    at.node.crash();
    const [bad] = at.node.disk.rotValues("log", 1, "unreadable");
    await reopen(at);
    expect(await code(at.kernel.until(at.store.get(bad ?? text(""))))).toBe("ERR_FLOTILLA_STORAGE");
    expect(await code(at.kernel.until(put(at.store, "x", "1")))).toBe("ERR_FLOTILLA_STORAGE");
  });

  test("but with a damaged manifest it does not open", async () => {
    const at = await world();
    at.node.crash();
    at.node.disk.breakStore("log");
    expect(await code(reopen(at))).toBe("ERR_FLOTILLA_STORAGE");
  });
});

describe("whole disks", () => {
  test("a wipe leaves nothing, an earlier image comes back as it was", async () => {
    const at = await world(1, 2);
    await at.kernel.until(at.host.disk.files.replace("marker", text("old")));
    const image = at.node.disk.image();
    await at.kernel.until(put(at.store, "x", "1"));
    await at.kernel.until(at.host.disk.files.replace("marker", text("new")));
    at.node.crash();
    at.node.disk.restore(image);
    await reopen(at);
    expect(await list(at)).toEqual([0, 1].map(name));
    expect(untext(at.node.disk.durableFile("marker"))).toBe("old");
    at.node.crash();
    at.node.disk.wipe();
    await reopen(at);
    expect([await list(at), at.node.disk.durableFiles()]).toEqual([[], []]);
  });

  test("two disks can be mixed up", async () => {
    const at = await world(1, 2);
    const other = at.kernel.node("b");
    await at.kernel.until(other.start().disk.files.replace("marker", text("b")));
    at.node.crash();
    other.crash();
    at.node.disk.swapWith(other.disk);
    expect(untext(at.node.disk.durableFile("marker"))).toBe("b");
    expect(other.disk.durableStore("log").entries()).toHaveLength(2);
  });
});

async function crashed(seed: number, before: (host: Host, kernel: Kernel) => Promise<void>): Promise<string> {
  const { kernel, node, host } = await world(seed);
  await before(host, kernel);
  node.crash();
  const { files } = node.start().disk;
  const names = await kernel.until(files.list(""));
  const contents = await kernel.until(Promise.all(names.map((one) => files.read(one))));
  return names.map((one, i) => `${one}=${untext(contents[i])}`).join();
}

const remove = async ({ disk: { files } }: Host, kernel: Kernel): Promise<void> => {
  await kernel.until(files.replace("f", text("1")));
  await kernel.until(files.remove("f"));
};

describe("files after a crash", () => {
  test("unsynced appends survive as a prefix, the last of them torn", async () => {
    const seen = await outcomes((seed) =>
      crashed(seed, async ({ disk: { files } }, kernel) => {
        await kernel.until(files.append("f", text("s")));
        await kernel.until(files.sync("f"));
        await kernel.until(files.append("f", text("ab")));
        await kernel.until(files.append("f", text("cd")));
      }),
    );
    expect([...seen].toSorted()).toEqual(["f=s", "f=sa", "f=sab", "f=sabc", "f=sabcd"]);
  });

  test("a new file may be gone, an overwritten slot old, new or torn", async () => {
    const seen = await outcomes((seed) =>
      crashed(seed, ({ disk }, kernel) => kernel.until(disk.files.append("f", text("x")))),
    );
    expect([...seen].toSorted()).toEqual(["", "f=", "f=x"]);
    const slots = await outcomes((seed) =>
      crashed(seed, async ({ disk: { files } }, kernel) => {
        await kernel.until(files.replace("f", text("aabb")));
        const open = await kernel.until(files.open("f"));
        await kernel.until(open.writeAt(2, text("cc")));
      }),
    );
    expect([...slots].toSorted()).toEqual(["f=aabb", "f=aacb", "f=aacc"]);
  });

  test("replace and rename happen as a whole or not at all, and are durable when they resolve", async () => {
    const replaced = await outcomes((seed) =>
      crashed(seed, async ({ disk: { files } }, kernel) => {
        await kernel.until(files.replace("f", text("old")));
        void files.replace("f", text("new"));
      }),
    );
    expect([...replaced].toSorted()).toEqual(["f=new", "f=old"]);
    const renamed = await outcomes((seed) =>
      crashed(seed, async ({ disk: { files } }, kernel) => {
        await kernel.until(files.replace("f", text("1")));
        await kernel.until(files.rename("f", "g"));
        void files.rename("g", "h");
      }),
    );
    expect([...renamed].toSorted()).toEqual(["g=1", "h=1"]);
  });

  test("renaming without syncing first may lose the content", async () => {
    const seen = await outcomes((seed) =>
      crashed(seed, async ({ disk: { files } }, kernel) => {
        await kernel.until(files.append("part", text("x")));
        await kernel.until(files.rename("part", "full"));
      }),
    );
    expect([...seen].toSorted()).toEqual(["full=", "full=x"]);
  });

  test("a removal may be undone until something in its folder is synced", async () => {
    expect([...(await outcomes((seed) => crashed(seed, remove)))].toSorted()).toEqual(["", "f=1"]);
    const synced = await outcomes((seed) =>
      crashed(seed, async (host, kernel) => {
        await remove(host, kernel);
        await kernel.until(host.disk.files.replace("g", text("2")));
      }),
    );
    expect([...synced]).toEqual(["g=2"]);
  });

  test("what was written and not synced is there after a kill, and is what rots", async () => {
    const { kernel, node, host } = await world();
    await kernel.until(host.disk.files.replace("f", text("old")));
    await kernel.until(host.disk.files.append("f", text("new")));
    node.stop();
    expect([node.disk.shownFile("f"), node.disk.durableFile("f")].map(untext)).toEqual(["oldnew", "old"]);
    node.disk.flipFile("f");
    expect(node.disk.shownFile("f")).toHaveLength(6);
    node.disk.truncateFile("f", 4);
    expect(node.disk.shownFile("f")).toHaveLength(4);
  });

  test("files rot: a bit flips, the end is missing, or all of it", async () => {
    const { kernel, node, host } = await world();
    await kernel.until(host.disk.files.replace("f", text("content")));
    node.crash();
    node.disk.flipFile("f");
    expect(node.disk.durableFile("f")).toHaveLength(7);
    expect(untext(node.disk.durableFile("f"))).not.toBe("content");
    node.disk.truncateFile("f", 3);
    expect(node.disk.durableFile("f")).toHaveLength(3);
    node.disk.loseFile("f");
    expect(node.disk.durableFiles()).toEqual([]);
    node.disk.putFile("f", text("forged"));
    expect(untext(await kernel.until(node.start().disk.files.read("f")))).toBe("forged");
  });
});
