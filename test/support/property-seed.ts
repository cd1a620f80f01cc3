import fc from "fast-check";

// Whatever is drawn is drawn from the sources: what passes for a commit passes for it everywhere.
fc.configureGlobal({ seed: Number(process.env["FLOTILLA_SEED"]) });
