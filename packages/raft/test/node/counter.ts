import { restoreAtOnce } from "../../src/index.ts";
import type { Command, Restoring, Snapshot, StateMachine } from "../../src/index.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** No text begins with it. */
export const notAccepted = 0xff;

/** Adds numbers and remembers every command it was given. */
export class Counter implements StateMachine {
  total = 0;
  applied: string[] = [];

  accepts(payload: Uint8Array): boolean {
    return payload[0] !== notAccepted;
  }

  apply({ payload }: Command): number {
    const text = decoder.decode(payload);
    this.applied.push(text);
    this.total += Number(text);
    return this.total;
  }

  snapshot(): Snapshot {
    const bytes = encoder.encode(JSON.stringify(this.applied));
    return {
      *chunks(): Iterable<Uint8Array> {
        for (let offset = 0; offset < bytes.length; offset += 100) yield bytes.slice(offset, offset + 100);
      },
    };
  }

  beginRestore(): Restoring {
    return restoreAtOnce((bytes) => {
      this.applied = JSON.parse(decoder.decode(bytes)) as string[];
      this.total = this.applied.reduce((sum, text) => sum + Number(text), 0);
    });
  }
}

export function add(value: number): Uint8Array {
  return encoder.encode(String(value));
}
