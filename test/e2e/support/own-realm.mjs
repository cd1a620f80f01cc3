// Runs the packages in a realm of its own, as Jest does with each file of tests: errors of Node.js and of what is no
// module are another realm's there. Out: what the code below says.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const packages = new URL("../../../packages/", import.meta.url).href;
/** What looks at the classes of objects has to know those of the realm. */
const isWithin = (url) => url.startsWith(packages) || url.includes("/node_modules/cbor-x/");

const realm = vm.createContext({});
const ownNames = new Set(vm.runInContext("Object.getOwnPropertyNames(globalThis)", realm));
for (const name of Object.getOwnPropertyNames(globalThis))
  if (!ownNames.has(name))
    Object.defineProperty(realm, name, Object.getOwnPropertyDescriptor(globalThis, name));
Object.assign(realm, { globalThis: realm, ArrayBuffer, Uint8Array, console });

const modules = new Map();

/** What is no module of the realm's as one of them. */
function synthetic(exports, identifier) {
  const names = Object.keys(exports);
  const evaluate = () => {
    for (const name of names) made.setExport(name, exports[name]);
  };
  const made = new vm.SyntheticModule(names, evaluate, { context: realm, identifier });
  return made;
}

function commonJs(code, identifier) {
  const module = { exports: vm.runInContext("({})", realm) };
  const run = vm.compileFunction(code, ["module", "exports"], { parsingContext: realm });
  run(module, module.exports);
  return synthetic(module.exports, identifier);
}

async function load(url) {
  if (!isWithin(url)) return synthetic(await import(url), url);
  const code = readFileSync(new URL(url), "utf8");
  return url.endsWith(".cjs") ? commonJs(code, url) : source(code, url);
}

function moduleAt(specifier, { identifier }) {
  const url = import.meta.resolve(specifier, identifier);
  const known = modules.get(url) ?? load(url);
  modules.set(url, known);
  return known;
}

function source(code, identifier) {
  return new vm.SourceTextModule(code, {
    context: realm,
    identifier,
    initializeImportMeta: (meta) => (meta.url = identifier),
    importModuleDynamically: async (specifier, from) => ready(await moduleAt(specifier, from)),
  });
}

async function ready(module) {
  if (module.status === "unlinked") await module.link(moduleAt);
  await module.evaluate();
  return module;
}

const code = `
import { connect, FlotillaError, start } from "@flotilla/coord";

const [dataDir, address, other] = process.argv.slice(2);
const options = { id: "n1", dataDir, listen: address, bootstrap: [{ id: "n1", address }] };
const node = await start(options);
const missing = await (await import("node:fs/promises")).readFile("/none").catch((error) => error);
console.log("errors of Node.js:", missing instanceof Error ? "its own" : "another realm's");
await node.session.put("/a", "b");
const coord = await connect({ endpoints: [address] });
console.log("reads:", new TextDecoder().decode((await coord.session.get("/a")).value));
await coord.close();
const refused = async (making) => making.then(() => "nothing", (error) => FlotillaError.is(error) && error.code);
console.log("the same data:", await refused(start({ ...options, listen: other })));
console.log("the same address:", await refused(start({ ...options, dataDir: dataDir + "-2" })));
console.log("nobody:", (await connect({ endpoints: [other], connectTimeoutMs: 500 }).catch((error) => error)).message);
await node.close();
const again = await start(options);
await again.session.sync();
console.log("is back:", again.status().role);
await again.close();
`;
await ready(source(code, import.meta.url));
