import assert from "node:assert/strict";
import type { Files } from "../disk.ts";
import type { ConformanceCase, World } from "./case.ts";
import { bytes, rejectsWith, text } from "./expect.ts";

/** Files in an empty directory. */
export interface FilesSubject {
  readonly world: World;
  readonly files: Files;
}

async function read({ world, files }: FilesSubject, name: string): Promise<string | undefined> {
  return text(await world.until(files.read(name)));
}

/** What every `Files` keeps. */
export const filesConformance: readonly ConformanceCase<FilesSubject>[] = [
  {
    name: "a file that is not there reads as undefined",
    async run(subject) {
      assert.equal(await read(subject, "none"), undefined);
      assert.equal(await read(subject, "no-folder/none"), undefined);
    },
  },
  {
    name: "readAt gives the bytes asked for, as far as there are any",
    async run({ world, files }) {
      await world.until(files.append("a/part", bytes("0123456789")));
      const at = async (offset: number, length: number): Promise<string | undefined> =>
        text(await world.until(files.readAt("a/part", offset, length)));
      assert.equal(await at(0, 4), "0123");
      assert.equal(await at(4, 4), "4567");
      assert.equal(await at(8, 4), "89");
      assert.equal(await at(10, 4), "");
      assert.equal(await at(99, 4), "");
      assert.equal(await at(3, 0), "");
      assert.equal(await world.until(files.readAt("a/none", 0, 4)), undefined);
      const before = await world.until(files.readAt("a/part", 2, 3));
      const file = await world.until(files.open("a/part"));
      await world.until(file.writeAt(2, bytes("xyz")));
      await world.until(file.close());
      assert.equal(text(before), "234");
    },
  },
  {
    name: "append creates file and folders and adds at the end, in call order",
    async run(subject) {
      const { world, files } = subject;
      await world.until(files.append("a/b/log", bytes("0")));
      const appends = Array.from({ length: 20 }, (_, index) =>
        files.append("a/b/log", bytes(`,${index + 1}`)),
      );
      await world.until(Promise.all(appends));
      await world.until(files.sync("a/b/log"));
      assert.equal(await read(subject, "a/b/log"), Array.from({ length: 21 }, (_, index) => index).join());
    },
  },
  {
    name: "an open file is overwritten in place, and a gap beyond its end is zeros",
    async run(subject) {
      const { world, files } = subject;
      const marks = await world.until(files.open("new/marks"));
      assert.equal(await read(subject, "new/marks"), "");
      await world.until(marks.writeAt(4, bytes("end")));
      assert.equal(await read(subject, "new/marks"), "\0\0\0\0end");
      await world.until(marks.writeAt(0, bytes("head")));
      await world.until(marks.writeAt(5, bytes("N")));
      await world.until(marks.sync());
      await world.until(marks.close());
      assert.equal(await read(subject, "new/marks"), "headeNd");
    },
  },
  {
    name: "opening keeps what a file holds",
    async run(subject) {
      const { world, files } = subject;
      await world.until(files.replace("marks", bytes("before")));
      const marks = await world.until(files.open("marks"));
      await world.until(marks.writeAt(1, bytes("E")));
      await world.until(marks.close());
      assert.equal(await read(subject, "marks"), "bEfore");
    },
  },
  {
    name: "replace puts the new content in the place of the old, shorter or longer",
    async run(subject) {
      const { world, files } = subject;
      for (const content of ["first", "second, longer", "", "x"]) {
        await world.until(files.replace("conf/marker", bytes(content)));
        assert.equal(await read(subject, "conf/marker"), content);
      }
      assert.deepEqual(await world.until(files.list("conf")), ["marker"]);
    },
  },
  {
    name: "rename moves a file over another, into a folder that may be new",
    async run(subject) {
      const { world, files } = subject;
      await world.until(files.append("part", bytes("new")));
      await world.until(files.append("full/one", bytes("old")));
      await world.until(files.sync("part"));
      await world.until(files.rename("part", "full/one"));
      assert.equal(await read(subject, "full/one"), "new");
      assert.equal(await read(subject, "part"), undefined);
      await world.until(files.rename("full/one", "fresh/two"));
      assert.equal(await read(subject, "fresh/two"), "new");
    },
  },
  {
    name: "remove forgets a file and does not mind a missing one",
    async run(subject) {
      const { world, files } = subject;
      await world.until(files.append("a", bytes("1")));
      await world.until(files.remove("a"));
      await world.until(files.remove("a"));
      await world.until(files.remove("no-folder/a"));
      assert.equal(await read(subject, "a"), undefined);
      await world.until(files.append("a", bytes("2")));
      assert.equal(await read(subject, "a"), "2");
    },
  },
  {
    name: "list names the files directly in a folder, sorted; the root is the empty name",
    async run(subject) {
      const { world, files } = subject;
      for (const name of ["s/b", "s/a", "s/B", "s/10", "s/9", "s/deep/x", "top"]) {
        await world.until(files.append(name, bytes("1")));
      }
      assert.deepEqual(await world.until(files.list("s")), ["10", "9", "B", "a", "b"]);
      assert.deepEqual(await world.until(files.list("s/deep")), ["x"]);
      assert.deepEqual(await world.until(files.list("")), ["top"]);
      assert.deepEqual(await world.until(files.list("none")), []);
    },
  },
  {
    name: "what was read does not change when the file does",
    async run(subject) {
      const { world, files } = subject;
      await world.until(files.append("a", bytes("one")));
      const before = await world.until(files.read("a"));
      const file = await world.until(files.open("a"));
      await world.until(file.writeAt(0, bytes("two")));
      await world.until(file.close());
      assert.equal(text(before), "one");
    },
  },
  {
    name: "names outside the directory, hidden or odd are refused, and nothing is touched",
    async run(subject) {
      const { world, files } = subject;
      const refused = [
        "",
        "..",
        "../x",
        "a/../x",
        "/etc/passwd",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a\\b",
        "a\0b",
        "C:x",
      ];
      for (const name of refused) {
        const calls: (() => Promise<unknown>)[] = [
          () => files.read(name),
          () => files.readAt(name, 0, 1),
          () => files.append(name, bytes("x")),
          () => files.open(name),
          () => files.sync(name),
          () => files.replace(name, bytes("x")),
          () => files.rename(name, "ok"),
          () => files.rename("ok", name),
          () => files.remove(name),
        ];
        for (const call of calls) await rejectsWith(world.until(call()), "ERR_FLOTILLA_BAD_ARGUMENT");
        if (name !== "") await rejectsWith(world.until(files.list(name)), "ERR_FLOTILLA_BAD_ARGUMENT");
      }
      assert.deepEqual(await world.until(files.list("")), []);
    },
  },
  {
    name: "syncing or renaming what is not there fails",
    async run({ world, files }) {
      await rejectsWith(world.until(files.sync("none")), "ERR_FLOTILLA_STORAGE");
      await rejectsWith(world.until(files.rename("none", "other")), "ERR_FLOTILLA_STORAGE");
    },
  },
];
