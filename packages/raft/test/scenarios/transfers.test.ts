import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runTransfer } from "./harness/transfer/run.ts";

const folder = join(import.meta.dirname, "transfers");

test.each(readdirSync(folder).toSorted())("%s tells how a snapshot is received", async (name) => {
  const file = join(folder, name);
  await expect(await runTransfer(readFileSync(file, "utf8"))).toMatchFileSnapshot(file);
});

test.each([
  ["> offer a", "line 1, offer a: the first command is `snapshot`"],
  ["> snapshot a\n> dance", "there is no command dance"],
  ["> snapshot a\n> offer b", "b holds no snapshot"],
  ["> snapshot a\n> deliver", "no such message is under way"],
  ["> snapshot a\n> damage", "no chunk is under way"],
  ["> snapshot a\n> lose-power\n> offer a", "the receiver is down"],
  ["> snapshot a speed=2", "not understood: speed"],
])("%j is refused", async (text, reason) => {
  await expect(runTransfer(text)).rejects.toThrow(reason);
});
