/** What to run real processes with so that a mutant shows itself: arguments of `npm run jepsen`. */
export interface Provocation {
  readonly id: string;
  readonly args: readonly string[];
  /** Runs, each with a seed of its own, until one notices. Default 3. */
  readonly attempts?: number;
}

/** A plan drawn from these kinds of faults, one after the other in quick succession. */
function plan(workload: string, faults: string, more: readonly string[] = []): readonly string[] {
  const pace = ["--seconds", "15", "--gap", "1200"];
  return ["--workload", workload, "--faults", faults, ...pace, ...more];
}

const busy = ["--lanes", "16"];

/** Mutants of the catalogue that real processes are asked about. */
export const provocations: readonly Provocation[] = [
  { id: "R23", args: plan("register", "isolate-leader,halves,one-way,flapping", busy) },
  // A leader that has been replaced and cannot know answers whoever asks it: readers, owners of leases.
  { id: "R32", args: plan("register", "half-open,isolate-and-pause", busy), attempts: 5 },
  { id: "S06", args: ["--suite", "power-loss", "--times", "20"], attempts: 1 },
  { id: "D04", args: ["--suite", "bit-rot", "--times", "60"], attempts: 1 },
  { id: "K09", args: plan("tree", "crash-leader") },
  { id: "K18", args: plan("register", "reset,client-cut", busy) },
  { id: "L06", args: plan("lease", "client-cut") },
  { id: "W04", args: plan("register", "reset,client-cut") },
  { id: "C01", args: plan("lock", "client-cut,delay,reset") },
  { id: "C04", args: plan("election", "client-cut") },
  {
    id: "R01",
    args: plan("register", "slow-disk,slow-disk,isolate-elected", [...busy, "--gap", "1500"]),
    attempts: 5,
  },
  { id: "L08", args: plan("lease", "half-open", ["--ttl", "10000", "--gap", "3000"]), attempts: 5 },
];
