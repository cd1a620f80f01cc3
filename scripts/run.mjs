// Does all set-up that a fresh clone needs, then one task: node scripts/run.mjs TASK [ARGUMENTS].
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const windows = process.platform === "win32";
const pin = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;

/** A step of the set-up, which talks on stderr, so that a task's stdout stays machine-readable. */
function setUpBy(command, args, env = {}) {
  const child = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    shell: windows,
    stdio: ["inherit", 2, 2],
  });
  if (child.error) throw child.error;
  if (child.status !== 0) process.exit(child.status ?? 1);
}

/** Resolves once it has ended well; this process ends as it does otherwise, and passes on what asks it to end. */
function run(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    shell: windows,
    stdio: "inherit",
  });
  const release = passOn(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      release();
      if (code === 0) resolve();
      else process.exit(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** What comes again within this is the same one: it was sent to a whole group, and npm passes it on as well. */
const sameMs = 1_000;

/** The terminal sends these to the whole group, the child included. */
const isFromTerminal = (name) => name !== "SIGTERM" && process.stdin.isTTY;

function passOn(child) {
  let lastMs = -Infinity;
  const handlers = ["SIGTERM", "SIGINT", "SIGHUP"].map((name) => {
    const handler = () => {
      if (isFromTerminal(name) || performance.now() - lastMs < sameMs) return;
      lastMs = performance.now();
      child.kill(name);
    };
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  return () => {
    for (const release of handlers) release();
  };
}

/** Runs the pinned pnpm: the installed one if it is exactly that, else fetched for this call through npm. */
function pnpm(args) {
  const env = { CI: process.env.CI ?? "true" }; // never prompt
  const installed = spawnSync("pnpm", ["--version"], { cwd: root, encoding: "utf8", shell: windows });
  if (installed.status === 0 && `pnpm@${installed.stdout.trim()}` === pin) {
    return setUpBy("pnpm", args, env);
  }
  const fetch = ["exec", "--yes", "--", pin, ...args];
  const npm = process.env.npm_execpath ?? "";
  if (npm.endsWith("npm-cli.js")) return setUpBy(process.execPath, [npm, ...fetch], env);
  return setUpBy("npm", fetch, env);
}

function setUp() {
  const stampFile = join(root, "node_modules", ".install-stamp");
  const hash = createHash("sha256").update(process.versions.modules);
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"]) {
    hash.update(readFileSync(join(root, file)));
  }
  const stamp = hash.digest("hex");
  const installed = () => existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp;
  if (!installed()) {
    whileLocked(() => {
      if (installed()) return;
      console.error("Installing dependencies …");
      pnpm(["install", "--frozen-lockfile", "--reporter=append-only"]);
      writeFileSync(stampFile, stamp);
    });
  }
  whileLocked(() => {
    setUpBy(bin("tsc"), ["-b"]);
    setUpBy(process.execPath, [join(root, "scripts/bundle-client.mjs")]);
  });
}

const isOld = (path) => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 600_000;

/** True when its owner was ended, or ten minutes have passed without a word of one. */
function isAbandoned(lock) {
  if (isOld(lock)) return true;
  try {
    process.kill(Number(readFileSync(join(lock, "owner"), "utf8")), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** One at a time, so that nobody takes away the lock that somebody else has come by meanwhile. */
function removeAbandoned(lock) {
  const claim = `${lock}-claim`;
  try {
    mkdirSync(claim);
  } catch {
    if (isOld(claim)) rmSync(claim, { recursive: true, force: true });
    return;
  }
  try {
    if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
  } finally {
    rmSync(claim, { recursive: true, force: true });
  }
}

/** Two first runs side by side take turns. */
function whileLocked(work) {
  mkdirSync(join(root, "node_modules"), { recursive: true });
  const lock = join(root, "node_modules", ".setup-lock");
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isAbandoned(lock)) removeAbandoned(lock);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  writeFileSync(join(lock, "owner"), String(process.pid));
  const free = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", free);
  try {
    work();
  } finally {
    free();
    process.removeListener("exit", free);
  }
}

const bin = (name) => join(root, "node_modules", ".bin", windows ? `${name}.cmd` : name);
const script = (file) => (args) => run(process.execPath, [join(root, file), ...args]);

/** Compares the state machine with its golden model: `soak kv [commands] [seed]`. */
function soakModel([commands = "100000000", seed]) {
  const env = { FLOTILLA_COMMANDS: commands, ...(seed === undefined ? {} : { FLOTILLA_SEED: seed }) };
  const file = "packages/kv/test/model.test.ts";
  return run(bin("vitest"), ["run", "--project", "kv", file, "-t", "a great many"], env);
}

const tasks = {
  start: (args) => script("packages/server/dist/main.js")(["demo", ...args]),
  flotilla: script("packages/server/dist/main.js"),
  test: (args) => run(bin("vitest"), ["run", ...args]),
  sim: script("test/simulation/dist/main.js"),
  soak: ([what, ...args]) => {
    if (what === "kv") return soakModel(args);
    if (what === "exhaustive") return script("test/exhaustive/dist/main.js")(args);
    return script("test/simulation/dist/main.js")(["--soak", ...(what === undefined ? [] : [what]), ...args]);
  },
  fuzz: script("test/fuzz/dist/main.js"),
  jepsen: script("test/jepsen/dist/main.js"),
  mutants: script("test/mutants/dist/main.js"),
  bench: script("bench/dist/main.js"),
  example: ([name, ...args]) => script(join("examples", name ?? "", "main.mjs"))(args),
  "check-history": script("test/history/dist/main.js"),
  build: () => {},
  lint: async () => {
    await run(bin("oxlint"), ["--type-aware", "--deny-warnings"]);
    await run(bin("oxfmt"), ["--check", "."]);
  },
  format: () => run(bin("oxfmt"), ["."]),
  check: async () => {
    await run(bin("knip"), []);
    await run(process.execPath, [join(root, "scripts/check-packages.mjs")]);
    await run(process.execPath, [join(root, "scripts/api-report.mjs"), "--check"]);
  },
  api: script("scripts/api-report.mjs"),
};

const [name = "", ...rest] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
if (!task) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(tasks).join("|")} [arguments]`);
  process.exit(2);
}
setUp();
await task(rest);
