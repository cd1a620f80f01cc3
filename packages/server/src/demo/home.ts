import { randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FlotillaError } from "@flotilla/runtime";

/** Where a run of the demo keeps its files. */
export interface Home {
  readonly folder: string;
  /** Of the voters; kept with the data, because members know each other by them. */
  readonly ports: readonly number[];
  /** Removes a temporary folder. Never throws. */
  remove(): Promise<void>;
  /** The same, without waiting: for when the process ends. */
  removeNow(): void;
}

/**
 * A temporary folder with free ports, or the given one with the ports it had.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`
 */
export async function makeHome(data: string | null, voters: number): Promise<Home> {
  if (data === null) {
    const folder = await mkdtemp(join(tmpdir(), "flotilla-demo-"));
    const removal = { recursive: true, force: true, maxRetries: 3 } as const;
    return {
      folder,
      ports: await freePorts(voters),
      remove: () => rm(folder, removal).catch(() => {}),
      removeNow: () => {
        try {
          rmSync(folder, removal);
        } catch {
          // A member may still be writing; nothing more can be done.
        }
      },
    };
  }
  const folder = resolve(data);
  try {
    await mkdir(folder, { recursive: true });
    return {
      folder,
      ports: await keptPorts(join(folder, "ports.json"), voters),
      remove: async () => {},
      removeNow: () => {},
    };
  } catch (cause) {
    if (FlotillaError.is(cause)) throw cause;
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `cannot use the folder ${folder}`, { cause });
  }
}

async function keptPorts(file: string, voters: number): Promise<number[]> {
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) {
    const ports = await freePorts(voters);
    await writeFile(file, JSON.stringify(ports));
    return ports;
  }
  const ports: unknown = JSON.parse(text);
  if (
    Array.isArray(ports) &&
    ports.length === voters &&
    ports.every((port): port is number => Number.isSafeInteger(port))
  ) {
    return ports;
  }
  throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `${file}: expected ${voters} ports`);
}

/** Below the range that systems hand out to outgoing connections, so that a killed member's port stays free. */
const firstPort = 15_000;
const lastPort = 32_000;

/** Ports nobody listens on now, all different. */
async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(firstPort, lastPort);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
