import { createServer } from "node:net";

/** Below the range that systems hand out to outgoing connections, so that a stopped member's port stays free. */
const firstPort = 15_000;
const lastPort = 32_000;
const taken = new Set<number>();

/** Workers that run side by side draw from ports of their own: a member that is down for a while finds its one free. */
const workers = 8;
const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % workers;

/** Ports of 127.0.0.1 on which nobody listens; each is given once per process. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port =
      firstPort + workers * Math.floor((Math.random() * (lastPort - firstPort)) / workers) + worker;
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    found.push(port);
  }
  return found;
}

/** True when nobody listens on that port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });
}
