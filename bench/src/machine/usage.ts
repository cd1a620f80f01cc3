import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second, whatever its own timer does. */
const tickMs = 10;
const pageBytes = 4096;

/** What one process has used. */
export interface ProcessUsage {
  /** All its threads. */
  readonly cpuMs: number;
  /** Its main thread alone. */
  readonly mainMs: number;
  readonly rssBytes: number;
}

const nothing: ProcessUsage = { cpuMs: 0, mainMs: 0, rssBytes: 0 };

/** What the whole machine has used since it started, all cores together. */
export interface MachineUsage {
  readonly totalMs: number;
  /** In processes, ours or others'; interrupts are in none of them. */
  readonly processesMs: number;
  /** Taken by the hypervisor for somebody else. */
  readonly stealMs: number;
}

/** CPU of a process, and of its main thread alone. */
export type ThreadUsage = Pick<ProcessUsage, "cpuMs" | "mainMs">;

/** Process by process: the servers in the order they were named, and the load. */
export interface Threads {
  readonly servers: readonly ThreadUsage[];
  readonly load: ThreadUsage;
}

/** Several processes and the machine at one moment. */
export interface Usage {
  readonly loadMs: number;
  readonly serversMs: number;
  /** Other servers of this run, which should be idle. */
  readonly idleMs: number;
  readonly serverRssBytes: number;
  readonly loadRssBytes: number;
  readonly threads: Threads;
  readonly machine: MachineUsage;
}

/** Whose usage is told apart. */
export interface Watched {
  readonly servers: readonly number[];
  readonly idle: readonly number[];
}

/** Reads `/proc/PID/stat`, or that of a thread. @throws RangeError when the text is neither */
export function parseProcessStat(text: string): Omit<ProcessUsage, "mainMs"> {
  // The name in parentheses may hold anything, also spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user, system, pages] = [Number(fields[11]), Number(fields[12]), Number(fields[21])];
  if (!Number.isFinite(user + system + pages)) throw new RangeError("unreadable process statistics");
  return { cpuMs: (user + system) * tickMs, rssBytes: pages * pageBytes };
}

/** @throws RangeError when the text is no `/proc/stat` */
export function parseMachineStat(text: string): MachineUsage {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = Number.NaN] =
    text
      .slice(0, text.indexOf("\n"))
      .split(/\s+/)
      .slice(1)
      .map((field) => Number(field) * tickMs);
  if (!Number.isFinite(steal)) throw new RangeError("unreadable machine statistics");
  const processesMs = user + nice + system;
  return { totalMs: processesMs + idle + iowait + irq + softirq + steal, processesMs, stealMs: steal };
}

/** Reads what a process has used so far. @throws Error when it is gone, or the system is no Linux */
function processUsage(pid: number): ProcessUsage {
  const whole = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const main = parseProcessStat(readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8"));
  return { ...whole, mainMs: main.cpuMs };
}

/** The most memory that a process has had. @throws Error when it is gone, RangeError when the text is something else */
export function peakRssBytes(pid: number): number {
  return parsePeakRss(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Reads `/proc/PID/status`. @throws RangeError when the text is something else */
export function parsePeakRss(text: string): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kilobytes === undefined) throw new RangeError("unreadable process status");
  return Number(kilobytes) * 1024;
}

/** Usage at this moment, this process being the load; as one of the servers it counts only there. */
export function readUsage({ servers, idle }: Watched): Usage {
  const load = servers.includes(process.pid) ? nothing : processUsage(process.pid);
  const used = servers.map(processUsage);
  return {
    loadMs: load.cpuMs,
    serversMs: sum(used.map(({ cpuMs }) => cpuMs)),
    idleMs: sum(idle.map((pid) => processUsage(pid).cpuMs)),
    serverRssBytes: sum(used.map(({ rssBytes }) => rssBytes)),
    loadRssBytes: load.rssBytes,
    threads: { servers: used, load },
    machine: parseMachineStat(readFileSync("/proc/stat", "utf8")),
  };
}

/** What a measured interval cost, and how much of the machine was not ours. */
export interface Spent {
  readonly loadMs: number;
  readonly serversMs: number;
  readonly serverRssBytes: number;
  readonly loadRssBytes: number;
  readonly threads: Threads;
  /** Share of all cores (0 … 1) taken by the hypervisor. */
  readonly stealShare: number;
  /** Share of all cores used by processes that have nothing to do with the run. */
  readonly otherShare: number;
}

/** The difference of two readings; memory as of the second. */
export function spent(from: Usage, to: Usage): Spent {
  const loadMs = to.loadMs - from.loadMs;
  const serversMs = to.serversMs - from.serversMs;
  const ours = loadMs + serversMs + to.idleMs - from.idleMs;
  const totalMs = Math.max(1, to.machine.totalMs - from.machine.totalMs);
  const processesMs = to.machine.processesMs - from.machine.processesMs;
  return {
    loadMs,
    serversMs,
    serverRssBytes: to.serverRssBytes,
    loadRssBytes: to.loadRssBytes,
    threads: {
      servers: to.threads.servers.map((each, k) => since(from.threads.servers[k] ?? nothing, each)),
      load: since(from.threads.load, to.threads.load),
    },
    stealShare: Math.max(0, to.machine.stealMs - from.machine.stealMs) / totalMs,
    otherShare: Math.max(0, processesMs - ours) / totalMs,
  };
}

function since(from: ThreadUsage, to: ThreadUsage): ThreadUsage {
  return { mainMs: to.mainMs - from.mainMs, cpuMs: to.cpuMs - from.cpuMs };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
