import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FlotillaError } from "@flotilla/runtime";
import { rmSync } from "node:fs";

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

/** Ports nobody listens on now, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function listenAnywhere(): Promise<ReturnType<typeof createServer>> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => done(server));
  });
}
