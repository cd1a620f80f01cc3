import type { Candidate, Picker } from "./api.ts";
import { hashOf } from "./hash.ts";

/**
 * Every instance draws a number for the key, and the highest has it: when one comes or goes, only the keys move that it
 * gets or had (rendezvous hashing, Thaler and Ravishankar; with weights, Schindelhauer and Schomaker).
 */
export function consistentHash(): Picker {
  return (candidates, key) => {
    const score = ({ instance }: Candidate): number =>
      -instance.weight / Math.log(hashOf(`${instance.id}\u0000${key}`));
    return candidates.reduce((best, candidate) => (score(candidate) > score(best) ? candidate : best));
  };
}
