import process from "node:process";

// Nothing of ours is loaded before: what it measures is a process that had loaded nothing.
const begun = performance.now();
await import("@flotilla/coord/client");
const elapsedMs = performance.now() - begun;

function sharedObjects(report: unknown): readonly unknown[] {
  const found: unknown =
    typeof report === "object" && report !== null ? Reflect.get(report, "sharedObjects") : null;
  return Array.isArray(found) ? found : [];
}

const addons = sharedObjects(process.report.getReport()).filter(
  (path) => typeof path === "string" && path.endsWith(".node"),
);
process.stdout.write(`${JSON.stringify({ ms: elapsedMs, addons: addons.length })}\n`);
