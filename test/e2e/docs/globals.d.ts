// What code blocks of the documentation take from the app around them.
declare function report(run: { epoch: number; signal: AbortSignal }): Promise<void>;
declare const balancer: { update(instances: readonly import("@flotilla/coord").Instance[]): void };
declare const node: import("@flotilla/coord").CoordNode;
