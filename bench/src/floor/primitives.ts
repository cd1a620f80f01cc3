import { fdatasync, openSync, write, closeSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { standardValue as value } from "../clients/client.ts";
import { Histogram } from "../load/histogram.ts";
import { freePorts } from "../systems/free-ports.ts";
import type { Launch } from "../systems/launch.ts";
import { eventually } from "../systems/prepare.ts";

/** What nothing on this machine can be faster than. */
export interface Primitive {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

const echo = fileURLToPath(new URL("echo-main.js", import.meta.url));
const warmUpMs = 200;

/** Repeats one step after the other for a while; what comes in the first moments does not count. */
async function repeat(name: string, forMs: number, step: () => Promise<void>): Promise<Primitive> {
  const histogram = new Histogram();
  const from = performance.now() + warmUpMs;
  let begun = performance.now();
  while (begun < from + forMs) {
    await step();
    const now = performance.now();
    if (begun >= from) histogram.record(now - begun);
    begun = now;
  }
  const [p50Ms, p99Ms, p999Ms] = [0.5, 0.99, 0.999].map((q) => histogram.quantileMs(q));
  const perSecond = (histogram.count * 1000) / (begun - from);
  return {
    name,
    perSecond,
    p50Ms: p50Ms ?? 0,
    p99Ms: p99Ms ?? 0,
    p999Ms: p999Ms ?? 0,
    maxMs: histogram.maxMs,
  };
}

/** Appends 256 bytes to a file in `folder` and syncs it, over and over. */
export async function measureSync(folder: string, forMs: number): Promise<Primitive> {
  const fd = openSync(join(folder, "sync"), "a");
  const step = (): Promise<void> =>
    new Promise((done, failed) => {
      write(fd, value, (failure) => {
        if (failure !== null) return failed(failure);
        return fdatasync(fd, (error) => (error === null ? done() : failed(error)));
      });
    });
  try {
    return await repeat("append 256 B and fdatasync", forMs, step);
  } finally {
    closeSync(fd);
  }
}

/** Sends 256 bytes to another process over loopback and has them back, over and over. */
export async function measureLoopback(launch: Launch, forMs: number): Promise<Primitive> {
  const [port = 0] = await freePorts(1);
  const other = launch.node([echo, String(port)], { pin: "servers", logFile: null });
  const socket = await eventually(
    () =>
      new Promise<ReturnType<typeof connect>>((done, failed) => {
        const dialled = connect(port, "127.0.0.1", () => done(dialled));
        dialled.once("error", failed);
      }),
  );
  socket.setNoDelay(true);
  let missing = 0;
  let answered: (() => void) | null = null;
  socket.on("data", (chunk: Buffer) => {
    missing -= chunk.length;
    if (missing === 0) answered?.();
  });
  const step = (): Promise<void> =>
    new Promise((done) => {
      missing = value.length;
      answered = done;
      socket.write(value);
    });
  const result = await repeat("loopback round trip of 256 B", forMs, step);
  socket.destroy();
  await other.stop();
  return result;
}
