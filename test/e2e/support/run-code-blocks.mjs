// Runs the code blocks of a page of the documentation on a cluster of one, in the folder at hand:
// run-code-blocks.mjs FOLDER PAGE COUNT. Out: a line a block, `works`, `left out: …`, or how it failed.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "@flotilla/coord";
import { freePorts } from "../../../examples/support/replicas.mjs";

const [folder, page, count] = process.argv.slice(2);
/** What takes longer hangs. */
const patienceMs = 30_000;
const silent = () => {};
const logger = { debug: silent, info: silent, warn: silent, error: silent };

/** What others do before, and meanwhile, where a block waits for them. */
const others = {
  "README.md#3":
    ({ session }) =>
    async () => {
      for (let k = 0; ; k += 1) {
        await session.put("/limits/of", String(k)).catch(silent); // once it is made
        await pause();
      }
    },
  "docs/recipes/barrier.md#1": (coord) => async () => {
    for (const key of ["shard-2", "shard-3"]) {
      await coord.latch("migrated", { count: 3 }).countDown({ key });
      void coord
        .doubleBarrier("load-test", { parties: 3 })
        .enter()
        .then((round) => round.leave());
    }
  },
  "docs/recipes/election.md#2": async (coord) => {
    const line = async (length) => {
      while ((await coord.election("report").candidates()).length < length) await pause();
    };
    const first = await coord.election("report").campaign();
    return async () => {
      await line(2);
      void coord.election("report", { id: "n2" }).campaign();
      await line(3);
      await first.resign();
    };
  },
  "docs/recipes/team.md#1": (coord) => async () => {
    while ((await coord.election("crew").leader()) === null) await pause();
    await coord.team("crew", { address: "10.0.0.2", port: 9_000 }).run({ lead: silent });
  },
};

/** What one that never ends says last. */
const lastly = {
  "README.md#1": /^report 3$/,
  "README.md#3": /^created|changed$/,
  "packages/coord/README.md#2": /^report 3$/,
  "packages/coord/README.md#4": /^true /,
  "docs/tree.md#3": /^asked /,
  "docs/client.md#2": /^connected$/,
  "docs/recipes/config.md#1": /^4 1$/,
  "docs/recipes/election.md#2": /^n2$/,
  "docs/recipes/group.md#1": /^1 /,
  "docs/recipes/registry.md#1": /^true /,
  "docs/recipes/shards.md#2": /^0 of 64 are owned$/,
  "docs/recipes/team.md#1": /^report 3$/,
};

const leftOut = {
  "README.md#2": "a member of three",
  "packages/coord/README.md#1": "a member of three",
  "packages/coord/README.md#5": "members come and go",
  "docs/client.md#1": "asks name servers",
};

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
let said = silent;

/** Whatever a block takes from the app around it. */
function surround(node) {
  let reports = 0;
  const objects = new Map();
  Object.assign(globalThis, {
    node,
    coord: node,
    session: node.session,
    report: async () => {
      await pause();
      reports += 1;
      said("report", reports);
      if (reports === 5 && process.listenerCount("SIGTERM") > 0) process.kill(process.pid, "SIGTERM");
    },
    rollOut: pause,
    move: pause,
    sql: async () => 1,
    bucket: {
      head: async (key) => objects.get(key) ?? null,
      put: async (key, _value, { epoch }) => objects.set(key, { tag: key, epoch }) === objects,
    },
    balancer: { update: silent },
    plan: { "~standard": { version: 1, vendor: "app", validate: (value) => ({ value }) } },
  });
}

/** Its addresses and ports are those of this page's member and of a web server. */
function onThisMachine(code, { address, own, raft, web }) {
  const member = /import \{[^}]*\bstart\b/.test(code) ? own : address;
  return code
    .replaceAll(/"[\d.]+:74\d\d"/g, `"${member}"`)
    .replaceAll("127.0.0.1:7001", raft)
    .replaceAll("http://billing/", `http://127.0.0.1:${web}/`)
    .replaceAll("8080", web)
    .replaceAll("10.0.0.1", "127.0.0.1");
}

async function run(name, code, coord) {
  if (Object.hasOwn(leftOut, name)) return `left out: ${leftOut[name]}`;
  const heard = [];
  const isOver = new Promise((resolve) => {
    said = (...words) => {
      heard.push(words.join(" "));
      if (lastly[name]?.test(words.join(" "))) resolve(undefined);
    };
  });
  const file = join(folder, `${encodeURIComponent(name)}.mjs`);
  writeFileSync(file, code);
  const meanwhile = await others[name]?.(coord);
  void meanwhile?.().catch(silent);
  let late;
  const isLate = new Promise((_, reject) => {
    late = setTimeout(
      () => reject(new Error(`is not over; it said ${heard.slice(0, 20).join(", ")}`)),
      patienceMs,
    );
  });
  try {
    await Promise.race([import(pathToFileURL(file)), isOver, isUnheard(), isLate]);
    return "works";
  } catch (error) {
    return `${name}: ${error.stack}`.replaceAll("\n", " ");
  } finally {
    clearTimeout(late);
    process.removeAllListeners("SIGTERM");
  }
}

/** Rejects with what a block leaves to nobody. */
const isUnheard = () =>
  new Promise((_, reject) => {
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", reject);
  });

for (const word of ["log", "warn", "error"]) console[word] = (...words) => said(...words);

const server = createServer((_request, response) => response.end("fine")).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const web = String(server.address().port);
const [address, own, raft] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
const bootstrap = [{ id: "n1", address }];
const hurried = { heartbeatMs: 20, electionTimeoutMs: 200 };
const node = await start({ id: "n1", dataDir: "member", listen: address, bootstrap, ...hurried, logger });
surround(node);
for (let k = 1; k <= Number(count); k += 1) {
  const name = `${page}#${k}`;
  const code = readFileSync(join(folder, `${encodeURIComponent(name)}.js`), "utf8");
  const told = await run(name, onThisMachine(code, { address, own, raft, web }), node);
  process.stdout.write(`${told}\n`);
}
process.exit();
