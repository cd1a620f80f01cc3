import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What the transpiler leaves `using` to, on a Node that does not know it. */
const packageName = "@oxc-project/runtime";

const manifest = {
  name: packageName,
  type: "module",
  exports: { "./helpers/usingCtx": "./helpers/usingCtx.js" },
};

const helper = `export default function usingCtx() {
  const none = {};
  const held = [];
  const context = {
    e: none,
    u: (value) => hold(value, value?.[Symbol.dispose], false),
    a: (value) => hold(value, value?.[Symbol.asyncDispose] ?? value?.[Symbol.dispose], true),
    d: () => release(),
  };
  const hold = (value, dispose, isAsync) => {
    if (value === null || value === undefined) return value;
    if (typeof dispose !== "function") throw new TypeError("not disposable");
    held.push({ value, dispose, isAsync });
    return value;
  };
  const note = (error) => {
    context.e = context.e === none ? error : Object.assign(new Error("suppressed"), { error, suppressed: context.e });
  };
  const release = () => {
    for (let last = held.pop(); last !== undefined; last = held.pop()) {
      try {
        const done = last.dispose.call(last.value);
        if (last.isAsync) return Promise.resolve(done).catch(note).then(release);
      } catch (error) {
        note(error);
      }
    }
    if (context.e !== none) throw context.e;
  };
  return context;
}
`;

/** Puts it where compiled modules below `folder` find it. */
export async function writeUsingHelper(folder: string): Promise<void> {
  const at = join(folder, "node_modules", packageName);
  await mkdir(join(at, "helpers"), { recursive: true });
  await writeFile(join(at, "package.json"), JSON.stringify(manifest));
  await writeFile(join(at, "helpers/usingCtx.js"), helper);
}
